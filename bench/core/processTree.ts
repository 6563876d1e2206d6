// Runs a program and finds what it and its children took: wall time, and the peak of memory of the tree.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface TreeRun {
  readonly seconds: number;
  readonly status: number | null;
  readonly stdout: string;
  /** Largest peak of one process of the tree, in bytes. */
  readonly largestPeak: number;
  /** Sum of the peaks of all its processes, at whatever times: no less than the peak of the tree. */
  readonly sumOfPeaks: number;
}

/** Between two looks at the children, in ms. Peaks are the kernel's (VmHWM): only a process shorter than this is missed. */
const LOOK_MS = 10;

export async function runTree(program: string, args: readonly string[], options: { readonly cwd?: string } = {}): Promise<TreeRun> {
  const began = performance.now();
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const peaks = new Map<number, number>();
  const look = setInterval(() => child.pid === undefined || recordPeaks(child.pid, peaks), LOOK_MS);
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(look);
  const seconds = (performance.now() - began) / 1000;
  return {
    seconds,
    status,
    stdout: Buffer.concat(out).toString(),
    largestPeak: Math.max(0, ...peaks.values()),
    sumOfPeaks: [...peaks.values()].reduce((sum, peak) => sum + peak, 0),
  };
}

function recordPeaks(pid: number, peaks: Map<number, number>): void {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    peaks.set(pid, Math.max(peak, peaks.get(pid) ?? 0));
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
      for (const each of children.split(' ').filter((text) => text !== '')) recordPeaks(Number(each), peaks);
    }
  } catch (error) {
    // A process that has just ended is no longer there.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))) throw error;
  }
}
