// Starts jobs in the background process, for the command and the extension alike. The queue lives here and one job at a
// time is handed over, so that a job that waits outlives the process that another job took down with it.

import { randomUUID } from 'node:crypto';
import { openEventLog } from '../jobs/eventLog';
import { errorText, type ErrorData } from '../protocol/errors';
import { JobError, type JobClient, type JobEvent, type JobEventBody, type JobKind, type JobRequest, type JobResult, type Progress, type RunningJob } from '../protocol/jobs';
import { CANCEL_GRACE_MS, HEARTBEAT_LIMIT_MS, type FromWorker, type ToWorker } from '../protocol/workerMessages';
import { startChild, type Child } from './client/child';
import { deathError, type Death } from './client/death';

export interface JobClientOptions {
  /** Path of the bundled worker (`dist/worker.js`). */
  readonly entry: string;
  /** Node or Electron to run it with; default the parent's own program. */
  readonly nodePath?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Every line the process prints, and what the client has to say about it. */
  readonly log?: (line: string) => void;
  readonly heartbeatLimitMs?: number;
  readonly cancelGraceMs?: number;
}

interface Pending {
  readonly message: Extract<ToWorker, { readonly type: 'start' }>;
  readonly folder: string | undefined;
  readonly onEvent: (event: JobEvent) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: JobError) => void;
  /** Number of the last event seen. */
  seq: number;
  progress: Progress | undefined;
  cancelling: boolean;
  grace: NodeJS.Timeout | undefined;
}

const CANCELLED: ErrorData = { code: 'cancelled', params: {} };
/** After `shutdown` an idle process leaves at once; one that does not within this time (ms) is killed. */
const SHUTDOWN_MS = 500;

export function createJobClient(options: JobClientOptions): JobClient {
  const heartbeatLimitMs = options.heartbeatLimitMs ?? HEARTBEAT_LIMIT_MS;
  const cancelGraceMs = options.cancelGraceMs ?? CANCEL_GRACE_MS;
  const log = options.log ?? (() => undefined);
  const queue: Pending[] = [];
  let running: Pending | undefined;
  let child: Child | undefined;
  let disposed = false;
  /** Deaths since a job last ended by an answer. */
  let crashes = 0;
  const gone: (() => void)[] = [];

  /** Hands the next job over, starting a process where there is none. */
  function pump(): void {
    if (running !== undefined || disposed) return;
    const next = queue.shift();
    if (next === undefined) return;
    running = next;
    child ??= startChild({ ...options, heartbeatLimitMs }, onMessage, onDeath);
    child.send(next.message);
  }

  function onMessage(message: FromWorker): void {
    if (message.type === 'ready' || running?.message.job !== message.job) return;
    switch (message.type) {
      case 'event':
        running.seq = message.event.seq;
        if (message.event.type === 'progress') running.progress = message.event.progress;
        tell(running, message.event);
        return;
      case 'result':
        answered(running).resolve(message.result);
        break;
      case 'error':
        answered(running).reject(jobError(message.error));
        break;
      case 'cancelled':
        answered(running).reject(jobError(CANCELLED));
        break;
    }
    pump();
  }

  function answered(job: Pending): Pending {
    clearTimeout(job.grace);
    running = undefined;
    crashes = 0;
    return job;
  }

  function onDeath(death: Death): void {
    const job = running;
    running = undefined;
    child = undefined;
    for (const resolve of gone.splice(0)) resolve();
    if (disposed || job?.cancelling === true) {
      // A job that nobody cancelled ends with its parent: its folder tells no end, so that it can go on.
      if (job?.cancelling === false) job.reject(jobError(CANCELLED));
      else if (job !== undefined) endHere(job, CANCELLED);
      return pump();
    }
    const error = deathError(death, job?.progress, heartbeatLimitMs);
    // A job whose first event never came had not begun: it waits like the others.
    if (job !== undefined && job.seq > 0) endHere(job, error);
    else {
      log(errorText(error));
      if (job !== undefined) queue.unshift(job);
    }
    // Jobs that wait get a fresh process, once; a second crash in a row ends them too, and only a new request starts anew.
    crashes += 1;
    if (crashes > 1) for (const waiting of queue.splice(0)) endHere(waiting, error);
    if (queue.length === 0) crashes = 0;
    pump();
  }

  /** Ends a job that no process will answer for: its folder and its listener learn the end from here. */
  function endHere(job: Pending, error: ErrorData): void {
    clearTimeout(job.grace);
    const body: JobEventBody = error.code === 'cancelled' ? { type: 'cancelled' } : { type: 'failed', error };
    try {
      tell(job, openEventLog(job.folder, job.seq).append(body));
    } catch (cause) {
      log(String(cause));
    }
    job.reject(jobError(error));
  }

  function tell(job: Pending, event: JobEvent): void {
    try {
      job.onEvent(event);
    } catch (error) {
      // A listener's fault must not end the job.
      log(error instanceof Error ? error.stack ?? error.message : String(error));
    }
  }

  function cancel(job: Pending): void {
    if (job.cancelling) return;
    const place = queue.indexOf(job);
    if (place >= 0) {
      queue.splice(place, 1);
      endHere(job, CANCELLED);
    } else if (job === running) {
      job.cancelling = true;
      child?.send({ type: 'cancel', job: job.message.job });
      job.grace = setTimeout(() => child?.kill(), cancelGraceMs);
    }
  }

  return {
    run<K extends JobKind>(kind: K, request: JobRequest<K>, extra: Parameters<JobClient['run']>[2] = {}): RunningJob<K> {
      const id = randomUUID();
      let cancelThis = (): void => undefined;
      const result = new Promise<JobResult<K>>((resolve, reject) => {
        const job: Pending = {
          message: {
            type: 'start',
            job: id,
            kind,
            request,
            ...(extra.folder !== undefined && { folder: extra.folder }),
            ...(extra.resume !== undefined && { resume: extra.resume }),
          } as Pending['message'],
          folder: extra.folder,
          onEvent: extra.onEvent ?? (() => undefined),
          resolve: resolve as (result: unknown) => void,
          reject,
          seq: 0,
          progress: undefined,
          cancelling: false,
          grace: undefined,
        };
        cancelThis = () => cancel(job);
        if (disposed) return reject(jobError(CANCELLED));
        queue.push(job);
        pump();
      });
      return { id, result, cancel: () => cancelThis() };
    },

    dispose({ force = false } = {}) {
      disposed = true;
      for (const waiting of queue.splice(0)) endHere(waiting, CANCELLED);
      const last = child;
      if (last === undefined) return Promise.resolve();
      if (force || running !== undefined) last.kill();
      else last.send({ type: 'shutdown' });
      const timer = setTimeout(() => last.kill(), SHUTDOWN_MS);
      return new Promise((resolve) => gone.push(() => {
        clearTimeout(timer);
        resolve();
      }));
    },
  };
}

function jobError(error: ErrorData): JobError {
  return new JobError(error, errorText(error));
}
