// Batches cut into parts and put together again, along the first dimension: microbatches, and models that take a fixed
// number of samples.

import { elementCount } from '../ir/model';
import type { NdArray, TypedArray } from '../ports';

/** The share `from` to `to` (0 to 1) of the first dimension, without copying. */
export function rows(array: NdArray, from: number, to: number): NdArray {
  if (from === 0 && to === 1) return array;
  const [first = 1, ...rest] = array.dims;
  const [start, end] = [Math.round(first * from), Math.round(first * to)];
  const width = elementCount(rest);
  const data = Array.isArray(array.data) ? array.data.slice(start * width, end * width) : (array.data as TypedArray).subarray(start * width, end * width);
  return { type: array.type, dims: [end - start, ...rest], data };
}

/** Numeric arrays of the same names, laid end to end along their first dimension; types are those of the first part. */
export function joinedRows(parts: readonly Readonly<Record<string, NdArray>>[]): Record<string, NdArray> {
  const [first = {}, ...others] = parts;
  if (others.length === 0) return { ...first };
  return Object.fromEntries(Object.entries(first).map(([name, { type, dims, data }]): [string, NdArray] => {
    const arrays = parts.map((part) => part[name]?.data as Float32Array);
    const whole = new (data.constructor as Float32ArrayConstructor)(arrays.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const array of arrays) {
      whole.set(array, offset);
      offset += array.length;
    }
    const count = parts.reduce((sum, part) => sum + (part[name]?.dims[0] ?? 1), 0);
    return [name, { type, dims: [count, ...dims.slice(1)], data: whole }];
  }));
}
