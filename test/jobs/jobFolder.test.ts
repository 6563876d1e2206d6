// Job folders: what is written is read back, a torn line does no harm, old jobs go.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openEventLog, readEvents } from '../../src/jobs/eventLog';
import { createJobFolder, defaultJobsRoot, listJobs, pruneJobs, readCheckpoint, readJob, readResumable, writeCheckpoint, writeFileAtomic } from '../../src/jobs/jobFolder';
import { JobError } from '../../src/protocol/jobs';
import { temporaryFolder } from '../support/bundle';

const request = { model: 'm.onnx', recipe: { version: 1 as const, passes: [{ pass: 'quantize.static' }] } };

describe('job folder', () => {
  it('keeps request and recipe', () => {
    const folder = createJobFolder(temporaryFolder('jobs'), 'compress', request);
    assert.deepEqual(readResumable(folder, 'compress'), request);
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'recipe.json'), 'utf8')), request.recipe);
    assert.equal(readJob(folder).state, 'unfinished');
  });

  it('refuses to resume what is no job, of another kind, or done', () => {
    const root = temporaryFolder('jobs');
    assert.throws(() => readResumable(root, 'compress'), refusal('job.noRequest'));
    writeFileSync(path.join(root, 'request.json'), '{"kind"');
    assert.throws(() => readResumable(root, 'compress'), refusal('job.badRequest'));
    assert.throws(() => readResumable(createJobFolder(root, 'inspect', { model: 'm' }), 'compress'), refusal('job.otherKind'));
    const folder = createJobFolder(root, 'compress', request);
    openEventLog(folder).append({ type: 'done', result: {} });
    assert.throws(() => readResumable(folder, 'compress'), refusal('job.isDone'));
  });

  it('goes on after a line that a kill cut short', () => {
    const folder = createJobFolder(temporaryFolder('jobs'), 'compress', request);
    openEventLog(folder).append({ type: 'log', level: 'info', message: '一' });
    appendFileSync(path.join(folder, 'events.jsonl'), '{"type":"log","level":"in');
    assert.deepEqual(readEvents(folder).map(({ seq }) => seq), [1]);
    openEventLog(folder).append({ type: 'cancelled' });
    assert.deepEqual(readEvents(folder).map(({ seq, type }) => [seq, type]), [[1, 'log'], [2, 'cancelled']]);
  });

  it('reads the checkpoint back, and refuses one whose file is gone', () => {
    const folder = createJobFolder(temporaryFolder('jobs'), 'compress', request);
    assert.equal(readCheckpoint(folder), undefined);
    const checkpoint = { version: 1, step: 1, file: 'step1.onnx', steps: [], inputs: { 'm.onnx': 'ab' } } as const;
    writeCheckpoint(folder, checkpoint);
    assert.throws(() => readCheckpoint(folder), refusal('job.badCheckpoint'));
    writeFileAtomic(path.join(folder, 'step1.onnx'), Uint8Array.of(1, 2));
    assert.deepEqual(readCheckpoint(folder), checkpoint);
  });

  it('leaves the old file and nothing else when a write fails', () => {
    const folder = temporaryFolder('jobs');
    mkdirSync(path.join(folder, 'taken'));
    assert.throws(() => writeFileAtomic(path.join(folder, 'taken'), 'x'));
    assert.deepEqual(readdirSync(folder), ['taken']);
  });

  it('lets the oldest ended jobs go, never an unfinished one that is fresh', () => {
    const root = temporaryFolder('jobs');
    const folders = Array.from({ length: 5 }, (_, index) => {
      const folder = path.join(root, `2026-0${index}`);
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'request.json'), JSON.stringify({ version: 1, kind: 'compress', created: 'x', request }));
      if (index !== 0) openEventLog(folder).append({ type: 'cancelled' });
      return folder;
    });
    pruneJobs(root, 2);
    assert.deepEqual(folders.map((folder) => existsSync(folder)), [true, false, false, true, true]);
    assert.deepEqual(listJobs(root).map(({ state }) => state), ['cancelled', 'cancelled', 'unfinished']);
  });

  it('has a root a user, on every system', () => {
    assert.equal(defaultJobsRoot({ DECANT_JOBS: '/j' }), '/j');
    assert.equal(defaultJobsRoot({ XDG_STATE_HOME: '/s' }, 'linux'), path.join('/s', 'decant', 'jobs'));
    assert.match(defaultJobsRoot({}, 'linux'), /\.local.state.decant.jobs$/);
    assert.match(defaultJobsRoot({}, 'darwin'), /Library.Application Support.decant.jobs$/);
    assert.equal(defaultJobsRoot({ LOCALAPPDATA: 'C' }, 'win32'), path.join('C', 'decant', 'jobs'));
  });
});

function refusal(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof JobError && error.data.code === 'notResumable' && error.data.params['reason'] === reason;
}
