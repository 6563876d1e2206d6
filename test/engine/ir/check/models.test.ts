// The checker against the world: every operator model and asset is valid, and thousands of mutants get the verdict that
// onnx.checker gives (verdicts.json, drawn by bench/schemas/mutants.ts).

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkModel } from '../../../../src/engine/ir/check/check';
import { readModel, releaseModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { onnxCases } from '../../../../bench/core/operators/onnxCases';
import { say } from '../../../../src/protocol/text/index';
import { assetPath, withAssets } from '../../../support/assets';
import { openOperatorModel, operatorModels, TESTDATA } from './mutants';
import { compareVerdicts } from './verdicts';

/** Share of mutants on which the checker and onnx.checker may differ. */
const MAX_DIFFERENCE = 0.01;

/** Errors of a model in a line each. */
async function errors(model: Model, mode: 'strict' | 'lenient' = 'strict'): Promise<string[]> {
  const problems = await checkModel(model, { mode });
  return problems.filter(({ severity }) => severity === 'error').map(({ rule, params, node = '' }) => `${rule} at ${node}: ${say(rule, params)}`);
}

describe('checker on real models', () => {
  withAssets('assets', () => {
    it('are all valid', async () => {
      for (const folder of ['models', 'topologies']) {
        for (const name of readdirSync(assetPath(folder))) {
          const model = await openOperatorModel(join(assetPath(folder), name));
          assert.deepEqual(await errors(model), [], name);
          await releaseModel(model);
        }
      }
    });
  });

  describe('operator models of libonnx-testdata', function () {
    this.timeout(60_000);
    const paths = operatorModels();

    before(function () {
      if (paths.length > 0) return;
      console.warn(`SKIPPED: ${TESTDATA} is absent (apt-get install libonnx-testdata)`);
      this.skip();
    });

    it('are all valid', async () => {
      for (const path of paths) {
        const model = await openOperatorModel(path);
        // Three exporters' Constants hold int64 before opset 9, which onnx.checker refuses in its full check only.
        assert.deepEqual(await errors(model, 'lenient'), [], path);
        await releaseModel(model);
      }
    });

    it('get the verdicts of onnx.checker when damaged', async () => {
      const { mutants, refused, differences } = await compareVerdicts();
      assert.ok(mutants > 5000 && refused > 1000, `${mutants} mutants, ${refused} refused`);
      const lines = differences.map(({ mutation, path, found }) => `${mutation} of ${path}: ${found?.rule ?? 'nothing found'}`);
      assert.ok(differences.length <= mutants * MAX_DIFFERENCE, lines.join('\n'));
      // Where onnx.checker sees nothing, the rules below look further (docs/checker.md); no other rule may be stricter.
      const stricter = lines.filter((line) => !/nothing found|contradictsStored|subgraphOutputs|storedType/.test(line));
      assert.deepEqual(stricter, []);
    });
  });

  it('finds every case of the newest ONNX valid', async () => {
    const { cases } = onnxCases();
    assert.ok(cases.length > 1000);
    for (const { name, bytes } of cases) {
      const model = await readModel({ name, size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)), close: () => Promise.resolve() });
      // The fixture leaves out the types of outputs, which is a warning in this mode.
      assert.deepEqual(await errors(model, 'lenient'), [], name);
    }
  });
});
