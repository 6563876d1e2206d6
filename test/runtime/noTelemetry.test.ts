// onnxruntime must not call home: a process of its own with an empty home folder loads it, runs a model, and leaves no
// device id and no queue of events.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '../support/assets';

const program = `
const { createRuntime } = require('./src/runtime/sessions');
const { makeGraph, makeModel, makeNode, makeValue } = require('./src/engine/ir/build');
const model = makeModel(makeGraph({ nodes: [makeNode('Abs', ['x'], ['y'])], inputs: [makeValue('x', 'float32', [1])], outputs: [makeValue('y', 'float32', [1])] }));
(async () => {
  const session = await createRuntime().createSession(model);
  const { y } = await session.run({ x: { type: 'float32', dims: [1], data: Float32Array.of(-2) } });
  if (y.data[0] !== 2) throw new Error('wrong result');
  await session.release();
})();
`;

/** Files that appear in an empty home and an empty folder for temporary files. */
function traces(): string[] {
  const home = mkdtempSync(path.join(tmpdir(), 'decant-home-'));
  try {
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, TMPDIR: home, XDG_CACHE_HOME: path.join(home, '.cache') };
    // Names under which onnxruntime would keep quiet by itself: this machine must not hide a leak of others.
    for (const name of ['ORT_DISABLE_TELEMETRY', 'ORT_TELEMETRY_DISABLED', 'CI', 'GITHUB_ACTIONS', 'TF_BUILD']) env[name] = undefined;
    execFileSync(process.execPath, ['--import', 'tsx', '-e', program], { cwd: repositoryRoot, env });
    return readdirSync(home, { recursive: true }).map(String).filter((name) => /Microsoft|mat-debug|deviceid|\.onnxruntime/i.test(name));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('onnxruntime without telemetry', () => {
  it('leaves no device id and no events', function () {
    this.timeout(30_000);
    assert.deepEqual(traces(), []);
  });
});
