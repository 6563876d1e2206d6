// Preparing for training and writing weights back: the training copy computes what the model computes, and the model
// with its own weights written back is the model.

import assert from 'node:assert/strict';
import type { Model } from '../../../src/engine/ir/model';
import { opsetOf } from '../../../src/engine/ir/model';
import { readTensor } from '../../../src/engine/ir/tensors';
import { fixedBatch, modelInputs } from '../../../src/engine/ir/signature';
import type { NdArray } from '../../../src/engine/ports';
import { sampleInputs } from '../../../src/engine/passes/sampleInputs';
import { exportTrained } from '../../../src/engine/train/exportTrained';
import { prepareTraining, type PrepareOptions } from '../../../src/engine/train/prepare';
import { withAssets } from '../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf, relativeDifference } from '../../support/models';

const options: PrepareOptions = { batch: 2, dims: assetDims, isFrozen: () => false, batchNorm: 'frozen' };

/** Outputs for a whole batch; a file with a fixed batch of one runs sample by sample. */
async function batchOutputs(model: Model, copy: Model, inputs: Readonly<Record<string, NdArray>>): Promise<Record<string, NdArray>> {
  if (fixedBatch(model) !== 1) return outputsOf({ ...model, graph: { ...model.graph, inputs: copy.graph.inputs } }, inputs);
  const samples: Record<string, NdArray>[] = [];
  for (let sample = 0; sample < 2; sample += 1) {
    samples.push(await outputsOf(model, Object.fromEntries(Object.entries(inputs).map(([name, { type, dims, data }]) => {
      const size = data.length / 2;
      return [name, { type, dims: [1, ...dims.slice(1)], data: (data as Float32Array).slice(sample * size, (sample + 1) * size) }];
    }))));
  }
  return Object.fromEntries(Object.entries(samples[0] ?? {}).map(([name, { type, dims }]) => {
    const parts = samples.flatMap((outputs) => Array.from(outputs[name]?.data as Float32Array));
    return [name, { type, dims: [2, ...dims.slice(1)], data: Float32Array.from(parts) }];
  }));
}

async function weightsOf(model: Model, names: readonly string[]): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of names) {
    const tensor = model.graph.initializers.get(name);
    assert.ok(tensor, name);
    values.set(name, (await readTensor(tensor)).data as Float32Array);
  }
  return values;
}

withAssets('preparing for training', () => {
  after(closeAssets);

  // Learned numbers: weights, biases, norm scales and shifts, tables. The first six are the sums of the published layer sizes.
  const models: readonly (readonly [file: string, parameters: number])[] = [
    ['resnet20-cifar10', 269_722], ['resnet8-cifar10', 78_186], ['dnn_m-kws12', 198_924], ['mnist', 5_994],
    ['fashion-resnet18', 2_794_634], ['fashion-mobilenetv2-bn', 302_042], ['ds_cnn_s-kws12', 23_756], ['sst2-transformer', 1_917_058],
    ['ch_ppocr_mobile_v2.0_cls_infer', 129_356], ['fast_v2_1', 783_191], ['version-RFB-320', 302_812], ['super-resolution-core', 59_657], ['ad01-autoencoder', 267_928],
  ];
  for (const [file, parameters] of models) {
    it(`${file}: the training copy computes the same, and the weights go back`, async () => {
      const model = await openAsset(`models/${file}.onnx`);
      const trainable = await prepareTraining(model, options);
      assert.ok((opsetOf(trainable.model) ?? 0) >= 21);
      const inputs = sampleInputs(trainable.model, modelInputs(trainable.model), { seed: 3 });
      const batch = Object.values(inputs)[0]?.dims[0];
      assert.equal(batch, trainable.batch, 'the inputs have the batch that the copy says');
      const found = await outputsOf(trainable.model, inputs);
      const expected = await batchOutputs(model, trainable.model, inputs);
      for (const [name, array] of Object.entries(expected)) assert.ok(relativeDifference(array, found[name] as typeof array) < 1e-4, name);
      const names = trainable.parameters.map(({ name }) => name);
      const back = exportTrained(model, await weightsOf(trainable.model, names));
      assert.deepEqual(back.graph.nodes.map((node) => node.opType), model.graph.nodes.map((node) => node.opType));
      const after = await batchOutputs(back, trainable.model, inputs);
      for (const [name, array] of Object.entries(expected)) assert.deepEqual(after[name], array, name);
      const count = trainable.parameters.reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1), 0);
      assert.equal(count, parameters);
    });
  }
});
