// Elementwise operators in float64, with numpy broadcasting.

import type { Reference } from '../../../../support/gradientCheck';
import { erf } from './functions';
import { at, indices, offset } from './tensors';

/** `fold` of the elements that meet, over inputs of `shapes` broadcast to `shape`. */
export const broadcastReference = (shape: readonly number[], shapes: readonly (readonly number[])[], fold: (...values: number[]) => number): Reference => (inputs) =>
  [Float64Array.from(indices(shape), (index) => fold(...shapes.map((own, position) => at(inputs[position] as Float64Array, offset(index, own)))))];

export const unaryReference = (map: (value: number) => number): Reference => ([x]) => [(x as Float64Array).map((value) => map(value))];

interface UnaryCase {
  readonly map: (x: number) => number;
  /** Where it is smooth and not too steep for float32. */
  readonly domain: readonly [low: number, high: number];
}

export const unaryCases: Readonly<Record<string, UnaryCase>> = {
  Acos: { map: Math.acos, domain: [-0.9, 0.9] },
  Acosh: { map: Math.acosh, domain: [1.2, 4] },
  Asin: { map: Math.asin, domain: [-0.9, 0.9] },
  Asinh: { map: Math.asinh, domain: [-3, 3] },
  Atan: { map: Math.atan, domain: [-3, 3] },
  Atanh: { map: Math.atanh, domain: [-0.9, 0.9] },
  Cos: { map: Math.cos, domain: [-4, 4] },
  Cosh: { map: Math.cosh, domain: [-2, 2] },
  Erf: { map: erf, domain: [-2, 2] },
  Exp: { map: Math.exp, domain: [-3, 2] },
  Log: { map: Math.log, domain: [0.3, 4] },
  Reciprocal: { map: (x) => 1 / x, domain: [0.4, 3] },
  Sin: { map: Math.sin, domain: [-4, 4] },
  Sinh: { map: Math.sinh, domain: [-2, 2] },
  Sqrt: { map: Math.sqrt, domain: [0.2, 4] },
  Tan: { map: Math.tan, domain: [-1.2, 1.2] },
};
