// Elements of small known arrays, moved about: what Slice, Transpose and broadcasts need to carry values along.

import type { Dim } from '../model';
import { maxValueElements } from './tensorShape';

/** Row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/**
 * The array of shape `output` whose element at an index comes from `source` at
 * `offset + sum(index[axis] * steps[axis])`; undefined when it is too large to follow.
 */
export function strided(source: readonly Dim[], output: readonly number[], offset: number, steps: readonly number[]): readonly Dim[] | undefined {
  const count = output.reduce((product, dim) => product * dim, 1);
  if (count > maxValueElements) return undefined;
  return Array.from({ length: count }, (_, flat) => {
    let at = offset;
    let rest = flat;
    for (let axis = output.length - 1; axis >= 0; axis--) {
      const size = output[axis] ?? 1;
      at += (rest % size) * (steps[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    return source[at] ?? null;
  });
}
