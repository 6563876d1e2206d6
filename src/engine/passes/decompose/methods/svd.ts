// Truncated SVD: a matrix W as B A, a k x k kernel as a k x k kernel with few outputs and a 1 x 1 kernel after it.

import { onAxes, outputRows, tapsOf } from './arrange';
import { balance } from './balance';
import { defineMethod, factorsOf } from './defineMethod';
import type { FactorShape, KernelShape, MethodRecord } from './method';
import { outputBasis, outputSpectrum } from './weighting';

/** Eckart and Young 1936; with a covariance the best map for the inputs seen (`outputBasis`). */
export const svd: MethodRecord = defineMethod({
  method: 'svd',
  modes: ['rank'],
  refusal: ({ outputs, inputs, kernel }) => (kernel.length > 0 && outputs === 1 && inputs === 1 ? 'why.channelAlone' : undefined),
  fullRanks: (shape) => [Math.min(shape.outputs, shape.inputs * tapsOf(shape))],
  shapes,
  spectra: async (task) => [await outputSpectrum(task)],
  async solve(task, ranks) {
    const u = await outputBasis(task, ranks[0] as number);
    const first = await task.products.transposeMultiply(u, outputRows(task.kernel));
    return { factors: factorsOf(shapes(task.kernel, ranks), balance(first, u)) };
  },
});

function shapes({ outputs, inputs, kernel }: KernelShape, [rank = 1]: readonly number[]): FactorShape[] {
  return [
    { outputs: rank, inputs, kernel, isDepthwise: false, axes: kernel.map((_, axis) => axis) },
    { outputs, inputs: rank, kernel: onAxes(kernel, []), isDepthwise: false, axes: [] },
  ];
}
