// Random shapes and choices for properties of gradients, and the loop that runs them.

import fc from 'fast-check';
import { int64s } from '../../../../support/gradientCheck';
import type { NdArray } from '../../../../../src/engine/ports';

/** Opsets with different versions of these operators: the oldest that rules see and the newest of Decant. */
export const opset = fc.constantFrom(21, 25);
export const seed = fc.integer({ min: 1, max: 1_000_000 });
export const size = (max = 4, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

export const shape = (minRank: number, maxRank: number, max = 4): fc.Arbitrary<number[]> =>
  fc.array(size(max), { minLength: minRank, maxLength: maxRank });

/** A shape with an axis of it, counted from the front or the end. */
export const shapeWithAxis = (minRank = 1, maxRank = 4, max = 4): fc.Arbitrary<{ dims: number[]; axis: number; at: number }> =>
  shape(minRank, maxRank, max).chain((dims) => fc.integer({ min: -dims.length, max: dims.length - 1 })
    .map((axis) => ({ dims, axis, at: axis < 0 ? axis + dims.length : axis })));

/** Axes (without repeats) of a rank, each from the front or the end. */
export const axesOf = (rank: number, minLength = 1): fc.Arbitrary<number[]> =>
  fc.tuple(fc.shuffledSubarray([...Array(rank).keys()], { minLength }), fc.infiniteStream(fc.boolean()))
    .map(([axes, signs]) => axes.map((axis) => (signs.next().value === true ? axis - rank : axis)));

/** Indices into an axis of `length`, repeats and negative ones included. */
export const indices = (dims: readonly number[], length: number): fc.Arbitrary<NdArray> => {
  const count = dims.reduce((total, dim) => total * dim, 1);
  return fc.array(fc.integer({ min: -length, max: length - 1 }), { minLength: count, maxLength: count }).map((data) => int64s(dims, data));
};

export const vector = (values: readonly number[]): NdArray => int64s([values.length], values);

/** `dims` with some axes set to 1. */
export const withOnes = (dims: readonly number[]): fc.Arbitrary<number[]> =>
  fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }).map((ones) => dims.map((dim, axis) => (ones[axis] === true ? 1 : dim)));

/** Shapes that broadcast to `dims`: leading axes dropped, others set to 1. */
export const broadcastable = (dims: readonly number[]): fc.Arbitrary<number[]> =>
  fc.tuple(fc.integer({ min: 0, max: dims.length }), withOnes(dims)).map(([from, ones]) => ones.slice(from));

/** Random cases of one operator, twenty if not told. */
export async function holds<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>, numRuns = 20): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, check), { numRuns });
}
