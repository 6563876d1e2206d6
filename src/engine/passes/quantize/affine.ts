// The affine map of 8-bit quantization, q = clamp(round(x / scale) + zeroPoint), and how its scale and zero point follow
// from a real range (Jacob 2018; ONNX QuantizeLinear). Plain numbers; tensors are quantized in weights.ts and bias.ts.

import type { DataType } from '../../ir/dataTypes';

/** Integers a quantized tensor may hold. `zeroPoint` is where real 0 lies when the map is symmetric. */
export interface IntegerRange {
  readonly type: Extract<DataType, 'uint8' | 'int8' | 'int32'>;
  readonly low: number;
  readonly high: number;
  readonly zeroPoint: number;
}

/** Activations: every code of the type is used. */
export const uint8: IntegerRange = { type: 'uint8', low: 0, high: 255, zeroPoint: 128 };
export const int8: IntegerRange = { type: 'int8', low: -128, high: 127, zeroPoint: 0 };

/** Weights: narrow, so that the range is the same on both sides of zero and -q exists for every q. */
export const int8Weights: IntegerRange = { type: 'int8', low: -127, high: 127, zeroPoint: 0 };
export const uint8Weights: IntegerRange = { type: 'uint8', low: 1, high: 255, zeroPoint: 128 };

/**
 * 7-bit weights for x64 CPUs without VNNI: VPMADDUBSW adds two u8 by s8 products in 16 bits, and
 * 2 * 255 * 64 = 32640 still fits (ORT `reduce_range`).
 */
export const int7Weights: IntegerRange = { type: 'int8', low: -64, high: 64, zeroPoint: 0 };
export const uint7Weights: IntegerRange = { type: 'uint8', low: 64, high: 192, zeroPoint: 128 };

/** Scale (a float32 value) and zero point (within `range`) of one tensor or channel. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly range: IntegerRange;
}

/**
 * Smallest real range that is given codes of its own. A constant tensor, or one that is all zero, would otherwise get
 * scale 0; below this the product with a weight scale nears float32's subnormals.
 */
export const minimumRealRange = 1e-5;

/** Rounds to the nearest integer, ties to even, as QuantizeLinear does. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The map of [low, high], stretched to hold 0, onto all codes; real 0 is exactly `zeroPoint`. */
export function asymmetric(low: number, high: number, range: IntegerRange): Affine {
  const bottom = Math.min(low, 0);
  const top = Math.max(high, 0, bottom + minimumRealRange);
  const scale = Math.fround((top - bottom) / (range.high - range.low));
  const zeroPoint = clampCode(roundHalfEven(range.low - bottom / scale), range);
  return { scale, zeroPoint, range };
}

/** The map of [-bound, bound] with real 0 at the middle code. */
export function symmetric(bound: number, range: IntegerRange): Affine {
  const top = Math.max(Math.abs(bound), minimumRealRange / 2);
  return { scale: Math.fround(top / (range.high - range.zeroPoint)), zeroPoint: range.zeroPoint, range };
}

/** The code of `value`; NaN becomes the zero point. */
export function quantize(value: number, affine: Affine): number {
  if (Number.isNaN(value)) return affine.zeroPoint;
  return clampCode(roundHalfEven(Math.fround(value / affine.scale)) + affine.zeroPoint, affine.range);
}

export function dequantize(code: number, affine: Affine): number {
  return Math.fround((code - affine.zeroPoint) * affine.scale);
}

/** The real values that the lowest and highest code stand for. */
export function realRange(affine: Affine): { readonly low: number; readonly high: number } {
  return { low: dequantize(affine.range.low, affine), high: dequantize(affine.range.high, affine) };
}

function clampCode(code: number, range: IntegerRange): number {
  return Math.min(range.high, Math.max(range.low, code));
}
