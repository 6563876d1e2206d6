// Runs the built `decant` command as a user would and gives its JSON.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..');

export interface CommandRun<Result> {
  readonly result: Result;
  /** Wall time of the whole process in ms. */
  readonly ms: number;
}

export async function decant<Result>(...args: readonly string[]): Promise<CommandRun<Result>> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args, '--json', '--quiet'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const ms = performance.now() - began;
  if (status !== 0) throw new Error(`decant ${args.join(' ')} ended with ${status}: ${Buffer.concat(err).toString()}`);
  return { result: JSON.parse(Buffer.concat(out).toString()) as Result, ms };
}
