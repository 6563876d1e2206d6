// The options of `quantize.static` as written in a recipe, and the settings they come to for a model's target. Values that
// later versions bring are marked `notReady`; the recipe check refuses them by name, and so does `settingsOf`.

import { type Static, Type } from '@sinclair/typebox';
import { EngineError } from '../../error';
import { choice, count, flag, layerPatterns } from '../optionTypes';
import type { Target } from '../pass';
import { type IntegerRange, int8, uint8 } from './affine';
import type { ActivationCodes, RangeMethod } from './ranges';
import { weightRange } from './weights';

export const staticPassId = 'quantize.static';

export const staticOptions = Type.Object({
  effort: choice(['balanced', 'fast', 'best'], { default: 'fast', notReady: ['balanced', 'best'] }),
  calibration: choice(['mse', 'minmax', 'moving', 'percentile', 'entropy'], { notReady: ['moving', 'entropy'] }),
  percentile: Type.Number({ default: 99.99, minimum: 90, maximum: 100, advanced: true }),
  samples: count(256),
  format: choice(['qdq', 'qoperator'], { advanced: true }),
  weights: choice(['s8', 'u8'], { advanced: true }),
  activations: choice(['u8', 's8', 'u16', 's16'], { notReady: ['u16', 's16'], advanced: true }),
  perChannel: flag(true, { advanced: true }),
  ignore: layerPatterns(),
  bits: Type.Object({
    weights: choice([8, 4], { notReady: [4] }),
    activations: choice([8, 16], { notReady: [16] }),
  }, { default: { weights: 8, activations: 8 }, advanced: true }),
  reduceRange: Type.Unsafe<'auto' | boolean>({ enum: ['auto', true, false], default: 'auto', advanced: true }),
  equalize: flag(false, { notReady: [true], advanced: true }),
  smooth: flag(false, { notReady: [true], advanced: true }),
  rounding: choice(['adaround', 'nearest'], { default: 'nearest', notReady: ['adaround'], advanced: true }),
  calibrationData: choice(['real', 'synthetic'], { notReady: ['synthetic'], advanced: true }),
});

export type StaticOptions = Static<typeof staticOptions>;

/** What the options mean for one target. */
export interface StaticSettings {
  readonly method: RangeMethod;
  readonly samples: number;
  /** Pairs around float operators, or integer operators. */
  readonly format: StaticOptions['format'];
  readonly weights: IntegerRange;
  /** Weights use 7 of their 8 bits. */
  readonly reduced: boolean;
  readonly activations: ActivationCodes;
  readonly perChannel: boolean;
  readonly ignore: readonly string[];
}

/**
 * @throws EngineError `optionNotReady` for values of later versions, `invalidOption` for a pair no kernel has
 * (int8 activations with uint8 weights), and for integer operators on a provider that has none.
 */
export function settingsOf(options: StaticOptions, target: Target): StaticSettings {
  refuseNotReady(options);
  if (options.activations === 's8' && options.weights === 'u8') {
    throw new EngineError('invalidOption', { pass: staticPassId, path: 'weights', problem: 'problem.weightsU8', allowed: 's8' });
  }
  // QLinearConv and its kin are operators of the CPU provider.
  if (options.format === 'qoperator' && target.provider !== 'cpu') {
    throw new EngineError('invalidOption', { pass: staticPassId, path: 'format', problem: 'problem.qoperatorProvider', allowed: 'qdq' });
  }
  // Only u8 by s8 products saturate in 16 bits (checklist, ORT PR #12088).
  const saturates = !target.wideAccumulation && options.activations === 'u8' && options.weights === 's8';
  const reduced = options.reduceRange === 'auto' ? saturates : options.reduceRange;
  return {
    method: methodOf(options),
    samples: options.samples,
    format: options.format,
    weights: weightRange(options.weights === 's8' ? 'int8' : 'uint8', reduced),
    reduced,
    activations: {
      range: options.activations === 'u8' ? uint8 : int8,
      // GPUs and TensorRT want zero point 0; CPU kernels take any.
      symmetric: options.activations === 's8' && target.provider !== 'cpu',
    },
    perChannel: options.perChannel,
    ignore: options.ignore,
  };
}

function methodOf(options: StaticOptions): RangeMethod {
  if (options.calibration === 'percentile') return { kind: 'percentile', percentile: options.percentile };
  return { kind: options.calibration === 'minmax' ? 'minmax' : 'mse' };
}

interface Choosable {
  readonly enum?: readonly unknown[];
  readonly notReady?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Choosable>>;
}

function refuseNotReady(options: StaticOptions): void {
  const check = (path: string, value: unknown, schema: Choosable): void => {
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      check(path === '' ? name : `${path}.${name}`, (value as Record<string, unknown>)[name], inner);
    }
    if (schema.notReady?.includes(value) !== true) return;
    const values = schema.enum ?? [true, false];
    const allowed = values.filter((one) => schema.notReady?.includes(one) !== true).map(String).join(', ');
    throw new EngineError('optionNotReady', { pass: staticPassId, path, value: String(value), allowed });
  };
  check('', options, staticOptions as unknown as Choosable);
}
