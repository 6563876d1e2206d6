// Symmetric quantization of constant weights, for the whole tensor or for each channel of one axis. Works on values;
// which tensors and which axis is decided by the passes.

import type { NdArray } from '../../ports';
import { elementCount } from '../../ir/model';
import { type Affine, type IntegerRange, int7Weights, int8Weights, quantize, symmetric, uint7Weights, uint8Weights } from './affine';

export interface QuantizedWeight {
  /** Same dims as the weight; int8 or uint8. */
  readonly codes: NdArray;
  /** One scale, or one a channel of `axis`. */
  readonly scales: Float32Array;
  /** The same for all channels: 0 for int8, 128 for uint8. */
  readonly zeroPoint: number;
  /** Never negative; absent for one scale. */
  readonly axis?: number;
}

export function weightRange(type: 'int8' | 'uint8', reduced: boolean): IntegerRange {
  if (type === 'int8') return reduced ? int7Weights : int8Weights;
  return reduced ? uint7Weights : uint8Weights;
}

/**
 * Quantizes float32 `values`. `axis` (negative counts from the end) gives one scale a channel; `minimumScales`, one a
 * channel, are lower bounds that bias quantization asks for (bias.ts).
 */
export function quantizeWeight(
  weight: NdArray,
  range: IntegerRange,
  axis?: number,
  minimumScales?: Float32Array,
): QuantizedWeight {
  const values = weight.data as Float32Array;
  const layout = channelLayout(weight.dims, axis);
  const maps = channelMaxima(values, layout).map((bound, channel): Affine => {
    const map = symmetric(bound, range);
    const least = minimumScales?.[channel] ?? 0;
    return least > map.scale ? { ...map, scale: Math.fround(least) } : map;
  });
  const codes = range.type === 'int8' ? new Int8Array(values.length) : new Uint8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    codes[index] = quantize(values[index] as number, maps[channelOf(index, layout)] as Affine);
  }
  return {
    codes: { type: range.type, dims: weight.dims, data: codes },
    scales: Float32Array.from(maps, (map) => map.scale),
    zeroPoint: range.zeroPoint,
    ...(axis === undefined ? {} : { axis: layout.axis }),
  };
}

interface ChannelLayout {
  readonly axis: number;
  readonly channels: number;
  /** Elements between two neighbours along the axis. */
  readonly stride: number;
}

function channelLayout(dims: readonly number[], axis: number | undefined): ChannelLayout {
  if (axis === undefined) return { axis: 0, channels: 1, stride: Math.max(1, elementCount(dims)) };
  const positive = axis < 0 ? axis + dims.length : axis;
  return { axis: positive, channels: dims[positive] ?? 1, stride: elementCount(dims.slice(positive + 1)) };
}

function channelOf(index: number, layout: ChannelLayout): number {
  return Math.floor(index / layout.stride) % layout.channels;
}

/** Largest finite magnitude of each channel. */
function channelMaxima(values: Float32Array, layout: ChannelLayout): number[] {
  const maxima = new Array<number>(layout.channels).fill(0);
  for (let index = 0; index < values.length; index++) {
    const magnitude = Math.abs(values[index] as number);
    const channel = channelOf(index, layout);
    if (magnitude > (maxima[channel] as number) && magnitude < Infinity) maxima[channel] = magnitude;
  }
  return maxima;
}
