// A temporary folder for what benchmarks write, and the shared models and data they read.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './decant';

export function asset(path: string): string {
  const file = join(process.env['DECANT_ASSETS'] ?? join(root, '..', 'shared', 'assets'), path);
  if (!existsSync(file)) throw new Error(`${path} of ../shared/assets is missing; this benchmark needs it (DECANT_ASSETS names another place).`);
  return file;
}

/** Path of a file of this repository. */
export function inRepository(path: string): string {
  return join(root, path);
}

export async function inTemporaryFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
