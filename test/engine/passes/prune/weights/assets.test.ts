// On real models with real data: what the output of each layer loses on samples that were not looked at.
import assert from 'node:assert/strict';
import { type Dataset, requireSplit } from '../../../../../src/engine/data/dataset';
import { openDataset } from '../../../../../src/engine/data/open';
import { encodeModel } from '../../../../../src/engine/ir/codec';
import type { Model } from '../../../../../src/engine/ir/model';
import type { WeightsOptions } from '../../../../../src/engine/passes/prune/weights/options';
import { findWeights, type LinearWeight } from '../../../../../src/engine/passes/linear/findWeights';
import { columnsOf, positionsOf } from '../../../../../src/engine/passes/linear/layout';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { gatherStatistics } from '../../../../../src/engine/passes/linear/statistics';
import { nodeDecoders } from '../../../../../src/runtime/decoders';
import { nodeFiles } from '../../../../../src/runtime/files';
import { assetPath, withAssets } from '../../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf } from '../../../../support/models';
import { testRuntime } from '../../../../support/passContext';
import { contextFor } from '../../quantize/staticSupport';
import { pruned, valuesOf, zerosIn } from './support';

async function withData<T>(model: Model, description: string, use: (data: Dataset) => Promise<T>): Promise<T> {
  const session = await testRuntime.createSession(model, { threads: 2 });
  const { inputs } = session;
  await session.release();
  const data = await openDataset(assetPath(`data/${description}.json`), { inputs, dims: {} }, { files: nodeFiles, decoders: nodeDecoders });
  try {
    return await use(data);
  } finally {
    await data.close();
  }
}

interface Layer {
  readonly weight: LinearWeight;
  readonly gram: Float64Array;
}

async function layersOf(model: Model, data: Dataset): Promise<Layer[]> {
  const { weights } = await findWeights(model, { isIgnored: () => false, everyLayer: false });
  const { sums } = await gatherStatistics({
    model, kind: 'gram', split: requireSplit(data, 'test'), samples: 64, onProgress: () => undefined,
    wanted: weights.map((weight) => ({ weight, parts: 1 })),
  }, contextFor(model, data));
  return weights.map((weight, position) => ({ weight, gram: sums[position] as Float64Array }));
}

const products = matrixProducts(testRuntime, 2);

/** Squared error of the layer's output over its squared output, for the inputs behind the Gram matrices. */
async function outputError({ weight: { name, layout }, gram }: Layer, before: Model, after: Model): Promise<number> {
  const columns = columnsOf(layout);
  const [old, changed] = [await valuesOf(before, name), await valuesOf(after, name)];
  const positions = positionsOf(layout);
  const squared = async (value: (position: number) => number): Promise<number> => {
    let sum = 0;
    for (let group = 0; group < layout.groups; group += 1) {
      const size = layout.rows * columns;
      const own = { rows: layout.rows, columns, data: Float64Array.from(positions.subarray(group * size, (group + 1) * size), value) };
      const inputs = { rows: columns, columns, data: gram.subarray(group * columns * columns, (group + 1) * columns * columns) };
      const { data } = await products.multiply(own, inputs);
      data.forEach((each, index) => { sum += each * (own.data[index] as number); });
    }
    return sum;
  };
  return await squared((position) => (old[position] ?? 0) - (changed[position] ?? 0)) / await squared((position) => old[position] ?? 0);
}

