// Random shapes for the checks of gradient rules, small because references are slow.

import fc from 'fast-check';
import type { NdArray } from '../../src/engine/ports';

/** Rank 0 to `rank`, dimensions of 1 to 4. */
export const shapeArbitrary = (maxRank = 3, minRank = 0): fc.Arbitrary<number[]> => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: minRank, maxLength: maxRank });

export const seedArbitrary = fc.integer({ min: 1, max: 1e6 });

export interface Broadcast {
  readonly shape: readonly number[];
  /** Shapes that broadcast to `shape`; together they reach it. */
  readonly inputs: readonly (readonly number[])[];
}

/** `count` shapes that broadcast with each other as numpy has it. */
export const broadcastArbitrary = (count: number, maxRank = 3): fc.Arbitrary<Broadcast> => shapeArbitrary(maxRank).chain((shape) => fc.record({
  shape: fc.constant(shape),
  full: fc.integer({ min: 0, max: count - 1 }),
  parts: fc.array(fc.record({ drop: fc.integer({ min: 0, max: shape.length }), ones: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }) }), { minLength: count, maxLength: count }),
}).map(({ full, parts }) => ({
  shape,
  inputs: parts.map(({ drop, ones }, position) => (position === full ? shape : shape.map((size, axis) => (ones[axis] === true ? 1 : size)).slice(drop))),
})));

/** The same values changed one by one, in float32. */
export const changed = (array: NdArray, change: (value: number) => number): NdArray => ({ ...array, data: Float32Array.from(array.data as Float32Array, change) });
