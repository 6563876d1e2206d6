// Whether a process still runs.

import { readFileSync } from 'node:fs';

/** False also for a zombie: it runs no more, its new parent has only not collected it yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // proc(5): pid (name) state ...; the name may hold spaces and brackets.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
