// Folders of jobs in VS Code's storage for the workspace: recipe, events and checkpoint of each. The oldest are removed.

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import * as path from 'node:path';

/** Enough to resume or to look into the last jobs; checkpoints of large models take room. */
const KEPT = 20;

export function jobsFolder(storage: string): string {
  return path.join(storage, 'jobs');
}

/** Makes the folder of a new job below `storage`; its name sorts by time. */
export async function newJobFolder(storage: string): Promise<string> {
  const jobs = jobsFolder(storage);
  const folder = path.join(jobs, `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 8)}`);
  await mkdir(folder, { recursive: true });
  const old = (await readdir(jobs)).sort().slice(0, -KEPT);
  await Promise.all(old.map((name) => rm(path.join(jobs, name), { recursive: true, force: true })));
  return folder;
}
