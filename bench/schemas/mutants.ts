// Draws test/engine/ir/check/verdicts.json: writes all mutants of the operator models into a folder and asks onnx.checker
// (verdicts.py) about each. Run: npx tsx bench/schemas/mutants.ts PYTHON, where PYTHON has `onnx` installed.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, releaseModel } from '../../src/engine/ir/codec';
import { mutantsOf, openOperatorModel, operatorModels } from '../../test/engine/ir/check/mutants';

async function draw(python: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
  const paths = operatorModels();
  for (const [index, path] of paths.entries()) {
    const model = await openOperatorModel(path);
    for (const mutant of mutantsOf(model, index)) {
      if (mutant.model !== undefined) writeFileSync(join(folder, `${mutant.kind}.${index}.onnx`), await encodeModel(mutant.model));
    }
    await releaseModel(model);
  }
  execFileSync(python, [join(__dirname, 'verdicts.py'), folder, String(paths.length), join(__dirname, '../../test/engine/ir/check/verdicts.json')], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
}

void draw(process.argv[2] ?? 'python3');
