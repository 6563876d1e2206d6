// The options of `prune.weights` and what they come to: which method, and how many zeros where.

import { type Static, Type } from '@sinclair/typebox';
import { EngineError } from '../../../error';
import { choice, count, flag, layerPatterns, optionalChoice } from '../../optionTypes';

export const weightsPassId = 'prune.weights';

const methods = ['wanda', 'magnitude', 'sparsegpt'] as const;

export type WeightMethod = (typeof methods)[number];

/** Share of zeros where neither `sparsity` nor `pattern` is given. */
const DEFAULT_SPARSITY = 0.5;
/** Longest group of a pattern; hardware knows 4, papers go to 16. */
const LONGEST_GROUP = 64;

export const weightsOptions = Type.Object({
  sparsity: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, alternative: 'zeros', examples: [DEFAULT_SPARSITY] })),
  pattern: Type.Optional(Type.String({ minLength: 1, alternative: 'zeros', examples: ['2:4'] })),
  method: optionalChoice(methods),
  samples: count(128),
  scope: choice(['layer', 'global'], { advanced: true }),
  everyLayer: flag(false, { advanced: true }),
  ignore: layerPatterns(),
});

export type WeightsOptions = Static<typeof weightsOptions>;

/** How many weights become zero: a share of a layer (of all layers with `scope: global`), or `zeros` of every `group` neighbours. */
export type Zeros =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'pattern'; readonly zeros: number; readonly group: number };

export interface WeightsSettings {
  readonly zeros: Zeros;
  readonly method: WeightMethod;
  readonly samples: number;
  readonly global: boolean;
  /** Also the first and depthwise convolutions. */
  readonly everyLayer: boolean;
  readonly ignore: readonly string[];
}

/**
 * Without data the method is magnitude, unless another is asked for by name.
 *
 * @throws EngineError `invalidOption` for a pattern that is none, and for options that contradict each other.
 */
export function settingsOf({ sparsity, pattern, method, samples, scope, everyLayer, ignore }: WeightsOptions, hasData: boolean): WeightsSettings {
  if (sparsity !== undefined && pattern !== undefined) throw refusal('pattern', 'problem.sparsityAndPattern', 'allowed.oneOfBoth');
  const chosen = method ?? (hasData && scope === 'layer' ? 'wanda' : 'magnitude');
  if (scope === 'global' && chosen !== 'magnitude') throw refusal('scope', 'problem.globalMethod', 'layer');
  if (scope === 'global' && pattern !== undefined) throw refusal('scope', 'problem.globalPattern', 'layer');
  return {
    zeros: pattern === undefined ? { kind: 'share', share: sparsity ?? DEFAULT_SPARSITY } : parsePattern(pattern),
    method: chosen, samples, global: scope === 'global', everyLayer, ignore,
  };
}

/** `N:M`: N zeros in every M neighbours. */
function parsePattern(text: string): Zeros {
  const [, zeros, group] = (/^(\d{1,3}):(\d{1,3})$/.exec(text) ?? []).map(Number);
  if (zeros === undefined || group === undefined || zeros < 1 || zeros >= group || group > LONGEST_GROUP) {
    throw refusal('pattern', 'problem.pattern', 'allowed.pattern', { found: JSON.stringify(text), longest: LONGEST_GROUP });
  }
  return { kind: 'pattern', zeros, group };
}

function refusal(path: string, problem: string, allowed: string, params: Readonly<Record<string, string | number>> = {}): EngineError {
  return new EngineError('invalidOption', { pass: weightsPassId, path, problem, allowed, ...params });
}
