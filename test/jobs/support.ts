// A temporary folder with a real model and real data, and a job context that records what the job says.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobContext } from '../../src/jobs/job';
import type { JobEventBody } from '../../src/protocol/jobs';
import { assetPath } from '../support/assets';

/** ds_cnn_s on keyword features: the smallest real classifier with real labelled data, a second for a whole compression. */
export const DATA = assetPath('data/kws-ds-cnn.json');

export async function inWorkspace(use: (workspace: { readonly folder: string; readonly model: string }) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-jobs-'));
  try {
    const model = join(folder, 'ds_cnn_s.onnx');
    // Written, not copied: a copy would keep the read-only mode of the assets, and a test changes the file.
    await writeFile(model, await readFile(assetPath('models/ds_cnn_s-kws12.onnx')));
    await use({ folder, model });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function recordingContext(extra: Partial<JobContext> = {}): JobContext & { readonly events: JobEventBody[] } {
  const events: JobEventBody[] = [];
  return { events, emit: (event) => void events.push(event), signal: new AbortController().signal, resume: false, ...extra };
}
