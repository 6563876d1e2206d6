// The options of `prune.channels` and what they come to: how small the model has to become, and by which criterion.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../../invalidOption';
import type { PassContext } from '../../pass';
import { choice, count, flag, layerPatterns, optionalChoice, optionalCount } from '../../optionTypes';
import { criterionNames } from '../criteria/names';
import { recoverSchema } from '../../recovery/recover';
import { type Measure, type PruningTarget, targetMeasures } from '../selection/target';
import { type SlimOptions, slimSchema } from '../slim/options';
import { type UnitSettings, unitSettings } from '../unitSettings';

export const channelsPassId = 'prune.channels';

/** What is kept where no target is given. */
const DEFAULT_MACS = 0.5;

/** One of them is the target (channelsSettings refuses two). Below 1 the fraction kept, else a number. */
const asTarget = { alternative: 'target', examples: [DEFAULT_MACS] };
const target = Type.Optional(Type.Number({ exclusiveMinimum: 0, ...asTarget }));
/** Or a number with a unit. */
const measured = Type.Optional(Type.Unsafe<number | string>({ anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string', minLength: 1 }], ...asTarget }));

export const channelsOptions = Type.Object({
  macs: target,
  parameters: target,
  bytes: measured,
  latency: measured,
  criterion: optionalChoice(criterionNames),
  scope: choice(['global', 'uniform', 'latency']),
  samples: count(256, { advanced: true }),
  ignore: layerPatterns(),
  grain: optionalCount({ advanced: true }),
  minimum: count(1, { advanced: true }),
  steps: count(1),
  recover: recoverSchema,
  refit: flag(true),
  slim: slimSchema,
});

export type ChannelsOptions = Static<typeof channelsOptions>;

export interface ChannelsSettings extends UnitSettings {
  readonly target: PruningTarget;
  readonly scope: 'global' | 'uniform' | 'latency';
  readonly slim: { readonly options: SlimOptions; readonly measure: Measure } | undefined;
}

/** @throws EngineError `invalidOption` for two targets, and for bytes and times that are none. */
export function channelsSettings(options: ChannelsOptions, context: Partial<Pick<PassContext, 'data' | 'target'>>): ChannelsSettings {
  const { scope, slim } = options;
  const target = targetOf(options);
  return {
    ...unitSettings(options, context), target, scope,
    // Milliseconds of units nobody has measured: MACs stand for them.
    slim: slim && { options: slim, measure: target.measure === 'latency' ? 'macs' : target.measure },
  };
}

function targetOf(options: ChannelsOptions): PruningTarget {
  const [measure = 'macs', second] = targetMeasures.filter((one) => options[one] !== undefined);
  if (second !== undefined) throw refusal(second, 'problem.twoTargets', 'allowed.oneTarget', { first: measure, second });
  const given = options[measure] ?? DEFAULT_MACS;
  if (typeof given === 'number') return { measure, amount: given, absolute: given >= 1 };
  return { measure, amount: measure === 'bytes' ? bytesOf(given) : msOf(given), absolute: true };
}

const units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 } as const;

/** `400kB`, `1.5 MiB`. */
function bytesOf(given: string): number {
  const [, digits, unit = 'b'] = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b)?\s*$/i.exec(given) ?? [];
  const factor = Object.entries(units).find(([name]) => name === unit.toLowerCase())?.[1];
  const size = Number(digits) * (factor ?? NaN);
  if (!(size >= 1)) throw refusal('bytes', 'problem.byteSize', 'allowed.byteSize', { found: JSON.stringify(given) });
  return size;
}

const durations = { us: 1e-3, ms: 1, s: 1e3 } as const;

/** `3.5ms`, `800 us`, in milliseconds. */
function msOf(given: string): number {
  const [, digits, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s)\s*$/i.exec(given) ?? [];
  const factor = Object.entries(durations).find(([name]) => name === unit.toLowerCase())?.[1];
  const time = Number(digits) * (factor ?? NaN);
  if (!(time > 0)) throw refusal('latency', 'problem.duration', 'allowed.duration', { found: JSON.stringify(given) });
  return time;
}

export function refusal(path: string, problem: string, allowed: string, params: Readonly<Record<string, string | number>> = {}): Error {
  return invalidOption(channelsPassId, path, problem, allowed, params);
}
