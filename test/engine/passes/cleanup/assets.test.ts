import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { encodedLength } from '../../../../src/engine/ir/codec';
import { isOp, opsetOf } from '../../../../src/engine/ir/model';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import { originalOrigins } from '../../../../src/engine/passes/origins';
import { assetPath, withAssets } from '../../../support/assets';
import { assertSameOutputs, closeAssets, openAsset } from '../../../support/models';
import { passContext } from '../../../support/passContext';

/** Largest relative difference that folding in another order of rounding may make (issue 3). */
const TOLERANCE = 1e-5;

withAssets('cleanup of the real models', () => {
  afterEach(closeAssets);

  const models = readdirSync(assetPath('models')).filter((name) => name.endsWith('.onnx')).map((name) => `models/${name}`);
  // The larger topologies (VGG, ResNet-50, DenseNet) are cleaned as well, but take too long to run here.
  const topologies = readdirSync(assetPath('topologies')).map((name) => `topologies/${name}`);
  const runnable = (name: string): boolean => !/vgg|resnet50|densenet|inception_v2|alexnet|zfnet/.test(name);

  for (const name of [...models, ...topologies]) {
    it(`leaves ${name} equal, smaller and settled`, async function () {
      this.timeout(60_000);
      const model = await openAsset(name);
      const origins = await originalOrigins(model);
      const once = await cleanup.run(model, { rules: [], verify: false }, passContext({ origins }));
      assert.ok(once.model.graph.nodes.length <= model.graph.nodes.length);
      assert.ok(encodedLength(once.model) <= encodedLength(model));
      for (const node of once.model.graph.nodes) assert.ok(once.origins.has(node.outputs[0] ?? ''), `no origin: ${node.outputs[0]}`);

      const twice = await cleanup.run(once.model, { rules: [], verify: false }, passContext({ origins: once.origins }));
      assert.deepEqual(twice.model.graph.nodes.map((node) => node.outputs[0]), once.model.graph.nodes.map((node) => node.outputs[0]));
      assert.equal(encodedLength(twice.model), encodedLength(once.model));
      if (runnable(name)) await assertSameOutputs(model, once.model, TOLERANCE);
    });
  }

  for (const opset of [13, 18, 22]) {
    for (const name of ['mnist', 'version-RFB-320', 'ch_ppocr_mobile_v2.0_cls_infer', 'super-resolution-core', 'resnet8-cifar10', 'silero_vad_half', 'fast_v2_1']) {
      it(`converts ${name} to opset ${opset}`, async function () {
        this.timeout(60_000);
        const model = await openAsset(`models/${name}.onnx`);
        const { model: converted } = await cleanup.run(model, { rules: [], opset, verify: false }, passContext());
        assert.equal(opsetOf(converted), Math.max(opset, opsetOf(model) ?? 0));
        await assertSameOutputs(model, converted, TOLERANCE);
      });
    }
  }

  it('folds every BatchNormalization of resnet20 and remembers the layers', async () => {
    const model = await openAsset('models/resnet20-cifar10.onnx');
    const origins = await originalOrigins(model);
    const { model: clean, origins: after } = await cleanup.run(model, { rules: [], verify: false }, passContext({ origins }));
    assert.equal(clean.graph.nodes.filter((node) => isOp(node, 'BatchNormalization')).length, 0);
    assert.deepEqual(new Set([...after.values()].flat()), new Set([...origins.values()].flat()));
  });

  it('keeps a rule from running that is switched off', async () => {
    const model = await openAsset('models/resnet20-cifar10.onnx');
    const { model: clean } = await cleanup.run(model, { rules: ['foldBatchNormalization'], verify: false }, passContext());
    assert.equal(clean.graph.nodes.filter((node) => isOp(node, 'BatchNormalization')).length, 19);
  });
});
