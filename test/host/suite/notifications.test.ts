// What a person sees when a job fails: one notification with a way to the log, and after a death the offer to go on.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { createJobCenter, type JobCenter } from '../../../src/host/jobs/jobCenter';
import { runVisibly } from '../../../src/host/jobs/visibleJobs';
import { fakeClient, type FakeJob, runningHost, until } from './support';

interface Shown {
  readonly text: string;
  readonly actions: readonly string[];
}

const request = { model: '/m.onnx', recipe: { version: 1, passes: [] } } as const;
const options = { models: ['/m.onnx'], name: 'm.onnx', keep: true };

describe('a job that fails', () => {
  const real = vscode.window.showErrorMessage;
  let storage = '';
  let shown: Shown[] = [];
  let answer: string | undefined;
  let center: JobCenter;
  let jobs: FakeJob[] = [];
  let log: vscode.LogOutputChannel;

  before(async () => {
    storage = await mkdtemp(path.join(tmpdir(), 'decant-jobs-'));
    log = (await runningHost()).log;
  });
  beforeEach(() => {
    shown = [];
    answer = undefined;
    const fake = fakeClient();
    jobs = fake.jobs;
    center = createJobCenter({ clients: { of: () => Promise.resolve(fake.client) }, log, storage, isTrusted: () => true });
    // This suite has an instance of the API of its own; Decant's is not touched.
    vscode.window.showErrorMessage = (text: string, ...actions: readonly unknown[]): Promise<never> => {
      shown.push({ text, actions: actions.map(String) });
      return Promise.resolve(answer as never);
    };
  });
  after(async () => {
    vscode.window.showErrorMessage = real;
    await rm(storage, { recursive: true, force: true });
  });

  it('is told once, with a way to the log', async () => {
    const running = runVisibly(center, log, 'compress', request, options);
    await until('the job starting', () => jobs.length === 1);
    jobs[0]?.fail({ code: 'emptyFolder', params: { file: '/data', example: '{}' } });
    await assert.rejects(running);
    assert.equal(shown.length, 1);
    assert.match(shown[0]?.text ?? '', /^The folder \/data holds no samples\./);
    assert.deepEqual(shown[0]?.actions, ['Show Log']);
  });

  it('says nothing of an error when it was cancelled', async () => {
    const running = runVisibly(center, log, 'compress', request, options);
    await until('the job starting', () => jobs.length === 1);
    jobs[0]?.fail({ code: 'cancelled', params: {} });
    await assert.rejects(running);
    assert.deepEqual(shown, []);
  });

  it('tells the last words of a process that died, and goes on in the same folder when asked to', async () => {
    answer = 'Resume';
    const folders: (string | undefined)[] = [];
    center.onDidChange(({ folder }) => folders.push(folder));
    const running = runVisibly(center, log, 'compress', request, options);
    await until('the job starting', () => jobs.length === 1);
    jobs[0]?.fail({ code: 'workerDied', params: { how: 'SIGSEGV', activity: 'progress.calibrating', lastWords: 'segmentation fault' } });
    await until('the job going on', () => jobs.length === 2);
    assert.match(shown[0]?.text ?? '', /calibrating.*segmentation fault/);
    assert.deepEqual(shown[0]?.actions, ['Resume', 'Show Log']);
    jobs[1]?.finish('done');
    assert.equal(await running, 'done');
    assert.equal(new Set(folders).size, 1);
  });
});
