// Profiles of real models. Absolute times depend on the machine and are not tested; that the parts add up is.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { findLayers, type Layer } from '../../src/engine/analysis/layers';
import { EngineError } from '../../src/engine/error';
import { readModel, releaseModel } from '../../src/engine/ir/codec';
import { inferShapes } from '../../src/engine/ir/shapes/index';
import type { Model } from '../../src/engine/ir/model';
import { nodeFiles } from '../../src/runtime/files';
import { type ModelProfile, type ProfileOptions, profileModel, profileModels } from '../../src/runtime/profiler';
import { compareTimings } from '../../src/runtime/timing';
import { assetPath, withAssets } from '../support/assets';

/** Kernels, layout and gaps against the profiled total (design.md, "Latency of a layer"). */
const CLOSURE = 0.02;

async function withModel<T>(name: string, dims: Readonly<Record<string, number>>, use: (model: Model, layers: readonly Layer[]) => Promise<T>): Promise<T> {
  const model = await readModel(await nodeFiles.open(assetPath(`models/${name}.onnx`)), nodeFiles);
  try {
    return await use(model, findLayers(model.graph, await inferShapes(model, { dims })));
  } finally {
    await releaseModel(model);
  }
}

function profile(name: string, options: ProfileOptions = { runs: 44 }): Promise<{ readonly result: ModelProfile; readonly layers: readonly Layer[] }> {
  return withModel(name, options.dims ?? {}, async (model, layers) => ({ result: await profileModel(model, layers, options), layers }));
}

function assertAddsUp({ layers, layout, overhead, profiled }: ModelProfile): void {
  const sum = layers.reduce((total, row) => total + row.latency.mean, 0) + layout + overhead;
  assert.ok(Math.abs(sum / profiled.mean - 1) < CLOSURE, `${sum} of ${profiled.mean}`);
  assert.ok(overhead > 0 && layout >= 0 && profiled.ratio > 0.8);
  for (const row of layers) assert.ok(row.latency.p10 <= row.latency.p90 && Math.abs(row.share - row.latency.mean / profiled.mean) < 1e-9);
}

const models: readonly (readonly [name: string, dims?: Readonly<Record<string, number>>])[] = [
  ['resnet20-cifar10'], ['fashion-resnet18'], ['fashion-mobilenetv2-bn'], ['version-RFB-320'], ['vww-mobilenetv1-025'], ['ds_cnn_s-kws12'],
  ['dnn_m-kws12'], ['mnist'], ['sst2-transformer'], ['silero_vad_half', { sequence: 512 }],
  ['face_detection_front_128x128_barracuda'], ['super-resolution-core'],
];

withAssets('profiles of real models', () => {
  for (const [name, dims] of models) {
    it(`${name}: layers, layout and gaps add up, and every row is a layer`, async () => {
      const { result, layers } = await profile(name, { runs: 22, ...(dims && { dims }) });
      assertAddsUp(result);
      const ids = new Set(layers.map((layer) => layer.id));
      assert.deepEqual(result.layers.filter((row) => !ids.has(row.id)), []);
      assert.equal(new Set(result.layers.map((row) => row.id)).size, result.layers.length);
      assert.deepEqual(Object.keys(result.provider.used), ['cpu']);
      // Layers with weights are what a person compresses: none of them is lost, and none shares a row with another.
      const withWeights = layers.filter((layer) => ['Conv', 'Gemm', 'MatMul', 'ConvTranspose'].includes(layer.op)).map((layer) => layer.id);
      assert.deepEqual(withWeights.filter((id) => !result.layers.some((row) => row.id === id)), []);
    }).timeout(60_000);
  }

  for (const name of ['resnet20-cifar10', 'fashion-resnet18']) {
    it(`${name}: the five slowest layers of one run are slow in another`, async () => {
      const [first, second] = [(await profile(name)).result, (await profile(name)).result];
      const slowest = (result: ModelProfile): readonly string[] => [...result.layers].sort((a, b) => b.share - a.share).slice(0, 5).map((row) => row.id);
      // Layers of one shape are equally slow, so that which of six is fifth is chance: each must be near the fifth at least.
      const shares = [...second.layers].map((row) => row.share).sort((a, b) => b - a);
      for (const id of slowest(first)) assert.ok((second.layers.find((row) => row.id === id)?.share ?? 0) > 0.5 * (shares[4] ?? 1), id);
    }).timeout(60_000);
  }

  it('the blocked layout of a residual network shows as layout, and a fused sum with its convolution', async () => {
    const { result } = await profile('resnet20-cifar10', { runs: 11 });
    if (process.arch !== 'x64') return;
    assert.ok(result.layout > 0);
    assert.ok(result.layers.find((row) => row.id === 'layer1.0.conv2_out')?.layers?.includes('Add_9'));
  }).timeout(30_000);

  it('two models in one run compare: a model is as fast as itself', async () => {
    const [first, second] = await withModel('resnet20-cifar10', {}, (model, layers) => profileModels([{ model, layers }, { model, layers }], { batch: 2, runs: 110 }));
    assert.ok(first && second);
    assert.equal(first.profile.batch, 2);
    const { ratio, interval } = compareTimings(first.timing, second.timing);
    assert.ok(ratio > 0.7 && ratio < 1.4 && interval[0] <= ratio && ratio <= interval[1], `ratio ${ratio}`);
  }).timeout(60_000);

  it('an open dimension without a size is asked for by name', async () => {
    await assert.rejects(profile('silero_vad_half'), (error) => error instanceof EngineError && error.code === 'symbolicDimension' && error.params['dim'] === 'sequence');
  });

  it('a cancel ends it, and leaves no files behind', async () => {
    const left = async (): Promise<readonly string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith('decant-profile-'));
    const before = await left();
    const controller = new AbortController();
    const running = profile('version-RFB-320', { signal: controller.signal, progress: () => controller.abort() });
    await assert.rejects(running, (error) => error instanceof EngineError && error.code === 'cancelled');
    assert.deepEqual((await left()).filter((name) => !before.includes(name)), []);
  }).timeout(30_000);
});
