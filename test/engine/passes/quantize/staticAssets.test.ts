import assert from 'node:assert/strict';
import { encodeModel } from '../../../../src/engine/ir/codec';
import { indexGraph } from '../../../../src/engine/ir/graphIndex';
import type { NdArray } from '../../../../src/engine/ports';
import { sampleInputs } from '../../../../src/runtime/sampleInputs';
import { withAssets } from '../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf, relativeDifference, sqnr } from '../../../support/models';
import { testRuntime } from '../../../support/passContext';
import { drawn, quantize, score, withData } from './assetSupport';

withAssets('quantize.static on real classifiers', () => {
  afterEach(closeAssets);

  /** Model, data, samples of the test split, least agreement with float, largest share of the file. */
  const classifiers: readonly [string, string, number, number, number][] = [
    ['resnet20-cifar10', 'cifar10', 500, 0.95, 0.32],
    ['resnet8-cifar10', 'cifar10-raw', 500, 0.95, 0.32],
    ['fashion-resnet18', 'fashion-mnist-subset', 500, 0.98, 0.28],
    ['fashion-mobilenetv2-bn', 'fashion-mnist-subset', 500, 0.96, 0.35],
    // The first coefficient of their inputs is 30 times the others, which 8 bits of the input do not resolve.
    ['dnn_m-kws12', 'kws-dnn', 500, 0.91, 0.3],
    ['ds_cnn_s-kws12', 'kws-ds-cnn', 500, 0.9, 0.45],
    ['mnist', 'mnist', 300, 0.98, 0.45],
    ['sst2-transformer', 'sst2', 300, 0.97, 0.72],
  ];
  for (const [name, description, count, agreement, share] of classifiers) {
    it(`${name} keeps its answers at ${share} of its size, every layer with weights in 8 bits`, async function () {
      this.timeout(60_000);
      const model = await openAsset(`models/${name}.onnx`);
      await withData(model, description, async (data) => {
        const { model: after, origins, findings } = await quantize(model, data);
        assert.deepEqual(findings, []);
        const test = data.splits.get('test');
        assert.ok(test);
        const result = await score(model, after, test, count);
        assert.ok(result.agreement >= agreement, JSON.stringify(result));
        assert.ok((await encodeModel(after)).length <= share * (await encodeModel(model)).length);
        for (const { outputs } of after.graph.nodes) assert.ok((origins.get(outputs[0] ?? '') ?? []).length > 0, outputs[0]);
        const index = indexGraph(after.graph);
        for (const initializer of after.graph.initializers.keys()) assert.ok(index.uses(initializer).length > 0, initializer);
      });
    });
  }

  it('gives the same bytes for the same input, and in the same chain no pair is left over on resnet20', async function () {
    this.timeout(60_000);
    const model = await openAsset('models/resnet20-cifar10.onnx');
    await withData(model, 'cifar10', async (data) => {
      const [one, two] = [await quantize(model, data, { samples: 40 }), await quantize(model, data, { samples: 40 })];
      assert.deepEqual(await encodeModel(one.model), await encodeModel(two.model));
      // One pair a convolution (Relu in its range), a residual Add, a Slice; Pad works on codes; one for the pool and one for Gemm's input.
      const pairs = one.model.graph.nodes.filter(({ opType }) => opType === 'QuantizeLinear').length;
      assert.equal(pairs, 1 + 19 + 9 + 2 + 1 + 1);
      assert.ok(!one.model.graph.nodes.some(({ opType }) => opType === 'Relu'));
    });
  });
});

withAssets('quantize.static on models without labels', () => {
  afterEach(closeAssets);

  for (const name of [
    'ad01-autoencoder', 'ch_ppocr_mobile_v2.0_cls_infer', 'face_detection_front_128x128_barracuda', 'fast_v2_1', 'silero_vad_half',
    'super-resolution-core', 'version-RFB-320', 'vww-mobilenetv1-025',
  ]) {
    it(`${name} runs with optimizations off and on, near the float model`, async function () {
      this.timeout(90_000);
      const model = await openAsset(`models/${name}.onnx`);
      const after = (await quantize(model, await drawn(model), { samples: 4 })).model;
      const session = await testRuntime.createSession(model, { threads: 2 });
      const inputs = sampleInputs(model, session.inputs, { dims: assetDims, seed: 4 });
      const expected = await session.run(inputs);
      await session.release();
      const [plain, optimized] = [await outputsOf(after, inputs), await outputsOf(after, inputs, { optimization: 'all' })];
      assert.deepEqual(after.graph.outputs.map((output) => output.name), model.graph.outputs.map((output) => output.name));
      for (const [output, array] of Object.entries(expected)) {
        assert.equal(plain[output]?.type, array.type);
        if (array.type !== 'float32') continue;
        assert.ok(sqnr(array, plain[output]) > 10, `${output}: ${sqnr(array, plain[output])} dB`);
        assert.ok(relativeDifference(plain[output], optimized[output] as NdArray) < 0.02, output);
      }
    });
  }
});
