// A user's metric program: how it is fed, what its answer may be, and what is said when it fails.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineError } from '../../src/engine/error';
import { nodeMetricScripts } from '../../src/runtime/metricScripts';

async function* lines(count: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index += 1) yield await Promise.resolve(JSON.stringify({ index, label: index % 2, prediction: { y: [1, 0] } }));
}

describe('metric scripts', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'decant-metric-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function script(source: string): string {
    writeFileSync(path.join(folder, 'metric.mjs'), source);
    return './metric.mjs';
  }

  async function failure(spec: string | { command: readonly string[] }, count = 3): Promise<string> {
    try {
      await nodeMetricScripts.run(spec, folder, lines(count));
    } catch (error) {
      assert.ok(error instanceof EngineError && error.code === 'metricFailed', String(error));
      return error.message;
    }
    throw new Error('nothing failed');
  }

  it('gives samples to the function a module exports', async () => {
    const spec = script('export default async function (samples) { let sum = 0; let n = 0; for await (const { label } of samples) { sum += label; n += 1; } return sum / n; }');
    assert.equal(await nodeMetricScripts.run(spec, folder, lines(1000)), 0.5);
  });

  it('takes the last line that a program prints', async () => {
    const spec = script("let n = 0; for await (const chunk of process.stdin) n += String(chunk).split('\\n').length - 1; console.log('counting'); console.log(n);");
    assert.equal(await nodeMetricScripts.run(spec, folder, lines(7)), 7);
  });

  it('runs a command in any language, in the folder of the data', async () => {
    assert.equal(await nodeMetricScripts.run({ command: ['wc', '-l'] }, folder, lines(5)), 5);
  });

  it('does not wait for a program that has read enough', async () => {
    assert.equal(await nodeMetricScripts.run({ command: ['head', '-c', '0', '/dev/null'] }, folder, lines(1)).catch((error: unknown) => error instanceof EngineError ? error.code : error), 'metricFailed');
    assert.equal(await nodeMetricScripts.run(script('console.log(0.5); process.exit(0);'), folder, lines(100_000)), 0.5);
  });

  it('says what went wrong', async () => {
    assert.match(await failure(script('throw new Error("no labels here");')), /ended with status 1/);
    assert.match(await failure(script('console.log("good");')), /its last line is "good", not a number/);
    assert.match(await failure(script('')), /its last line is "", not a number/);
    assert.match(await failure('./none.mjs'), /ended with status 1/);
    assert.match(await failure({ command: ['decant-no-such-program'] }), /ENOENT/);
  });
});
