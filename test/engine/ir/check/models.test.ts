// The checker against the world: every operator model and asset is valid, and thousands of mutants get the verdict that
// onnx.checker gives (verdicts.json, drawn by bench/schemas/mutants.ts).

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkModel } from '../../../../src/engine/ir/check/check';
import { releaseModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { say } from '../../../../src/protocol/text/index';
import { assetPath, withAssets } from '../../../support/assets';
import { mutantsOf, openOperatorModel, operatorModels, TESTDATA } from './mutants';

interface Verdicts {
  readonly models: number;
  /** By mutation, a character a model: 1 valid, 0 invalid, . none. */
  readonly verdicts: Readonly<Record<string, string>>;
}

const { models, verdicts } = JSON.parse(readFileSync(join(__dirname, 'verdicts.json'), 'utf8')) as Verdicts;

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
      assert.equal(paths.length, models, 'the models have changed: draw the verdicts again');
      const differing: string[] = [];
      let count = 0;
      for (const [index, path] of paths.entries()) {
        const model = await openOperatorModel(path);
        for (const mutant of mutantsOf(model, index)) {
          if (mutant.model === undefined) continue;
          count++;
          const found = await errors(mutant.model);
          const expected = verdicts[mutant.kind]?.[index];
          assert.ok(expected === '0' || expected === '1', `${mutant.kind} of ${path} has no verdict`);
          if ((found.length === 0) !== (expected === '1')) differing.push(`${mutant.kind} of ${path}: ${found[0] ?? 'nothing found'}`);
        }
        await releaseModel(model);
      }
      assert.ok(count > 5000, `${count} mutants`);
      // What differs and why is in docs/checker.md; a new rule must not add to it.
      assert.ok(differing.length <= count / 100, differing.join('\n'));
      const stricter = differing.filter((line) => !line.endsWith('nothing found') && !/contradictsStored|subgraphOutputs|storedType/.test(line));
      assert.deepEqual(stricter, []);
    });
  });
});
