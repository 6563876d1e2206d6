// The options of `prune.channels` and what they come to: how small the model has to become, and by which criterion.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../../invalidOption';
import { choice, count, flag, layerPatterns, optionalChoice, planned } from '../../optionTypes';
import { criterionNames, type CriterionName } from '../criteria/names';
import { recoverSchema, type RecoverOptions } from '../recovery/recover';
import { measures, type PruningTarget } from '../selection/target';

export const channelsPassId = 'prune.channels';

/** What is kept where no target is given. */
const DEFAULT_MACS = 0.5;
/** Kernels of CPUs and GPUs work on blocks of 8 and 16 channels (methods.md, Pruning). */
const DEFAULT_GRAIN = 8;

/** One of them is the target (settingsOf refuses two). Below 1 the fraction kept, else a number. */
const asTarget = { alternative: 'target', examples: [DEFAULT_MACS] };
const target = Type.Optional(Type.Number({ exclusiveMinimum: 0, ...asTarget }));

export const channelsOptions = Type.Object({
  macs: target,
  parameters: target,
  bytes: Type.Optional(Type.Unsafe<number | string>({ anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string', minLength: 1 }], ...asTarget })),
  criterion: optionalChoice(criterionNames),
  scope: choice(['global', 'uniform', 'latency'], { notReady: ['latency'] }),
  samples: count(256),
  ignore: layerPatterns(),
  grain: count(DEFAULT_GRAIN, { advanced: true }),
  minimum: count(1, { advanced: true }),
  steps: count(1),
  recover: recoverSchema,
  latency: planned(),
  refit: flag(true),
  slim: planned(),
});

export type ChannelsOptions = Static<typeof channelsOptions>;

export interface ChannelsSettings {
  readonly target: PruningTarget;
  readonly criterion: CriterionName;
  readonly global: boolean;
  readonly samples: number;
  readonly ignore: readonly string[];
  /** Widths are multiples of it, or what they were. */
  readonly grain: number;
  /** Smallest width. */
  readonly minimum: number;
  readonly rounds: number;
  readonly refit: boolean;
  readonly recover: RecoverOptions | undefined;
}

/**
 * Without data the criterion is l2, unless another is asked for by name.
 *
 * @throws EngineError `invalidOption` for two targets, and for bytes that are no size.
 */
export function settingsOf(options: ChannelsOptions, hasData: boolean): ChannelsSettings {
  const { criterion, scope, samples, ignore, grain, minimum, steps, refit, recover } = options;
  const [first = 'macs', second] = measures.filter((measure) => options[measure] !== undefined);
  if (second !== undefined) throw refusal(second, 'problem.twoTargets', 'allowed.oneTarget', { first, second });
  const amount = first === 'bytes' ? bytesOf(options.bytes ?? 1) : options[first] ?? DEFAULT_MACS;
  return {
    target: { measure: first, amount }, criterion: criterion ?? (hasData ? 'taylor' : 'l2'), global: scope === 'global',
    samples, ignore, grain, minimum, rounds: steps, refit, recover,
  };
}

const units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 } as const;

/** `400kB`, `1.5 MiB`; a plain number is what it is. */
function bytesOf(given: number | string): number {
  if (typeof given === 'number') return given;
  const [, digits, unit = 'b'] = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b)?\s*$/i.exec(given) ?? [];
  const factor = Object.entries(units).find(([name]) => name === unit.toLowerCase())?.[1];
  const size = Number(digits) * (factor ?? NaN);
  if (!(size >= 1)) throw refusal('bytes', 'problem.byteSize', 'allowed.byteSize', { found: JSON.stringify(given) });
  return size;
}

export function refusal(path: string, problem: string, allowed: string, params: Readonly<Record<string, string | number>> = {}): Error {
  return invalidOption(channelsPassId, path, problem, allowed, params);
}
