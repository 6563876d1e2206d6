import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { compressRequest } from '../../../src/host/actions/compress';
import { createJobCenter } from '../../../src/host/jobs/jobCenter';
import { failureText } from '../../../src/host/jobs/visibleJobs';
import { UserError } from '../../../src/host/userError';
import { JobError } from '../../../src/protocol/jobs';
import { fakeClient, modelInWorkspace, runningHost, until } from './support';

const rejectsWith = (code: string) => (error: unknown): boolean => (error as { data?: { code?: string } }).data?.code === code;

describe('jobs in the host', () => {
  let storage = '';
  before(async () => {
    storage = await mkdtemp(path.join(tmpdir(), 'decant-jobs-'));
  });
  after(() => rm(storage, { recursive: true, force: true }));

  it('refuse to run a model without trust, and still inspect', async () => {
    const { client, jobs } = fakeClient();
    const { log } = await runningHost();
    const center = createJobCenter({ clients: { of: () => Promise.resolve(client) }, log, storage, isTrusted: () => false });
    const options = { models: ['/m.onnx'], name: 'm.onnx' };
    for (const kind of ['profile', 'providers'] as const) await assert.rejects(center.start(kind, { model: '/m.onnx' }, options), rejectsWith('untrustedWorkspace'));
    await assert.rejects(center.start('compress', { model: '/m.onnx', recipe: { version: 1, passes: [] } }, options), rejectsWith('untrustedWorkspace'));
    assert.equal(jobs.length, 0);
    const inspecting = center.start('inspect', { model: '/m.onnx' }, options);
    await until('the inspection starting', () => jobs.length === 1);
    jobs[0]?.finish({});
    await inspecting;
  });

  it('tell progress, keep a folder, and are gone when they end', async () => {
    const { client, jobs } = fakeClient();
    const { log } = await runningHost();
    const center = createJobCenter({ clients: { of: () => Promise.resolve(client) }, log, storage, isTrusted: () => true });
    const running = center.start('compress', { model: '/m.onnx', recipe: { version: 1, passes: [] } }, { models: ['/m.onnx'], name: 'm.onnx', keep: true });
    await until('the job starting', () => jobs.length === 1);
    jobs[0]?.emit({ type: 'progress', seq: 1, time: '', progress: { activity: 'progress.calibrating', fraction: 0.5, layer: 'conv1' } });
    const job = center.runningOn('/m.onnx');
    assert.equal(job?.progress?.layer, 'conv1');
    assert.ok(job.folder !== undefined && existsSync(job.folder));
    job.cancel();
    await assert.rejects(running, rejectsWith('cancelled'));
    assert.equal(center.runningOn('/m.onnx'), undefined);
  });

  it('go on when the editor tab is closed, and cancel by command', async () => {
    const host = await runningHost();
    const model = await modelInWorkspace();
    const { client, jobs } = fakeClient();
    host.clients.replace(() => Promise.resolve(client));
    try {
      await vscode.commands.executeCommand('decant.openModel', model);
      void vscode.commands.executeCommand('decant.profileModel', model);
      await until('the job starting', () => jobs.some(({ kind }) => kind === 'profile'));
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      assert.equal(host.jobs.runningOn(model.fsPath)?.kind, 'profile');
      await vscode.commands.executeCommand('decant.cancelJob');
      await until('the job ending', () => host.jobs.runningOn(model.fsPath) === undefined);
      assert.equal(jobs.find(({ kind }) => kind === 'profile')?.cancelled, true);
    } finally {
      host.clients.reset();
    }
  });
});

describe('what a person is told', () => {
  const said = (code: ConstructorParameters<typeof JobError>[0]['code'], params = {}): string => failureText(new JobError({ code, params }, code));

  it('is the error\'s own sentence', () => assert.match(said('emptyFile', { file: 'a.onnx' }), /^a\.onnx is empty\. .+/));

  it('names the editor\'s way out, not a flag of the command line', () => {
    for (const code of ['dataNeeded', 'criterionNeedsData', 'symbolicDimension', 'splitMissing', 'unknownProvider', 'ignoreMatchesNothing', 'inputChanged', 'notResumable', 'outputUnwritable', 'diskFull', 'sessionFailed'] as const)
      assert.doesNotMatch(said(code), /--\w| -o\b|decant \w+"/, code);
  });

  it('names files of the workspace as the explorer does', async () => {
    const { fsPath } = await modelInWorkspace();
    assert.match(said('emptyFile', { file: fsPath }), new RegExp(`^${path.basename(fsPath)} is empty`));
  });

  it('is the sentence of a wrong file as it is', () => assert.equal(failureText(new UserError('This is no recipe.')), 'This is no recipe.'));
});

describe('the compress form', () => {
  it('becomes a request: one pass, options that differ, a report beside the output', () => {
    const request = compressRequest('/m/a.onnx', { pass: 'quantize.static', options: { samples: 64 }, data: '/d.json', dims: {} });
    assert.deepEqual(request, { model: '/m/a.onnx', recipe: { version: 1, passes: [{ pass: 'quantize.static', samples: 64 }] }, report: true, trusted: vscode.workspace.isTrusted, data: '/d.json' });
  });

  it('names open dimensions, and no data where none was chosen', () => {
    const request = compressRequest('/m/a.onnx', { pass: 'quantize.dynamic', options: {}, data: null, dims: { sequence: 64 } });
    assert.deepEqual(request.dims, { sequence: 64 });
    assert.equal('data' in request, false);
  });
});
