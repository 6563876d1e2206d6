// Every real model, all its layers decomposed by exact factors: valid, and the same function.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { assetPath, hasAssets, withAssets } from '../../../../support/assets';
import { assertSameOutputs, closeAssets, openAsset } from '../../../../support/models';
import { refilled } from '../../../../support/pruning';
import { decomposed, exactFactors } from './surgerySupport';

/** Grouped convolutions with shuffled channels, and branches; their weights are drawn. */
const topologies = ['light_shufflenet', 'light_inception_v1'].map((name) => `topologies/${name}.onnx`);

withAssets('surgery on real models', function () {
  this.timeout(60_000);
  afterEach(closeAssets);
  const models = hasAssets ? readdirSync(assetPath('models')).map((file) => `models/${file}`) : [];
  for (const path of [...models, ...topologies]) {
    it(path, async () => {
      const opened = await openAsset(path);
      const model = topologies.includes(path) ? await refilled(opened, 3) : opened;
      const { model: result, layers, added } = await decomposed(model, (kernel) => exactFactors(kernel));
      assert.ok(layers.length > 0);
      const left = new Set([...result.graph.initializers.keys(), ...result.graph.nodes.flatMap(({ outputs }) => outputs)]);
      assert.deepEqual(layers.filter(({ weight }) => left.has(weight.name)), [], 'weights that stayed behind');
      assert.equal(added.size, layers.reduce((sum, { nodes, shape }) => sum + nodes.length * (shape.kernel.length > 0 ? 2 : 1), 0));
      await assertSameOutputs(model, result, 1e-4);
    });
  }
});
