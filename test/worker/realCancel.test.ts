// The promise of the background process with the real one and real onnxruntime: cancel takes effect within a second while
// a run holds its thread and every core is busy. Needs dist/worker.js, which `npm test` builds first.
import assert from 'node:assert/strict';
import path from 'node:path';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { JobError, JobEvent } from '../../src/protocol/jobs';
import { createJobClient } from '../../src/worker/client';
import { assetPath, repositoryRoot, withAssets } from '../support/assets';

/** The limit for a cancel, ms. */
const CANCEL_LIMIT_MS = 1000;
/** Images a run, so that one call of onnxruntime takes seconds on busy cores. */
const BATCH = 64;

withAssets('cancelling real inference', function () {
  this.timeout(90_000);
  const load: Worker[] = [];
  before(() => {
    for (let core = 0; core < availableParallelism(); core++) load.push(new Worker('for (;;);', { eval: true }));
  });
  after(() => Promise.all(load.map((thread) => thread.terminate())));

  it('takes effect within a second in the midst of a run', async function () {
    // A machine with other tests on its cores may miss the limit once.
    this.retries(2);
    const client = createJobClient({ entry: path.join(repositoryRoot, 'dist', 'worker.js') });
    try {
      const events: JobEvent[] = [];
      const job = client.run('profile', { model: assetPath('topologies/light_bvlc_alexnet.onnx'), batch: BATCH, runs: 100 }, { onEvent: (event) => events.push(event) });
      const ended = job.result.then(() => undefined, (error: unknown) => error as JobError);
      while (!events.some(({ type }) => type === 'progress')) await sleep(50);
      // Long enough for onnxruntime to be inside one of its calls.
      await sleep(3000);
      const start = performance.now();
      job.cancel();
      assert.equal((await ended)?.data.code, 'cancelled');
      const took = performance.now() - start;
      assert.ok(took < CANCEL_LIMIT_MS, `took ${took.toFixed(0)} ms`);
    } finally {
      await client.dispose({ force: true });
    }
  });
});
