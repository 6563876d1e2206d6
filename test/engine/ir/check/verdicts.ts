// Compares the checker with onnx.checker on every mutant: verdicts.json holds what onnx.checker said.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkModel } from '../../../../src/engine/ir/check/check';
import type { Problem } from '../../../../src/engine/ir/check/problem';
import { releaseModel } from '../../../../src/engine/ir/codec';
import { mutantsOf, openOperatorModel, operatorModels } from './mutants';

interface VerdictFile {
  /** Version of PyPI's onnx. */
  readonly onnx: string;
  readonly models: number;
  /** By mutation, a character a model: 1 valid, 0 invalid, . none. */
  readonly verdicts: Readonly<Record<string, string>>;
}

export interface Difference {
  readonly mutation: string;
  readonly path: string;
  /** What the checker found; undefined where only onnx.checker refuses. */
  readonly found: Problem | undefined;
}

export interface Comparison {
  readonly onnx: string;
  readonly mutants: number;
  /** Mutants that onnx.checker refuses. */
  readonly refused: number;
  readonly differences: readonly Difference[];
}

export async function compareVerdicts(): Promise<Comparison> {
  const { onnx, models, verdicts } = JSON.parse(readFileSync(join(__dirname, 'verdicts.json'), 'utf8')) as VerdictFile;
  const paths = operatorModels();
  if (paths.length !== models) throw new Error(`the verdicts are of ${models} models, here are ${paths.length}: draw them again`);
  const differences: Difference[] = [];
  let mutants = 0;
  let refused = 0;
  for (const [index, path] of paths.entries()) {
    const model = await openOperatorModel(path);
    for (const mutant of mutantsOf(model, index)) {
      if (mutant.model === undefined) continue;
      const expected = verdicts[mutant.kind]?.[index];
      if (expected !== '0' && expected !== '1') throw new Error(`${mutant.kind} of ${path} has no verdict: draw them again`);
      mutants++;
      if (expected === '0') refused++;
      const found = (await checkModel(mutant.model)).find(({ severity }) => severity === 'error');
      if ((found === undefined) !== (expected === '1')) differences.push({ mutation: mutant.kind, path, found });
    }
    await releaseModel(model);
  }
  return { onnx, mutants, refused, differences };
}
