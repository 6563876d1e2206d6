// The background process leaves when its parent does, even while its main thread is blocked and cannot notice.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleFakeWorker } from '../support/bundle';
import { isRunning } from '../support/processes';

describe('background process whose parent dies', function () {
  this.timeout(20_000);

  it('is gone within three seconds', async () => {
    const folder = await bundleFakeWorker('orphan', { parent: 'test/worker/fixtures/parent.ts' });
    const parent = spawn(process.execPath, [path.join(folder, 'parent.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pid = Number(line.replace('pid ', ''));
    // By now the thread is blocked for a minute.
    await sleep(200);
    assert.ok(isRunning(pid));
    parent.kill('SIGKILL');
    const start = performance.now();
    while (isRunning(pid)) {
      assert.ok(performance.now() - start < 3000, 'it lives on');
      await sleep(50);
    }
  });
});
