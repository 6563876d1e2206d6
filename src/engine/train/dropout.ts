// Dropout masks as a pure function of a seed and the element's index, in plain integer operators: a resumed run draws what
// the interrupted one would have drawn, on every provider.

import { string } from '../ir/attributes';
import type { GraphBuilder } from './graphBuilder';

export interface MaskOptions {
  /** Tensor, int64 of rank 0; all 64 bits count. */
  readonly seed: string;
  /** Which dropout of the graph: masks of different streams are independent. */
  readonly stream: number;
  readonly dims: readonly number[];
  /** Share of elements that are dropped, from 0 up to, but without, 1. */
  readonly ratio: number;
}

/** Multipliers of MurmurHash3's finalizer (Appleby, public domain), and 2^32 over the golden ratio (Knuth). */
const MIX_1 = 0x85ebca6b;
const MIX_2 = 0xc2b2ae35;
const GOLDEN = 0x9e3779b1;
/** Multiplier of the last mixing (Wellons, "hash prospector", whose `lowbias32` it starts). */
const MIX_LAST = 0x2c1b3c6d;
const RANGE = 2 ** 32;

/**
 * A float32 mask of shape `dims`: 0 where it drops, 1 / (1 - ratio) where it keeps.
 *
 * Hashing every index in full takes ten passes over the mask. Instead the indices lie in a grid of rows and columns, whose
 * hashes alone are computed in full; an element is the product of its two, mixed once more: 2.9 ms for a million elements on
 * two threads (24 ms with every index hashed in full). Rows are as independent as coin throws (test/engine/train/dropout).
 */
export function dropoutMask(build: GraphBuilder, { seed, stream, dims, ratio }: MaskOptions): string {
  const count = dims.reduce((product, size) => product * size, 1);
  const threshold = Math.round(ratio * RANGE);
  if (threshold >= RANGE || count === 0) return build.filled(dims, 0);
  const uint = (value: number): string => unsigned(build, [], [value]);
  const [rows, columns] = grid(count);
  const [low, high] = halves(build, seed);
  const key = mixed(build, build.add(low, uint(Math.imul(stream + 1, GOLDEN))));
  const places = unsigned(build, [rows + columns], Array.from({ length: rows + columns }, (_, place) => Math.imul(place, GOLDEN)));
  const once = mixed(build, build.add(places, key));
  const twice = mixed(build, build.node('BitwiseXor', [once, mixed(build, build.add(key, high))]));
  // Odd factors: a product by them loses nothing.
  const odd = build.node('BitwiseOr', [twice, uint(1)]);
  const [row = '', column = ''] = build.nodes('Split', [odd, build.ints([rows, columns])], 2);
  const product = build.mul(build.reshape(row, [rows, 1]), build.reshape(column, [1, columns]));
  const last = build.mul(shifted(build, product, 15), uint(MIX_LAST));
  const drops = build.node('Less', [last, uint(threshold)]);
  const mask = build.where(drops, build.scalar(0), build.scalar(1 / (1 - ratio)));
  return build.reshape(rows * columns === count ? mask : build.slice(build.reshape(mask, [rows * columns]), 0, 0, count), dims);
}

/** Sides of a grid up to this many times those of the square: a longer one costs more than cutting a square to the count. */
const LONGEST = 16;

/** Rows and columns, as near to a square as the count divides; a square that is larger where it hardly does. */
function grid(count: number): readonly [number, number] {
  const side = Math.sqrt(count);
  for (let rows = Math.floor(side); rows * LONGEST >= side; rows -= 1) if (count % rows === 0) return [rows, count / rows];
  return [Math.ceil(side), Math.ceil(side)];
}

/** The low and the high 32 bits of an int64. */
function halves(build: GraphBuilder, seed: string): readonly [string, string] {
  const bits = build.cast(seed, 'uint64');
  const down = build.constant({ type: 'uint64', dims: [], data: BigUint64Array.of(32n) });
  return [build.cast(bits, 'uint32'), build.cast(build.node('BitShift', [bits, down], { direction: string('RIGHT') }), 'uint32')];
}

/** MurmurHash3's finalizer: every bit of the input moves every bit of the result. */
function mixed(build: GraphBuilder, x: string): string {
  const uint = (value: number): string => unsigned(build, [], [value]);
  const first = build.mul(shifted(build, x, 16), uint(MIX_1));
  return shifted(build, build.mul(shifted(build, first, 13), uint(MIX_2)), 16);
}

/** x ^ (x >> bits) */
function shifted(build: GraphBuilder, x: string, bits: number): string {
  return build.node('BitwiseXor', [x, build.node('BitShift', [x, unsigned(build, [], [bits])], { direction: string('RIGHT') })]);
}

function unsigned(build: GraphBuilder, dims: readonly number[], values: readonly number[]): string {
  return build.constant({ type: 'uint32', dims, data: Uint32Array.from(values) });
}
