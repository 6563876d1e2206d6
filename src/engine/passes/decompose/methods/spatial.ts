// Spatial SVD: a k x k kernel as k x 1 and then 1 x k with few channels between (Jaderberg, Vedaldi and Zisserman 2014, scheme 2).

import { type Matrix, transposed } from '../../../linalg/matrix';
import type { Kernel } from '../factors';
import { longAxes, onAxes, permuted, product, spread } from './arrange';
import { balance } from './balance';
import { leadingVectors, spectrumOf } from './bases';
import { defineMethod, factorsOf } from './defineMethod';
import type { FactorShape, KernelShape, MethodRecord } from './method';
import { bestLast } from './weighting';

/**
 * The first axis that the kernel is longer than 1 on goes first, all others follow. Works for single channels too. Ranks and first
 * factors are those of the plain kernel; with a covariance the second factor is the best for the first.
 */
export const spatial: MethodRecord = defineMethod({
  method: 'spatial',
  modes: ['rank'],
  refusal: ({ kernel }) => (['why.onePlace', 'why.oneAxis'] as const)[longAxes(kernel).length],
  fullRanks: (shape) => {
    const { first, others } = splitOf(shape);
    return [Math.min(shape.inputs * first, shape.outputs * others)];
  },
  shapes,
  spectra: async (task) => [await spectrumOf(task, 'axes', split(task.kernel))],
  async solve(task, ranks) {
    const { kernel, products } = task;
    const rank = ranks[0] as number;
    const { first, others } = splitOf(kernel);
    const matrix = split(kernel);
    const basis = await leadingVectors(task, 'axes', matrix, rank);
    const rest = await products.transposeMultiply(basis, matrix);
    const plain: Matrix = { rows: kernel.outputs, columns: rank * others, data: permuted(rest.data, [rank, kernel.outputs, others], [1, 0, 2]) };
    const w: Matrix = { rows: kernel.outputs, columns: kernel.inputs * first * others, data: kernel.data };
    const last = task.covariance ? await bestLast(task, w, spread(basis, others), plain) : plain;
    const tail: Matrix = { rows: kernel.outputs * others, columns: rank, data: permuted(last.data, [kernel.outputs, rank, others], [0, 2, 1]) };
    const [head, balanced] = balance(transposed(basis), tail);
    return { factors: factorsOf(shapes(kernel, ranks), [head, permuted(balanced, [kernel.outputs, others, rank], [0, 2, 1])]) };
  },
});

/** Taps along the first axis, and along all others. */
function splitOf({ kernel }: Pick<KernelShape, 'kernel'>): { first: number; others: number } {
  const first = kernel[firstAxis(kernel)] as number;
  return { first, others: product(kernel) / first };
}

function firstAxis(kernel: readonly number[]): number {
  return longAxes(kernel)[0] as number;
}

/** [inputs x taps of the first axis, outputs x other taps]. The axes before the first are 1 long: taps are (first, others). */
function split(kernel: Kernel): Matrix {
  const { first, others } = splitOf(kernel);
  const data = permuted(kernel.data, [kernel.outputs, kernel.inputs, first, others], [1, 2, 0, 3]);
  return { rows: kernel.inputs * first, columns: kernel.outputs * others, data };
}

function shapes({ outputs, inputs, kernel }: KernelShape, [rank = 1]: readonly number[]): FactorShape[] {
  const first = firstAxis(kernel);
  const others = kernel.flatMap((_, axis) => (axis === first ? [] : [axis]));
  return [
    { outputs: rank, inputs, kernel: onAxes(kernel, [first]), isDepthwise: false, axes: [first] },
    { outputs, inputs: rank, kernel: onAxes(kernel, others), isDepthwise: false, axes: others },
  ];
}
