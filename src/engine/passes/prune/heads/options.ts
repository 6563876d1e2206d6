// The options of `prune.heads` and what they come to: how many heads and neurons stay, and by which criterion.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../../invalidOption';
import { choice, count, flag, layerPatterns, optionalChoice, optionalCount } from '../../optionTypes';
import type { PassContext } from '../../pass';
import { criterionNames } from '../criteria/names';
import { recoverSchema } from '../../recovery/recover';
import { type UnitSettings, unitSettings } from '../unitSettings';

export const headsPassId = 'prune.heads';

/** What the pass takes out, by the option that says how many stay. */
export const unitKinds = ['heads', 'neurons'] as const;
export type UnitKind = (typeof unitKinds)[number];

/** What is kept of both where neither is given. */
const DEFAULT_KEPT = 0.5;

const kept = Type.Optional(Type.Number({ exclusiveMinimum: 0, examples: [DEFAULT_KEPT] }));

export const headsOptions = Type.Object({
  heads: kept,
  neurons: kept,
  criterion: optionalChoice(criterionNames),
  scope: choice(['global', 'uniform']),
  samples: count(256),
  ignore: layerPatterns(),
  grain: optionalCount({ advanced: true }),
  minimum: count(1, { advanced: true }),
  steps: count(1),
  recover: recoverSchema,
  refit: flag(true),
});

export type HeadsOptions = Static<typeof headsOptions>;

/** `widths` are of neurons; of heads at least one stays. */
export interface HeadsSettings extends UnitSettings {
  /** Below 1 the fraction of all that stays, else the number that stays in every layer; kinds that are left alone are missing. */
  readonly kept: Readonly<Partial<Record<UnitKind, number>>>;
  /** Kinds that were asked for by name: that there are none is an error. */
  readonly named: readonly UnitKind[];
  readonly global: boolean;
}

/** @throws EngineError `invalidOption` for a number of heads or neurons that is not whole. */
export function headsSettings(options: HeadsOptions, context: Partial<Pick<PassContext, 'data' | 'target'>>): HeadsSettings {
  const named = unitKinds.filter((kind) => options[kind] !== undefined);
  for (const kind of named) {
    const given = options[kind] ?? 0;
    if (given >= 1 && !Number.isInteger(given)) throw refusal(kind, 'problem.notWhole', 'allowed.shareOrCount', { found: given });
  }
  const wanted = named.length > 0 ? named : unitKinds;
  return { ...unitSettings(options, context), kept: Object.fromEntries(wanted.map((kind) => [kind, options[kind] ?? DEFAULT_KEPT])), named, global: options.scope === 'global' };
}

export function refusal(path: UnitKind, problem: string, allowed: string, params: Readonly<Record<string, string | number>> = {}): Error {
  return invalidOption(headsPassId, path, problem, allowed, params);
}
