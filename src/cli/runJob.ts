// Runs one job in the background process for the command: progress to standard error, Ctrl-C to cancel.

import path from 'node:path';
import type { JobKind, JobRequest, JobResult } from '../protocol/jobs';
import { createJobClient } from '../worker/client';
import { createProgressView } from './progress';
import { createLook } from './terminal';

const CANCELLED_STATUS = 130;

/** Resolves with the result or rejects with JobError. The first SIGINT cancels, so that a job with a folder can be resumed; the second kills. */
export async function runJob<K extends JobKind>(
  kind: K,
  request: JobRequest<K>,
  options: { readonly quiet: boolean; readonly folder?: string; readonly resume?: boolean },
): Promise<JobResult<K>> {
  const look = createLook(process.stderr);
  const view = await createProgressView(options.quiet, look);
  const client = createJobClient({ entry: path.join(__dirname, 'worker.js'), log: (line) => view.line(line) });
  const job = client.run(kind, request, {
    onEvent: (event) => view.event(event),
    ...(options.folder !== undefined && { folder: options.folder }),
    ...(options.resume !== undefined && { resume: options.resume }),
  });
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) {
      view.close();
      void client.dispose({ force: true }).finally(() => process.exit(CANCELLED_STATUS));
      return;
    }
    interrupted = true;
    view.line(look.say('command.cancelling'));
    job.cancel();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await job.result;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    view.close();
    await client.dispose();
  }
}
