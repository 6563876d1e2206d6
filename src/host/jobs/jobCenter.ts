// All jobs of the window: starts them, keeps what they said last, tells who listens. Jobs belong to the window, not to
// an editor tab: a tab that is closed and opened again finds its job here.

import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { JobError, type JobEvent, type JobKind, type JobRequest, type JobResult, type Progress, readingKinds } from '../../protocol/jobs';
import { errorWords, words } from '../language';
import type { Clients } from './clients';
import { newJobFolder } from './jobFolders';

export interface HostJob {
  readonly id: string;
  readonly kind: JobKind;
  /** Paths of the models it works on. */
  readonly models: readonly string[];
  readonly title: string;
  readonly progress: Progress | null;
  readonly running: boolean;
  readonly folder?: string;
  cancel(): void;
}

export interface StartOptions {
  readonly models: readonly string[];
  /** Name that the title of the job is about. */
  readonly name: string;
  /** True for a job whose folder should be kept, so that it can be resumed. */
  readonly keep?: boolean;
  /** Folder of an unfinished job to go on with. */
  readonly resume?: string;
  /** Called at once with the job, before it has done anything. */
  readonly onStart?: (job: HostJob) => void;
}

export interface JobCenter {
  start<K extends JobKind>(kind: K, request: JobRequest<K>, options: StartOptions): Promise<JobResult<K>>;
  running(): readonly HostJob[];
  runningOn(model: string): HostJob | undefined;
  /** Fires when a job starts, speaks or ends. */
  readonly onDidChange: vscode.Event<HostJob>;
}

export interface JobCenterParts {
  readonly clients: Pick<Clients, 'of'>;
  readonly log: vscode.LogOutputChannel;
  /** Folder below which job folders are made. */
  readonly storage: string;
  readonly isTrusted?: () => boolean;
}

export function createJobCenter({ clients, log, storage, isTrusted = () => vscode.workspace.isTrusted }: JobCenterParts): JobCenter {
  const changed = new vscode.EventEmitter<HostJob>();
  const jobs = new Map<string, HostJob>();

  function update(job: HostJob): void {
    if (job.running) jobs.set(job.id, job);
    else jobs.delete(job.id);
    changed.fire(job);
  }

  async function start<K extends JobKind>(kind: K, request: JobRequest<K>, options: StartOptions): Promise<JobResult<K>> {
    if (!isTrusted() && !readingKinds.has(kind)) throw refusal();
    const folder = options.resume ?? (options.keep === true ? await newJobFolder(storage) : undefined);
    const client = await clients.of(kind);
    let cancelled = false;
    let running: { cancel(): void } | undefined;
    let job: HostJob = {
      id: randomUUID(),
      kind,
      models: options.models,
      title: words(`view.job.${kind}`, { name: options.name }),
      progress: null,
      running: true,
      ...(folder === undefined ? {} : { folder }),
      cancel() {
        cancelled = true;
        running?.cancel();
      },
    };
    const onEvent = (event: JobEvent): void => {
      record(log, job.title, event);
      if (event.type !== 'progress') return;
      job = { ...job, progress: event.progress };
      update(job);
    };
    update(job);
    options.onStart?.(job);
    try {
      const started = client.run(kind, request, { onEvent, ...(folder === undefined ? {} : { folder }), ...(options.resume === undefined ? {} : { resume: true }) });
      running = started;
      if (cancelled) started.cancel();
      return await started.result;
    } finally {
      job = { ...job, running: false };
      update(job);
    }
  }

  return {
    start,
    running: () => [...jobs.values()],
    runningOn: (model) => [...jobs.values()].find((job) => job.models.includes(model) && !readingKinds.has(job.kind)),
    onDidChange: changed.event,
  };
}

export function refusal(): JobError {
  const data = { code: 'untrustedWorkspace', params: {} } as const;
  return new JobError(data, errorWords(data));
}

function record(log: vscode.LogOutputChannel, title: string, event: JobEvent): void {
  switch (event.type) {
    case 'log':
      return event.level === 'error' ? log.error(event.message) : event.level === 'warning' ? log.warn(event.message) : log[event.level](event.message);
    case 'started':
      return log.info(title);
    case 'finding':
      return log.info(event.finding.text);
    case 'failed':
      return log.error(title, event.error.code, JSON.stringify(event.error.params), event.error.detail ?? '');
    case 'progress':
      return log.trace(title, event.progress.activity, event.progress.layer ?? '', event.progress.fraction ?? '');
    case 'step':
    case 'checkpoint':
    case 'done':
    case 'cancelled':
      return log.debug(title, event.type);
  }
}
