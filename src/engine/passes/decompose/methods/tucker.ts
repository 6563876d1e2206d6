// Tucker-2: a k x k kernel as 1 x 1 to fewer inputs, k x k between few channels, 1 x 1 to the outputs (Kim et al. 2016).

import { type Matrix, transposed } from '../../../linalg/matrix';
import { inputRows, longAxes, onAxes, outputRows, permuted, spread, tapsOf } from './arrange';
import { leadingVectors, spectrumOf } from './bases';
import { defineMethod, factorsOf } from './defineMethod';
import { hooi, type Tucker } from './hooi';
import type { FactorShape, FactorTask, KernelShape, MethodRecord } from './method';
import { bestLast, outputBasis, outputSpectrum } from './weighting';

/**
 * Without a covariance by HOSVD and HOOI (`hooi`). With one, outputs are
 * those that inputs seen make most of, inputs those that such outputs read most of, and the core between them is the best for both.
 */
export const tucker: MethodRecord = defineMethod({
  method: 'tucker',
  modes: ['inputs', 'outputs'],
  refusal: ({ outputs, inputs, kernel }) => {
    if (longAxes(kernel).length === 0) return 'why.onePlace';
    return outputs === 1 && inputs === 1 ? 'why.channelAlone' : undefined;
  },
  fullRanks: (shape) => [Math.min(shape.inputs, shape.outputs * tapsOf(shape)), Math.min(shape.outputs, shape.inputs * tapsOf(shape))],
  shapes,
  spectra: async (task) => [await spectrumOf(task, 'inputs', inputRows(task.kernel)), await outputSpectrum(task)],
  async solve(task, ranks) {
    const [fewInputs, fewOutputs] = ranks as [number, number];
    const { inputs, outputs, core } = task.covariance ? await weighted(task, fewInputs, fewOutputs) : await hooi(task, fewInputs, fewOutputs);
    return { factors: factorsOf(shapes(task.kernel, ranks), [transposed(inputs).data, core.data, outputs.data]) };
  },
});

async function weighted(task: FactorTask, fewInputs: number, fewOutputs: number): Promise<Tucker> {
  const { kernel, products } = task;
  const taps = tapsOf(kernel);
  const outputs = await outputBasis(task, fewOutputs);
  const kept = await products.transposeMultiply(outputs, outputRows(kernel));
  const byInputs: Matrix = { rows: kernel.inputs, columns: fewOutputs * taps, data: permuted(kept.data, [fewOutputs, kernel.inputs, taps], [1, 0, 2]) };
  const inputs = await leadingVectors(task, `inputs of ${fewOutputs} outputs`, byInputs, fewInputs);
  const { data } = await products.transposeMultiply(inputs, byInputs);
  const plain: Matrix = { rows: fewOutputs, columns: fewInputs * taps, data: permuted(data, [fewInputs, fewOutputs, taps], [1, 0, 2]) };
  return { inputs, outputs, core: await bestLast(task, kept, spread(inputs, taps), plain) };
}

function shapes({ outputs, inputs, kernel }: KernelShape, [fewInputs = 1, fewOutputs = 1]: readonly number[]): FactorShape[] {
  const point = onAxes(kernel, []);
  return [
    { outputs: fewInputs, inputs, kernel: point, isDepthwise: false, axes: [] },
    { outputs: fewOutputs, inputs: fewInputs, kernel, isDepthwise: false, axes: kernel.map((_, axis) => axis) },
    { outputs, inputs: fewOutputs, kernel: point, isDepthwise: false, axes: [] },
  ];
}