withAssets('prune.weights on real models', function () {
  this.timeout(120_000);
  after(closeAssets);
  after(() => products.release());

  for (const [name, description] of [['dnn_m-kws12', 'kws-dnn'], ['ds_cnn_s-kws12', 'kws-ds-cnn']] as const) {
    it(`${name}: SparseGPT loses less of every layer's output than magnitude, by share and by pattern`, async () => {
      const model = await openAsset(`models/${name}.onnx`);
      await withData(model, description, async (data) => {
        const layers = await layersOf(model, data);
        assert.ok(layers.length >= 4);
        for (const zeros of [{ sparsity: 0.5 }, { pattern: '2:4' }] as const) {
          const results = await Promise.all((['magnitude', 'sparsegpt'] as const).map((method) => pruned(model, { ...zeros, method, everyLayer: false }, data)));
          const [plain, updated] = results.map((result) => result.model) as [Model, Model];
          for (const layer of layers) {
            const errors = [await outputError(layer, model, plain), await outputError(layer, model, updated)] as const;
            // A layer that the pattern does not fit is the same in both.
            assert.ok(errors[1] < errors[0] || errors[0] === 0, `${layer.weight.name}: ${errors[1]} against ${errors[0]}`);
          }
        }
      });
    });
  }

  it('dnn_m: the error of a layer grows with the share of zeros, by every method, and the same input gives the same bytes', async () => {
    const model = await openAsset('models/dnn_m-kws12.onnx');
    await withData(model, 'kws-dnn', async (data) => {
      const [layer] = await layersOf(model, data);
      assert.ok(layer);
      for (const method of ['magnitude', 'wanda', 'sparsegpt'] as const) {
        const errors: number[] = [];
        for (const sparsity of [0.2, 0.4, 0.6, 0.8]) errors.push(await outputError(layer, model, (await pruned(model, { method, sparsity }, data)).model));
        assert.deepEqual(errors, errors.toSorted((a, b) => a - b), method);
        const [one, two] = [await pruned(model, { method }, data, { random: () => 0.1 }), await pruned(model, { method }, data, { random: () => 0.9 })];
        assert.deepEqual(await encodeModel(one.model), await encodeModel(two.model));
      }
    });
  });

  for (const name of ['mnist', 'sst2-transformer', 'ch_ppocr_mobile_v2.0_cls_infer', 'ad01-autoencoder', 'fashion-mobilenetv2', 'resnet8-cifar10', 'super-resolution-core', 'version-RFB-320']) {
    it(`${name}: half of the weights of every pruned layer are zero and the model runs`, async () => {
      const model = await openAsset(`models/${name}.onnx`);
      const options: Partial<WeightsOptions> = { everyLayer: false, method: 'magnitude' };
      const { model: after, forms } = await pruned(model, options);
      const { weights } = await findWeights(model, { isIgnored: () => false, everyLayer: false });
      assert.ok(weights.length > 0 && forms.size >= weights.length);
      for (const weight of weights) {
        const values = await valuesOf(after, weight.name);
        assert.ok(zerosIn(values) >= Math.round(values.length / 2), weight.name);
      }
      for (const output of Object.values(await outputsOf(after, undefined, { dims: assetDims }))) assert.ok(output.data.length > 0);
    });
  }

  it('mnist: a fixed batch, opset 8, weights behind Reshape that are inputs of the graph as well', async () => {
    const model = await openAsset('models/mnist.onnx');
    await withData(model, 'mnist', async (data) => {
      for (const method of ['wanda', 'sparsegpt'] as const) {
        const { model: after, forms, findings } = await pruned(model, { method, samples: 8 }, data);
        assert.deepEqual(findings.map(({ code }) => code), ['finding.sparseSize', 'finding.sparseSpeed']);
        assert.equal(forms.size, 3);
        assert.ok(Object.values(await outputsOf(after, undefined, { dims: assetDims })).every(({ data: values }) => (values as Float32Array).every(Number.isFinite)));
      }
    });
  });

  it('sst2-transformer: looks at the inputs of attention and feed-forward layers, padding included', async () => {
    const model = await openAsset('models/sst2-transformer.onnx');
    await withData(model, 'sst2', async (data) => {
      for (const method of ['wanda', 'sparsegpt'] as const) {
        const { model: after, findings } = await pruned(model, { method, pattern: '2:4', samples: 16 }, data);
        assert.deepEqual(findings.map(({ code }) => code), ['finding.sparseSize', 'finding.sparseSpeed']);
        for (const [name, tensor] of model.graph.initializers) assert.deepEqual(after.graph.initializers.get(name)?.dims, tensor.dims);
      }
    });
  });
});
