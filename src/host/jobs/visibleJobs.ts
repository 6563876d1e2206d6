// A job a person started: a progress notification with cancel while it runs, and a notification with the next step when
// it fails. Whoever started it gets its result, or the error after the person has been told.

import * as vscode from 'vscode';
import type { ErrorData } from '../../protocol/errors';
import { JobError, type JobKind, type JobRequest, type JobResult } from '../../protocol/jobs';
import { errorWords, words } from '../language';
import { UserError } from '../userError';
import type { HostJob, JobCenter, StartOptions } from './jobCenter';
import { progressText } from './progressText';

/** Errors that a person has been told, so that nobody tells them twice. */
const told = new WeakSet<Error>();

/** Ends of the process from outside: the job itself is sound and can go on from its checkpoint. */
const resumable: ReadonlySet<ErrorData['code']> = new Set(['workerDied', 'workerSilent', 'cancelled', 'outOfMemory']);

export async function runVisibly<K extends JobKind>(jobs: JobCenter, log: vscode.LogOutputChannel, kind: K, request: JobRequest<K>, options: StartOptions): Promise<JobResult<K>> {
  let job: HostJob | undefined;
  try {
    return await jobs.start(kind, request, {
      ...options,
      onStart: (started) => {
        job = started;
        void showProgress(jobs, started);
        options.onStart?.(started);
      },
    });
  } catch (error) {
    const again = job?.folder === undefined ? undefined : { folder: job.folder, run: (folder: string) => runVisibly(jobs, log, kind, request, { ...options, resume: folder }) };
    if (again !== undefined && error instanceof JobError && error.data.code !== 'cancelled' && resumable.has(error.data.code)) {
      const resumed = await tellFailure(error, log, words('view.resume'));
      if (resumed) return again.run(again.folder);
      throw error;
    }
    void tellFailure(error, log);
    throw error;
  }
}

/** Shows the failure once; true when the person chose `action`. */
export async function tellFailure(error: unknown, log: vscode.LogOutputChannel, action?: string): Promise<boolean> {
  if (error instanceof Error) {
    if (told.has(error)) return false;
    told.add(error);
  }
  if (error instanceof JobError && error.data.code === 'cancelled') {
    vscode.window.setStatusBarMessage(words('view.cancelled'), CANCELLED_SHOWN_MS);
    return false;
  }
  log.error(error instanceof JobError ? `${error.message}\n${error.data.detail ?? ''}` : error instanceof Error ? error : String(error));
  const showLog = words('view.showLog');
  const trust = error instanceof JobError && error.data.code === 'untrustedWorkspace' ? words('view.manageTrust') : undefined;
  const actions = [action, trust, showLog].filter((entry) => entry !== undefined);
  const chosen = await vscode.window.showErrorMessage(failureText(error), ...actions);
  if (chosen === showLog) log.show();
  else if (chosen !== undefined && chosen === trust) await vscode.commands.executeCommand('workbench.trust.manage');
  return chosen !== undefined && chosen === action;
}

const CANCELLED_SHOWN_MS = 5000;

/** The sentence of a notification. */
export function failureText(error: unknown): string {
  return error instanceof UserError ? error.message : errorWords(errorData(error));
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof JobError) return error.data;
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'internal', params: { activity: 'progress.starting', reason }, ...(error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {}) };
}

/** A notification with the layer at hand, a bar and a cancel button, until the job ends. */
function showProgress(jobs: JobCenter, job: HostJob): Thenable<void> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: job.title, cancellable: true }, (progress, token) => {
    token.onCancellationRequested(() => job.cancel());
    let done = 0;
    return new Promise<void>((resolve) => {
      const listening = jobs.onDidChange((changed) => {
        if (changed.id !== job.id) return;
        if (!changed.running) {
          listening.dispose();
          return resolve();
        }
        const percent = Math.floor((changed.progress?.fraction ?? 0) * 100);
        progress.report({ message: progressText(changed), increment: Math.max(0, percent - done) });
        done = Math.max(done, percent);
      });
    });
  });
}
