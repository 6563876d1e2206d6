// Runs jobs one at a time and ends each in exactly one of result, error or cancelled.
// Why one at a time, short ones too: onnxruntime blocks the thread, so an overtaking job would gain nothing while a run
// is under way, and it would disturb the latencies being measured. A parent that cannot wait starts a second process.

import type { JobContext, JobRunners } from '../jobs/job';
import { openEventLog, type EventLog } from '../jobs/eventLog';
import type { ErrorData } from '../protocol/errors';
import type { JobEventBody, JobKind, JobRequest, JobResult, Progress } from '../protocol/jobs';
import type { FromWorker, ToWorker } from '../protocol/workerMessages';
import { toErrorData } from './errorData';
import { createThrottle, type Throttle } from './throttle';

type Start = Extract<ToWorker, { readonly type: 'start' }>;

export interface JobLoop {
  start(message: Start): void;
  cancel(job: string): void;
  /** Ends the running job with an error that escaped it. */
  fail(error: unknown): void;
}

interface Job {
  readonly id: string;
  readonly controller: AbortController;
  readonly throttle: Throttle;
  readonly log: EventLog;
  progress: Progress | undefined;
  ended: boolean;
}

function callRunner<K extends JobKind>(runners: JobRunners, { kind, request }: { readonly kind: K; readonly request: JobRequest<K> }, context: JobContext): Promise<JobResult<K>> {
  return runners[kind](request, context);
}

export function createJobLoop(runners: JobRunners, send: (message: FromWorker) => void): JobLoop {
  const controllers = new Map<string, AbortController>();
  let tail: Promise<void> = Promise.resolve();
  let running: Job | undefined;

  function emit(job: Job, body: JobEventBody): void {
    if (job.ended) return;
    if (body.type === 'progress') {
      job.progress = body.progress;
      job.throttle.offer(body);
      return;
    }
    job.throttle.flush();
    write(job, body);
  }

  function write(job: Job, body: JobEventBody): void {
    send({ type: 'event', job: job.id, event: job.log.append(body) });
  }

  function end(job: Job, body: Extract<JobEventBody, { type: 'done' | 'failed' | 'cancelled' }>): void {
    if (job.ended) return;
    try {
      emit(job, body);
    } catch (error) {
      // The disk may be full; the parent must learn the end all the same.
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    job.ended = true;
    controllers.delete(job.id);
    if (body.type === 'done') send({ type: 'result', job: job.id, result: body.result });
    else if (body.type === 'failed') send({ type: 'error', job: job.id, error: body.error });
    else send({ type: 'cancelled', job: job.id });
  }

  function endWithError(job: Job, error: ErrorData): void {
    end(job, error.code === 'cancelled' ? { type: 'cancelled' } : { type: 'failed', error });
  }

  async function run(message: Start, controller: AbortController): Promise<void> {
    let job: Job;
    try {
      const log = openEventLog(message.folder);
      const throttle = createThrottle((body) => write(job, body));
      job = running = { id: message.job, controller, throttle, log, progress: undefined, ended: false };
      write(job, { type: 'started', kind: message.kind, request: message.request });
    } catch (error) {
      // The folder cannot be written, so this is the one end that no file tells.
      send({ type: 'error', job: message.job, error: toErrorData(error, undefined) });
      return;
    }
    const context: JobContext = {
      emit: (body) => emit(job, body),
      signal: controller.signal,
      ...(message.folder !== undefined && { folder: message.folder }),
      resume: message.resume ?? false,
    };
    try {
      controller.signal.throwIfAborted();
      end(job, { type: 'done', result: await callRunner(runners, message, context) });
    } catch (error) {
      endWithError(job, toErrorData(error, job.progress));
    } finally {
      running = undefined;
    }
  }

  return {
    start(message) {
      const controller = new AbortController();
      controllers.set(message.job, controller);
      tail = tail.then(() => run(message, controller));
    },
    cancel(job) {
      controllers.get(job)?.abort();
    },
    fail(error) {
      if (running !== undefined) endWithError(running, toErrorData(error, running.progress));
    },
  };
}
