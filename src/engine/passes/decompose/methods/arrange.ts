// Kernels as matrices and back: permutations of axes. No products.

import type { Matrix } from '../../../linalg/matrix';
import type { Kernel } from '../factors';
import type { KernelShape } from './method';

/** Places that a kernel reads for each input; 1 for matrices. */
export function tapsOf({ kernel }: Pick<KernelShape, 'kernel'>): number {
  return product(kernel);
}

export function product(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all * one, 1);
}

/** [outputs, inputs x taps]: the kernel as it is stored; shares its data. */
export function outputRows(kernel: Kernel): Matrix {
  return { rows: kernel.outputs, columns: kernel.inputs * tapsOf(kernel), data: kernel.data };
}

/** [inputs, outputs x taps]. */
export function inputRows(kernel: Kernel): Matrix {
  const taps = tapsOf(kernel);
  return { rows: kernel.inputs, columns: kernel.outputs * taps, data: permuted(kernel.data, [kernel.outputs, kernel.inputs, taps], [1, 0, 2]) };
}

/** Row-major data of the given lengths with its axes in another order: axis i of the result is axis `order[i]` of the data. */
export function permuted(data: Float64Array, lengths: readonly number[], order: readonly number[]): Float64Array {
  const strides = lengths.map((_, axis) => product(lengths.slice(axis + 1)));
  const to = order.map((axis) => ({ length: lengths[axis] as number, stride: strides[axis] as number }));
  const { length: run, stride } = to.pop() ?? { length: 1, stride: 1 };
  const result = new Float64Array(data.length);
  const counters = to.map(() => 0);
  let from = 0;
  for (let at = 0; at < result.length; at += run) {
    for (let index = 0, read = from; index < run; index += 1, read += stride) result[at + index] = data[read] as number;
    // Counts on like an odometer, last axis first.
    for (let axis = to.length - 1; axis >= 0; axis -= 1) {
      const { length, stride: step } = to[axis] as { length: number; stride: number };
      from += step;
      counters[axis] = (counters[axis] as number) + 1;
      if ((counters[axis] as number) < length) break;
      from -= step * length;
      counters[axis] = 0;
    }
  }
  return result;
}

/** Norm of a - b over that of a; 0 when both are zero. */
export function relativeError(a: Float64Array, b: Float64Array): number {
  let missed = 0;
  for (let index = 0; index < a.length; index += 1) missed += ((a[index] as number) - (b[index] as number)) ** 2;
  return missed === 0 ? 0 : Math.sqrt(missed / a.reduce((sum, value) => sum + value * value, 0));
}

/** The lengths of a kernel that keeps those of some axes and is 1 long on all others. */
export function onAxes(kernel: readonly number[], axes: readonly number[]): number[] {
  return kernel.map((length, axis) => (axes.includes(axis) ? length : 1));
}

/** Axes that a kernel is longer than 1 on. */
export function longAxes(kernel: readonly number[]): number[] {
  return kernel.flatMap((length, axis) => (length > 1 ? [axis] : []));
}

/** A matrix for every tap alike, its Kronecker product with an identity: [rows x taps, columns x taps]. */
export function spread({ rows, columns, data }: Matrix, taps: number): Matrix {
  const width = columns * taps;
  const whole = new Float64Array(rows * taps * width);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      for (let tap = 0; tap < taps; tap += 1) whole[(row * taps + tap) * width + column * taps + tap] = data[row * columns + column] as number;
    }
  }
  return { rows: rows * taps, columns: width, data: whole };
}
