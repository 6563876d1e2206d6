import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { encodedLength } from '../../../../src/engine/ir/codec';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import { relativeDifference } from '../../../../src/engine/passes/cleanup/verify';
import { assetPath, withAssets } from '../../../support/assets';
import { dynamicVariant, runAt } from '../../../support/dynamicAxes';
import { assetDims, closeAssets, openAsset } from '../../../support/models';
import { passContext } from '../../../support/passContext';

/** Issue 3. */
const TOLERANCE = 1e-5;

withAssets('cleanup of models with open axes', () => {
  afterEach(closeAssets);

  const models = readdirSync(assetPath('models')).filter((name) => name.endsWith('.onnx')).map((name) => `models/${name}`);
  for (const [at, name] of [...models, 'topologies/light_shufflenet.onnx', 'topologies/light_squeezenet.onnx'].entries()) {
    it(`leaves ${name} equal at every size`, async function () {
      this.timeout(60_000);
      const original = await openAsset(name);
      // Where no further axis can be opened, the file has an open batch already.
      const { model, sizes } = await dynamicVariant(original, at) ?? { model: original, sizes: [assetDims, { ...assetDims, N: 3, batch: 3 }] };
      const { model: clean } = await cleanup.run(model, { rules: [], verify: false }, passContext());
      assert.ok(clean.graph.nodes.length <= model.graph.nodes.length);
      assert.ok(encodedLength(clean) <= encodedLength(model));
      for (const dims of sizes) {
        const { feeds, outputs } = await runAt(model, dims, 'disabled');
        for (const optimization of ['disabled', 'all'] as const) {
          const { outputs: found } = await runAt(clean, dims, optimization, feeds);
          for (const [output, array] of Object.entries(outputs)) {
            const difference = relativeDifference(array, found[output]);
            assert.ok(difference <= TOLERANCE, `${output} differs by ${difference} at ${JSON.stringify(dims)}, ${optimization}`);
          }
        }
      }
      const { model: twice } = await cleanup.run(clean, { rules: [], verify: false }, passContext());
      assert.deepEqual(twice.graph.nodes.map((node) => node.outputs[0]), clean.graph.nodes.map((node) => node.outputs[0]));
    });
  }
});
