// Jobs that a reload of the window ended: offered again when a view opens, and only those that can go on.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { createUnfinished, unfinishedJobs, type UnfinishedJob } from '../../../src/host/jobs/unfinished';
import { modelInWorkspace, runningHost } from './support';

describe('jobs that ended with their window', () => {
  const real = vscode.window.showInformationMessage;
  let storage = '';
  let model = '';
  let asked: string[] = [];
  let answer: string | undefined;

  /** A job folder as the background process leaves it. */
  function leave(name: string, events: readonly object[]): string {
    const folder = path.join(storage, 'jobs', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'events.jsonl'), events.map((event, index) => `${JSON.stringify({ seq: index + 1, time: '', ...event })}\n`).join(''));
    return folder;
  }
  const started = (of: string): object => ({ type: 'started', kind: 'compress', request: { model: of, recipe: { version: 1, passes: [] } } });
  const progress = { type: 'progress', progress: { activity: 'progress.calibrating', fraction: 0.5 } };

  before(async () => {
    model = (await modelInWorkspace()).fsPath;
    vscode.window.showInformationMessage = (text: string): Promise<never> => {
      asked.push(text);
      return Promise.resolve(answer as never);
    };
  });
  beforeEach(async () => {
    storage = await mkdtemp(path.join(tmpdir(), 'decant-jobs-'));
    asked = [];
    answer = undefined;
  });
  afterEach(() => rm(storage, { recursive: true, force: true }));
  after(() => {
    vscode.window.showInformationMessage = real;
  });

  async function offer(running: readonly string[] = []): Promise<readonly UnfinishedJob[]> {
    const resumed: UnfinishedJob[] = [];
    const jobs = { running: () => running.map((folder) => ({ folder }) as never) };
    const unfinished = createUnfinished({ jobs, log: (await runningHost()).log, storage, resume: (job) => Promise.resolve(void resumed.push(job)) });
    await unfinished.offer();
    await unfinished.offer();
    return resumed;
  }

  it('are those that began, have no end, and whose model is there, the newest first', async () => {
    leave('1', [started(model), progress]);
    leave('2', [started(model), { type: 'cancelled' }]);
    leave('3', [started(model), { type: 'done', result: {} }]);
    leave('4', [started(path.join(storage, 'gone.onnx'))]);
    leave('5', [started(model)]);
    mkdirSync(path.join(storage, 'jobs', '6'));
    assert.deepEqual((await unfinishedJobs(storage)).map(({ folder }) => path.basename(folder)), ['5', '1']);
  });

  it('are offered once and go on when asked to', async () => {
    const folder = leave('1', [started(model), progress]);
    answer = 'Resume';
    const resumed = await offer();
    assert.deepEqual(resumed.map((job) => job.folder), [folder]);
    assert.equal(asked.length, 1);
    assert.match(asked[0] ?? '', new RegExp(path.basename(model)));
  });

  it('are kept when the question is closed, and removed when discarded', async () => {
    const folder = leave('1', [started(model), progress]);
    assert.deepEqual(await offer(), []);
    assert.ok(existsSync(folder));
    answer = 'Discard';
    assert.deepEqual(await offer(), []);
    assert.ok(!existsSync(folder));
  });

  it('are not those that run in this window', async () => {
    const folder = leave('1', [started(model), progress]);
    await offer([folder]);
    assert.deepEqual(asked, []);
  });
});
