// The client against real child processes: every way a job, or the process under it, can end.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '../../src/jobs/eventLog';
import { createJobFolder, readJob } from '../../src/jobs/jobFolder';
import { errorText } from '../../src/protocol/errors';
import { JobError, type JobClient, type JobEvent, type RunningJob } from '../../src/protocol/jobs';
import { createJobClient, type JobClientOptions } from '../../src/worker/client';
import { bundleFakeWorker, temporaryFolder } from '../support/bundle';
import { isRunning } from '../support/processes';
import { inspectReport } from './fixtures/fakeResults';

describe('job client', function () {
  this.timeout(20_000);
  let entry = '';
  let client: JobClient;
  let events: JobEvent[] = [];

  before(async () => {
    entry = path.join(await bundleFakeWorker('client'), 'worker.js');
  });
  beforeEach(() => open());
  afterEach(() => client.dispose({ force: true }));

  function open(options: Partial<JobClientOptions> = {}): void {
    events = [];
    client = createJobClient({ entry, ...options });
  }

  function inspect(model: string): RunningJob<'inspect'> {
    return client.run('inspect', { model }, { onEvent: (event) => events.push(event) });
  }

  function compress(model: string, folder: string, resume = false): RunningJob<'compress'> {
    return client.run('compress', { model, recipe: { version: 1, passes: [] } }, { folder, resume, onEvent: (event) => events.push(event) });
  }

  function newFolder(model: string): string {
    return createJobFolder(temporaryFolder('jobs'), 'compress', { model, recipe: { version: 1, passes: [] } });
  }

  /** The process id the stand-in reports first. */
  async function pidOf(): Promise<number> {
    await until(() => events.some((event) => event.type === 'log'));
    const log = events.find((event) => event.type === 'log');
    return Number(log?.type === 'log' ? log.message.replace('pid ', '') : NaN);
  }

  it('gives the result', async () => {
    assert.deepEqual(await inspect('ok').result, inspectReport);
  });

  it('tells the events in order, without gaps, the same as on disk', async () => {
    const folder = newFolder('steps');
    await compress('steps', folder).result;
    assert.deepEqual(events.map((event) => event.seq), events.map((_, index) => index + 1));
    assert.equal(events[0]?.type, 'started');
    assert.equal(events.at(-1)?.type, 'done');
    assert.deepEqual(JSON.parse(JSON.stringify(events)), readEvents(folder));
    assert.deepEqual(readEvents(folder, 3).map((event) => event.seq)[0], 4);
  });

  it('thins progress out but always tells the last', async () => {
    await inspect('steps').result;
    const fractions = events.flatMap((event) => (event.type === 'progress' ? [event.progress.fraction] : []));
    assert.ok(fractions.length < 10, `${fractions.length} of 10 came through`);
    assert.equal(fractions.at(-1), 1);
  });

  it('rejects with the error the use case threw', async () => {
    assert.deepEqual((await failure(inspect('missing'))).data, { code: 'fileNotFound', params: { file: 'missing.onnx' } });
    assert.equal(events.at(-1)?.type, 'failed');
  });

  it('names a bug internal, with what was being done, and keeps the stack for the log', async () => {
    const { data } = await failure(inspect('bug'));
    assert.equal(data.code, 'internal');
    assert.match(errorText(data), /while calibrating: a bug/);
    assert.match(data.detail ?? '', /TypeError: a bug\n\s+at /);
  });

  it('names an error that escaped internal too, and goes on with the next job in a fresh process', async () => {
    const first = inspect('uncaught');
    const second = inspect('ok');
    assert.equal((await failure(first)).data.code, 'internal');
    assert.deepEqual(await second.result, inspectReport);
  });

  it('cancels a job that listens', async () => {
    const folder = newFolder('polite');
    const job = compress('polite', folder);
    await until(() => events.some((event) => event.type === 'progress'));
    job.cancel();
    assert.equal((await failure(job)).data.code, 'cancelled');
    assert.equal(readJob(folder).state, 'cancelled');
  });

  it('cancels a blocked job within a second, tells its folder, and runs the waiting one in a fresh process', async function () {
    // The limit is the product's promise; a machine busy with other tests may miss it once.
    this.retries(2);
    const folder = newFolder('blocked');
    const job = compress('blocked', folder);
    const waiting = client.run('inspect', { model: 'ok' });
    await until(() => events.some((event) => event.type === 'progress'));
    const pid = await pidOf();
    const start = performance.now();
    job.cancel();
    assert.equal((await failure(job)).data.code, 'cancelled');
    assert.ok(performance.now() - start < 1000, `took ${performance.now() - start} ms`);
    assert.ok(!isRunning(pid));
    assert.deepEqual(await waiting.result, inspectReport);
    const stored = readEvents(folder);
    assert.deepEqual(stored.map((event) => event.seq), stored.map((_, index) => index + 1));
    assert.equal(stored.at(-1)?.type, 'cancelled');
    assert.equal(events.at(-1)?.type, 'cancelled');
  });

  it('cancels a waiting job without touching the running one', async () => {
    const running = inspect('steps');
    const waiting = client.run('inspect', { model: 'ok' });
    waiting.cancel();
    assert.equal((await failure(waiting)).data.code, 'cancelled');
    assert.deepEqual(await running.result, inspectReport);
  });

  it('goes on numbering events when a cancelled job is resumed', async () => {
    const folder = newFolder('blocked');
    const job = compress('blocked', folder);
    await until(() => events.some((event) => event.type === 'progress'));
    job.cancel();
    await failure(job);
    const { resumed } = (await compress('ok', folder, true).result) as { resumed?: boolean };
    assert.equal(resumed, true);
    const stored = readEvents(folder);
    assert.deepEqual(stored.map((event) => event.seq), stored.map((_, index) => index + 1));
    assert.equal(readJob(folder).state, 'done');
  });

  it('tells how the process died, what it did and its last words', async () => {
    const folder = newFolder('abort');
    const { data } = await failure(compress('abort', folder));
    assert.equal(data.code, 'workerDied');
    assert.match(errorText(data), /\(signal SIGABRT\) while calibrating.*native code gives up/);
    assert.equal(readEvents(folder).at(-1)?.type, 'failed');
  });

  it('tells an exit code', async () => {
    assert.match(errorText((await failure(inspect('exit'))).data), /\(exit code 7\)/);
  });

  it('tells a kill from outside', async () => {
    const job = inspect('polite');
    process.kill(await pidOf(), 'SIGKILL');
    const { data } = await failure(job);
    assert.equal(data.code, 'workerDied');
    assert.match(errorText(data), /killed from outside/);
  });

  it('recognises a lack of memory', async () => {
    assert.equal((await failure(inspect('memory'))).data.code, 'outOfMemory');
  });

  it('ends with diskFull when the folder can take no more events', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const { data } = await failure(compress('full', newFolder('full')));
    assert.equal(data.code, 'diskFull');
    assert.match(errorText(data), /no space left for .*events\.jsonl/);
  });

  it('kills a process that fell silent', async () => {
    await client.dispose({ force: true });
    open({ heartbeatLimitMs: 2500 });
    const job = inspect('stopped');
    const pid = await pidOf();
    assert.equal((await failure(job)).data.code, 'workerSilent');
    assert.ok(!isRunning(pid));
  });

  it('does not take a blocked thread for silence', async () => {
    await client.dispose({ force: true });
    open({ heartbeatLimitMs: 2000 });
    const job = inspect('blocked');
    await sleep(4000);
    const pid = await pidOf();
    assert.ok(isRunning(pid));
    job.cancel();
    assert.equal((await failure(job)).data.code, 'cancelled');
  });

  it('restarts once for what waits; a second crash in a row ends that too, and a new request starts anew', async () => {
    const jobs = [inspect('abort'), inspect('abort'), inspect('ok')];
    const errors = await Promise.all(jobs.map(failure));
    assert.deepEqual(errors.map((error) => error.data.code), ['workerDied', 'workerDied', 'workerDied']);
    assert.deepEqual(await inspect('ok').result, inspectReport);
  });

  it('says so when the process cannot be started', async () => {
    for (const options of [{ entry: path.join(path.dirname(entry), 'nothing.js') }, { entry, nodePath: '/no/such/node' }]) {
      open(options);
      assert.equal((await failure(inspect('ok'))).data.code, 'workerDied');
    }
  });

  it('leaves the folder of a running job without an end when it is disposed of, so that the job can go on', async () => {
    const folder = newFolder('polite');
    const job = compress('polite', folder);
    await until(() => events.some((event) => event.type === 'progress'));
    const end = failure(job);
    await client.dispose();
    assert.equal((await end).data.code, 'cancelled');
    assert.equal(readJob(folder).state, 'unfinished');
  });

  it('ends everything as cancelled when it is disposed of, and leaves no process', async () => {
    const jobs = [inspect('polite'), inspect('ok')];
    const pid = await pidOf();
    const ends = jobs.map(failure);
    await client.dispose();
    assert.deepEqual((await Promise.all(ends)).map((error) => error.data.code), ['cancelled', 'cancelled']);
    assert.ok(!isRunning(pid));
  });
});

async function failure(job: RunningJob<'inspect' | 'compress'>): Promise<JobError> {
  const error: unknown = await job.result.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof JobError, 'the job must fail');
  return error;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    assert.ok(waited < 10_000, 'waited too long');
    await sleep(10);
  }
}
