// Makes every pass of the registry check what it made, for all tests that import the pass context: an outcome may break
// no rule of ONNX that the model before did not break already.

import assert from 'node:assert/strict';
import { checkModel } from '../../src/engine/ir/check/check';
import type { Problem } from '../../src/engine/ir/check/problem';
import type { Model } from '../../src/engine/ir/model';
import { passes } from '../../src/engine/passes/registry';
import { say } from '../../src/protocol/text/index';

/** Breaches as onnx.checker sees them, and descriptions of values that are gone. */
async function breaches(model: Model): Promise<Problem[]> {
  const problems = await checkModel(model);
  return problems.filter(({ severity, rule }) => severity === 'error' || rule === 'check.strayValueInfo' || rule === 'check.strayAnnotation');
}

export async function assertStillValid(before: Model, after: Model, what: string): Promise<void> {
  const found = await breaches(after);
  if (found.length === 0) return;
  const known = new Set((await breaches(before)).map(({ rule }) => rule));
  const own = found.filter(({ rule }) => !known.has(rule));
  assert.deepEqual(own.map(({ rule, node = '', params }) => `${rule} at ${node}: ${say(rule, params)}`), [], `${what} made an invalid model`);
}

/** Wraps `run` of every pass; once is enough for a process. */
export function checkPasses(): void {
  for (const pass of passes) {
    const run = pass.run.bind(pass);
    const checked: typeof pass.run = async (model, options, context) => {
      const outcome = await run(model, options, context);
      await assertStillValid(model, outcome.model, pass.id);
      return outcome;
    };
    Object.assign(pass, { run: checked });
  }
}
