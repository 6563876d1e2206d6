// Help for the suites: the running extension, files of the workspace, and a client that answers without a process.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Host } from '../../../src/host/host';
import { JobError, type JobClient, type JobEvent, type JobKind, type RunningJob } from '../../../src/protocol/jobs';
import type { ErrorData } from '../../../src/protocol/errors';

export async function runningHost(): Promise<Host> {
  const extension = vscode.extensions.getExtension<Host>('decant.decant');
  assert.ok(extension, 'Decant is not installed in this host');
  return extension.activate();
}

export async function modelInWorkspace(): Promise<vscode.Uri> {
  const [model] = await vscode.workspace.findFiles('*.onnx');
  assert.ok(model, 'the workspace holds no model');
  return model;
}

export async function until(what: string, condition: () => boolean | Promise<boolean>, milliseconds = 15_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`${what} did not happen within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface FakeJob {
  readonly kind: JobKind;
  readonly request: unknown;
  readonly cancelled: boolean;
  emit(event: JobEvent): void;
  finish(result: unknown): void;
  fail(error: ErrorData): void;
}

/** A client whose jobs end when the test says so. */
export function fakeClient(): { readonly client: JobClient; readonly jobs: FakeJob[] } {
  const jobs: FakeJob[] = [];
  const client: JobClient = {
    run(kind, request, options) {
      let settle: { resolve: (value: never) => void; reject: (error: Error) => void } | undefined;
      const result = new Promise<never>((resolve, reject) => (settle = { resolve, reject }));
      const job = {
        kind,
        request,
        cancelled: false,
        emit: (event: JobEvent) => options?.onEvent?.(event),
        finish: (value: unknown) => settle?.resolve(value as never),
        fail: (error: ErrorData) => settle?.reject(new JobError(error, error.code)),
      };
      jobs.push(job);
      const cancel = (): void => {
        job.cancelled = true;
        job.fail({ code: 'cancelled', params: {} });
      };
      return { id: String(jobs.length), result, cancel } satisfies RunningJob<never>;
    },
    dispose: () => Promise.resolve(),
  };
  return { client, jobs };
}
