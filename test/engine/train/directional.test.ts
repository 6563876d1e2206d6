// Every real model at once: along its own gradient the loss changes by the length of the gradient. One number a model
// that no wrong rule, missing contribution or mixed-up axis gets past. (Against another framework: wholeModels.test.ts.)

import assert from 'node:assert/strict';
import { makeNode, makeValue } from '../../../src/engine/ir/build';
import { int } from '../../../src/engine/ir/attributes';
import type { Model } from '../../../src/engine/ir/model';
import { modelInputs } from '../../../src/engine/ir/signature';
import { readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import { sampleInputs } from '../../../src/engine/passes/sampleInputs';
import type { NdArray } from '../../../src/engine/ports';
import { differentiate } from '../../../src/engine/train/gradient/differentiate';
import { prepareTraining } from '../../../src/engine/train/prepare';
import type { TrainableModel } from '../../../src/engine/train/trainable';
import { withAssets } from '../../support/assets';
import { assetDims, closeAssets, openAsset } from '../../support/models';
import { testRuntime } from '../../support/passContext';

/** Mean square of the logits of every output. */
function withLoss({ model, outputs }: TrainableModel): Model {
  const { graph } = model;
  const parts = outputs.map(({ logits }, index) => {
    graph.nodes.push(makeNode('Mul', [logits, logits], [`square${index}`]));
    graph.nodes.push(makeNode('ReduceMean', [`square${index}`], [`mean${index}`], { keepdims: int(0) }));
    return `mean${index}`;
  });
  graph.nodes.push(makeNode('Sum', parts, ['loss']));
  return model;
}

async function run(model: Model, outputs: readonly string[], feeds: Readonly<Record<string, NdArray>>, weights: ReadonlyMap<string, Float32Array> = new Map()): Promise<Record<string, NdArray>> {
  const initializers = new Map(model.graph.initializers);
  for (const [name, data] of weights) initializers.set(name, tensorFrom(name, { type: 'float32', dims: initializers.get(name)?.dims ?? [], data }));
  const session = await testRuntime.createSession({ ...model, graph: { ...model.graph, initializers, outputs: outputs.map((name) => makeValue(name, 'float32', null)) } }, { threads: 2 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const lossOf = async (model: Model, feeds: Readonly<Record<string, NdArray>>, weights: ReadonlyMap<string, Float32Array>): Promise<number> =>
  ((await run(model, ['loss'], feeds, weights))['loss']?.data as Float32Array)[0] as number;

async function check(file: string, batchNorm: 'train' | 'frozen'): Promise<void> {
  const trainable = await prepareTraining(await openAsset(file), { batch: 4, dims: { ...assetDims, batch: 4, N: 4, unk__132: 4, 'p2o.DynamicDimension.0': 4 }, isFrozen: () => false, batchNorm });
  const model = withLoss(trainable);
  const names = trainable.parameters.map(({ name }) => name);
  const { model: training, gradients } = await differentiate(model, 'loss', names);
  const feeds = sampleInputs(training, modelInputs(training), { seed: 5 });
  const results = await run(training, [...new Set(gradients.values())], feeds);
  let squares = 0;
  const direction = new Map<string, Float32Array>();
  for (const [name, gradient] of gradients) {
    const { data } = results[gradient] as NdArray;
    const values = data as Float32Array;
    for (const value of values) squares += value ** 2;
    direction.set(name, values);
  }
  const length = Math.sqrt(squares);
  assert.ok(Number.isFinite(length) && length > 0, `the gradient has length ${length}`);
  const start = new Map<string, Float32Array>();
  for (const name of direction.keys()) start.set(name, (await readTensor(model.graph.initializers.get(name) ?? assert.fail(name))).data as Float32Array);
  const base = await lossOf(model, feeds, start);
  // Float32 sees differences of about 1e-6 of the loss: a step that changes it by a few thousandths drowns that, and the
  // symmetric difference cancels the curvature.
  const errors: string[] = [];
  for (const share of [3e-3, 1e-3, 1e-2, 3e-4]) {
    const step = (share * base) / length ** 2;
    const moved = (sign: number): Map<string, Float32Array> => new Map([...start].map(([name, values]) => {
      const along = direction.get(name) as Float32Array;
      return [name, values.map((value, index) => value + sign * step * (along[index] as number))];
    }));
    const slope = ((await lossOf(model, feeds, moved(1))) - (await lossOf(model, feeds, moved(-1)))) / (2 * step);
    const off = Math.abs(slope / length ** 2 - 1);
    if (off < 0.01) return;
    errors.push(`${share}: ${off.toFixed(4)}`);
  }
  assert.fail(`the loss does not change as the gradient says; relative error by step: ${errors.join(', ')}`);
}

withAssets('gradients of whole models', function () {
  this.timeout(120_000);
  after(closeAssets);

  const models = [
    'resnet20-cifar10', 'resnet8-cifar10', 'ds_cnn_s-kws12', 'dnn_m-kws12', 'mnist', 'fashion-resnet18', 'fashion-mobilenetv2-bn', 'sst2-transformer',
    'ch_ppocr_mobile_v2.0_cls_infer', 'fast_v2_1', 'version-RFB-320', 'face_detection_front_128x128_barracuda', 'vww-mobilenetv1-025', 'ad01-autoencoder',
  ];
  for (const file of models) it(`${file}`, () => check(`models/${file}.onnx`, 'frozen'));
  for (const file of ['resnet20-cifar10', 'ds_cnn_s-kws12', 'fashion-mobilenetv2-bn']) it(`${file}, with the statistics of the batch`, () => check(`models/${file}.onnx`, 'train'));
});
