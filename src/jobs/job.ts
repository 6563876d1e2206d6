// What a use case gets from the worker: a way to speak, a signal to stop, and a folder to keep things in.

import type { JobEventBody, JobKind, JobRequest, JobResult } from '../protocol/jobs';

export interface JobContext {
  /** Appended to the job's events before it is sent; progress is throttled by the worker. */
  emit(event: JobEventBody): void;
  readonly signal: AbortSignal;
  /** Absent for jobs that keep nothing. */
  readonly folder?: string;
  /** True to go on from the checkpoint in `folder`. */
  readonly resume: boolean;
}

export type JobRunner<K extends JobKind> = (request: JobRequest<K>, context: JobContext) => Promise<JobResult<K>>;

export type JobRunners = { readonly [K in JobKind]: JobRunner<K> };
