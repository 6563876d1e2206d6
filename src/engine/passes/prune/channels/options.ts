// The options of `prune.channels` and what they come to: how small the model has to become, and by which criterion.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../../invalidOption';
import type { PassContext } from '../../pass';
import { choice, count, flag, layerPatterns, optionalChoice, optionalCount } from '../../optionTypes';
import { criterionNames } from '../criteria/names';
import { recoverSchema } from '../../recovery/recover';
import { type Measure, type SizeTarget, targetFrom, targetMeasures } from '../../targets';
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
  readonly target: SizeTarget;
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

function targetOf(options: ChannelsOptions): SizeTarget {
  const [first, second] = targetMeasures.filter((one) => options[one] !== undefined);
  if (first !== undefined && second !== undefined) throw refusal(second, 'problem.twoTargets', 'allowed.oneTarget', { first, second });
  return targetFrom(options, targetMeasures, channelsPassId) ?? { measure: 'macs', amount: DEFAULT_MACS, absolute: false };
}

export function refusal(path: string, problem: string, allowed: string, params: Readonly<Record<string, string | number>> = {}): Error {
  return invalidOption(channelsPassId, path, problem, allowed, params);
}
