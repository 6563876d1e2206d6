// Messages of the edge between a parent (command, extension host) and the background process.

import type { ErrorData } from './errors';
import type { JobEvent, JobKind, JobKinds } from './jobs';

export type ToWorker =
  | {
      [K in JobKind]: {
        readonly type: 'start';
        readonly job: string;
        readonly kind: K;
        readonly request: JobKinds[K]['request'];
        /** Folder of the job: recipe, `events.jsonl`, checkpoints. Absent for short jobs that keep nothing. */
        readonly folder?: string;
        /** True to go on from the checkpoint in `folder`. */
        readonly resume?: boolean;
      };
    }[JobKind]
  | { readonly type: 'cancel'; readonly job: string }
  | { readonly type: 'shutdown' };

export type FromWorker =
  | { readonly type: 'ready'; readonly pid: number }
  | { readonly type: 'event'; readonly job: string; readonly event: JobEvent }
  | { readonly type: 'result'; readonly job: string; readonly result: unknown }
  | { readonly type: 'error'; readonly job: string; readonly error: ErrorData }
  | { readonly type: 'cancelled'; readonly job: string };

/**
 * File descriptor, in the child, of the pipe that carries the heartbeat: one byte a beat. It is no message, because
 * messages need the child's main thread, which onnxruntime blocks for seconds.
 */
export const HEARTBEAT_FD = 4;
/** A heartbeat is sent this often (ms) by a thread of the child that has no onnxruntime. */
export const HEARTBEAT_MS = 1000;
/** A child whose heartbeat is this late (ms) is taken for dead. */
export const HEARTBEAT_LIMIT_MS = 15_000;
/**
 * After a cancel the parent waits this long (ms) for an answer, then kills. It has to take effect within a second, and a
 * process that holds gigabytes on busy cores takes a quarter of one to die (test/worker/realCancel.test.ts).
 */
export const CANCEL_GRACE_MS = 500;
