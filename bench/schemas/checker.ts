// The checker against the world: operator models and assets are valid, and damaged ones get onnx.checker's verdict.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkModel } from '../../src/engine/ir/check/check';
import { releaseModel } from '../../src/engine/ir/codec';
import { assetPath, hasAssets } from '../../test/support/assets';
import { openOperatorModel, operatorModels, TESTDATA } from '../../test/engine/ir/check/mutants';
import { compareVerdicts, type Comparison, type Difference } from '../../test/engine/ir/check/verdicts';
import type { Bench, Claim } from '../lib/bench';

/** Issue 3: all 1,072 models. */
const DEBIAN_MODELS = 1072;
/** Ours: no fewer agreements, so that a new rule cannot spoil them. */
const WANTED_AGREEMENT = 0.99;

export const checker: Bench = {
  name: 'checker',
  title: 'The checker against onnx.checker',
  async run() {
    if (!existsSync(TESTDATA) || !hasAssets) throw new Error('needs libonnx-testdata and ../shared/assets');
    const assets = ['models', 'topologies'].flatMap((folder) => readdirSync(assetPath(folder)).map((name) => join(assetPath(folder), name)));
    const comparison = await compareVerdicts();
    return {
      claims: [
        await allValid('operator models of libonnx-testdata', operatorModels(), DEBIAN_MODELS),
        await allValid('models of ../shared/assets', assets, assets.length),
        agreement(comparison),
      ],
      tables: [{ title: 'Where the verdicts differ', columns: ['mutation', 'who refuses', 'rule', 'mutants'], rows: rows(comparison.differences) }],
    };
  },
};

async function allValid(what: string, paths: readonly string[], wanted: number): Promise<Claim> {
  let valid = 0;
  let strict = 0;
  let ms = 0;
  for (const path of paths) {
    const model = await openOperatorModel(path);
    const start = performance.now();
    const problems = await checkModel(model);
    ms += performance.now() - start;
    if (!problems.some(({ severity }) => severity === 'error')) strict++;
    if (!(await checkModel(model, { mode: 'lenient' })).some(({ severity }) => severity === 'error')) valid++;
    await releaseModel(model);
  }
  const note = `${strict} without any breach; ${(ms / paths.length).toFixed(1)} ms a model, inference included`;
  return { claim: `${what}: checked valid`, wanted: `all of ${wanted}`, found: `${valid} of ${paths.length}`, met: valid === wanted && paths.length === wanted, note };
}

function agreement({ onnx, mutants, refused, differences }: Comparison): Claim {
  const share = 1 - differences.length / mutants;
  return {
    claim: `same verdict as onnx.checker ${onnx} (full_check) on damaged models`,
    wanted: `>= ${WANTED_AGREEMENT * 100} % (not in the issue)`,
    found: `${(share * 100).toFixed(2)} % of ${mutants}, of which it refuses ${refused}`,
    met: share >= WANTED_AGREEMENT,
    note: 'the rest below; why is in docs/checker.md',
  };
}

function rows(differences: readonly Difference[]): string[][] {
  const counts = new Map<string, number>();
  for (const { mutation, found } of differences) {
    const key = [mutation, found === undefined ? 'onnx.checker' : 'Decant', found?.rule ?? ''].join('|');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([key, count]) => [...key.split('|'), String(count)]);
}
