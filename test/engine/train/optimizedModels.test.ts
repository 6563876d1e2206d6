// Models as onnxruntime's optimizer writes them, with its own fused operators: their gradients are those of the models that
// were optimized, at every parameter that both have.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel, releaseModel } from '../../../src/engine/ir/codec';
import type { Model } from '../../../src/engine/ir/model';
import { nodeFiles } from '../../../src/runtime/files';
import { createSession } from '../../../src/runtime/sessions';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { openCase, oracleCases, readCase } from '../../support/oracleCases';
import { NORM_WISE, wholeGradients } from '../../support/wholeGradients';

/** What the optimizer makes of each; its fusions differ between versions, and a model without them would show nothing. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['resnet20-cifar10-frozen', ['FusedConv']],
  ['ds_cnn_s-kws12-frozen', ['FusedConv']],
  ['fashion-mobilenetv2-bn-frozen', ['FusedConv']],
  ['dnn_m-kws12', ['FusedGemm']],
  ['sst2-transformer', ['FusedMatMul', 'FusedGemm', 'BiasGelu']],
];

async function optimized(model: Model, folder: string): Promise<Model> {
  const path = join(folder, 'optimized.onnx');
  const session = await createSession(model, { threads: 1, optimization: 'extended', profile: { prefix: join(folder, 'profile'), optimizedModel: path } });
  await session.release();
  return readModel(await nodeFiles.open(path), nodeFiles);
}

withAssets('gradients of models that onnxruntime optimized', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'decant-optimized-')); });
  after(async () => {
    await closeAssets();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [name, fused] of CASES) {
    it(`${name} with ${fused.join(', ')}`, async () => {
      const oracle = oracleCases.find((each) => each.name === name);
      assert.ok(oracle !== undefined, name);
      const model = await openCase(oracle);
      const other = await optimized(model, folder);
      try {
        const operators = new Set(other.graph.nodes.filter(({ domain }) => domain === 'com.microsoft').map(({ opType }) => opType));
        assert.deepEqual([...fused].filter((operator) => !operators.has(operator)), [], 'not fused any more');
        const batch = await readCase(oracle, model);
        const [wanted, found] = [await wholeGradients(model, batch, 'frozen'), await wholeGradients(other, batch, 'frozen')];
        assert.ok(Math.abs(wanted.loss - found.loss) < 1e-5 * Math.max(1, wanted.loss), `loss ${found.loss}, before ${wanted.loss}`);
        // BatchNormalization is folded away; the rest keeps its names.
        const common = [...wanted.gradients.keys()].filter((parameter) => found.gradients.has(parameter));
        assert.ok(common.length >= 2, common.join());
        const total = Math.hypot(...common.map((parameter) => norm(wanted.gradients.get(parameter) ?? new Float32Array(0))));
        for (const parameter of common) {
          const [a, b] = [wanted.gradients.get(parameter) as Float32Array, found.gradients.get(parameter) as Float32Array];
          // The gradient of a bias before Softmax is rounding noise: least against a hundredth of all.
          const error = norm(a.map((value, at) => value - (b[at] as number))) / Math.max(norm(a), total / 100);
          assert.ok(error < NORM_WISE, `${parameter}: ${error}`);
        }
      } finally {
        await releaseModel(other);
      }
    }).timeout(60_000);
  }
});

/** Euclidean; Math.hypot cannot take as many arguments as a tensor has elements. */
function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}
