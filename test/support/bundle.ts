// Bundles programs for tests that start real processes, with the options of the real build, into a folder under out/.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';

const root = path.join(__dirname, '..', '..');

/** Bundles `entries` (name -> source, relative to the repository) into a fresh folder and returns its path. */
export async function bundle(label: string, entries: Readonly<Record<string, string>>): Promise<string> {
  const { nodeOptions } = createRequire(__filename)('../../esbuild.js') as { nodeOptions: (entries: object, outdir: string) => BuildOptions };
  const folder = temporaryFolder(label);
  await build(nodeOptions(Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, path.join(root, file)])), folder));
  return folder;
}

/** A fresh folder of its own under out/test. */
export function temporaryFolder(label: string): string {
  const parent = path.join(root, 'out', 'test');
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(path.join(parent, `${label}-`));
}

/** The stand-in worker with the heartbeat beside it, and what else is asked for. */
export function bundleFakeWorker(label: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  return bundle(label, { worker: 'test/worker/fixtures/fakeWorker.ts', heartbeat: 'src/worker/heartbeat.ts', ...more });
}
