import assert from 'node:assert/strict';
import { encodeModel } from '../../../../src/engine/ir/codec';
import { isOp } from '../../../../src/engine/ir/model';
import { sampleInputs } from '../../../../src/runtime/sampleInputs';
import { withAssets } from '../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf, sqnr } from '../../../support/models';
import { drawn, inputsOf, quantize, score, withData } from './assetSupport';

withAssets('quantize.static in QOperator form on real models', () => {
  afterEach(closeAssets);

  /** Model, data, samples of the test split, largest share of the file with pairs. */
  const classifiers: readonly [string, string, number, number][] = [
    ['resnet8-cifar10', 'cifar10-raw', 500, 0.96],
    ['fashion-mobilenetv2', 'fashion-mnist-subset', 500, 0.92],
    ['ds_cnn_s-kws12', 'kws-ds-cnn', 500, 0.92],
    ['mnist', 'mnist', 300, 0.95],
    ['sst2-transformer', 'sst2', 300, 1],
  ];
  for (const [name, description, count, share] of classifiers) {
    it(`${name} answers as its pairs do, at ${share} of their size, with optimizations and without`, async function () {
      this.timeout(60_000);
      const model = await openAsset(`models/${name}.onnx`);
      await withData(model, description, async (data) => {
        const [pairs, integers] = [await quantize(model, data), await quantize(model, data, { format: 'qoperator' })];
        const test = data.splits.get('test');
        assert.ok(test);
        for (const optimization of ['disabled', 'all'] as const) {
          // `float` of this score is the model with pairs.
          const result = await score(pairs.model, integers.model, test, count, optimization);
          assert.ok(result.agreement >= 0.98, `${optimization}: ${JSON.stringify(result)}`);
          assert.ok(Math.abs(result.int8 - result.float) <= 0.01, `${optimization}: ${JSON.stringify(result)}`);
        }
        assert.ok((await encodeModel(integers.model)).length <= share * (await encodeModel(pairs.model)).length);
        for (const { outputs } of integers.model.graph.nodes) assert.ok((integers.origins.get(outputs[0] ?? '') ?? []).length > 0, outputs[0]);
        const layers = integers.model.graph.nodes.filter((node) => isOp(node, 'Conv', 'Gemm'));
        assert.deepEqual(layers.map(({ outputs }) => outputs[0]), [], 'every layer in integers');
      });
    });
  }

  for (const name of ['ad01-autoencoder', 'ch_ppocr_mobile_v2.0_cls_infer', 'face_detection_front_128x128_barracuda', 'fast_v2_1', 'silero_vad_half', 'super-resolution-core', 'version-RFB-320', 'vww-mobilenetv1-025']) {
    it(`${name} gives outputs as near to float as with pairs`, async function () {
      this.timeout(90_000);
      const model = await openAsset(`models/${name}.onnx`);
      const data = await drawn(model);
      const [pairs, integers] = [(await quantize(model, data, { samples: 4 })).model, (await quantize(model, data, { samples: 4, format: 'qoperator' })).model];
      const inputs = sampleInputs(model, await inputsOf(model), { dims: assetDims, seed: 4 });
      const [float, wanted] = [await outputsOf(model, inputs), await outputsOf(pairs, inputs)];
      for (const optimization of ['disabled', 'all'] as const) {
        const found = await outputsOf(integers, inputs, { optimization });
        for (const [output, array] of Object.entries(float)) {
          if (array.type !== 'float32') continue;
          const [near, far] = [wanted[output], found[output]].map((each) => (each === undefined ? Number.NaN : sqnr(array, each)));
          assert.ok((far ?? Number.NaN) > (near ?? Number.NaN) - 1, `${optimization}, ${output}: ${far} dB, with pairs ${near}`);
        }
      }
    });
  }
});
