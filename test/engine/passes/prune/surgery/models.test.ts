// Surgery on real models, with weights drawn anew: half of all units go, and the outputs are those of the model with these
// units zeroed. The topologies, MobileNetV2 and BERT-base are in bench/pruning/surgery.ts; one of each kind is here.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mobileNetV2 } from '../../../../../bench/core/macs/networks';
import { assetPath, hasAssets, withAssets } from '../../../../support/assets';
import { addKnown, lookInto, macsOf } from '../../../../../src/engine/analysis/costGraph';
import type { Model } from '../../../../../src/engine/ir/model';
import { inferShapes, type ShapeMap } from '../../../../../src/engine/ir/shapes/index';
import { shapesAfter } from '../../../../../src/engine/passes/prune/surgery/index';
import { closeAssets, openAsset } from '../../../../support/models';
import { halved, refilled } from '../../../../support/pruning';

/** Float32 sums in another order, through many layers. */
const TOLERANCE = 1e-5;

const topologies = ['light_shufflenet', 'light_squeezenet', 'light_inception_v1'].map((name) => `topologies/${name}.onnx`);

withAssets('surgery on real models', function () {
  this.timeout(60_000);
  after(closeAssets);
  const models = hasAssets ? readdirSync(assetPath('models')).map((file) => `models/${file}`) : [];
  for (const path of [...models, ...topologies]) {
    it(path, async () => {
      const model = await refilled(await openAsset(path), 3);
      const { dependencies, difference, effect, kept, pruned } = await halved(model);
      assert.ok(dependencies.groups.length > 0);
      assert.ok(difference <= TOLERANCE, `differs by ${difference}`);
      assert.ok(effect > 1e-2, `the test sees nothing: ${effect}`);
      assert.equal(macsWith(pruned, await inferShapes(pruned)), macsWith(model, shapesAfter(await inferShapes(model), kept)), 'costs of a choice are known before cutting');
    });
  }
});

/** Null where sizes are open. */
function macsWith({ graph }: Model, shapes: ShapeMap): number | null {
  const look = lookInto(shapes, graph);
  return graph.nodes.map((node) => macsOf(node, shapes, look)).reduce(addKnown, 0);
}

describe('surgery on MobileNetV2', function () {
  this.timeout(60_000);
  it('leaves what zeroing leaves', async () => {
    const { dependencies, difference } = await halved(await refilled(mobileNetV2(), 3));
    assert.equal(dependencies.groups.length, 25);
    assert.ok(difference <= TOLERANCE, `differs by ${difference}`);
  });
});
