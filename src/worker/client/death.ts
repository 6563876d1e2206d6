// Why a background process is gone, as the error its job ends with.

import type { ErrorData } from '../../protocol/errors';
import type { Progress } from '../../protocol/jobs';
import type { TextParams } from '../../protocol/text/index';

export interface Death {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set where the program could not be started at all. */
  readonly startError?: string;
  /** The heartbeat stopped and the parent killed it. */
  readonly silent: boolean;
  /** Its last lines of output. */
  readonly lastWords: readonly string[];
}

/** Words of V8 and of the C++ runtime when an allocation fails; the process aborts right after them. */
const OUT_OF_MEMORY = /heap out of memory|Allocation failed|std::bad_alloc|Cannot allocate memory|OOM error/i;

/** `progress`: the last the job said; `limitMs`: how long silence was borne. */
export function deathError(death: Death, progress: Progress | undefined, limitMs: number): ErrorData {
  const doing: TextParams = { ...progress?.params, activity: progress?.activity ?? 'progress.starting' };
  const detail = death.lastWords.join('\n');
  if (death.silent) return { code: 'workerSilent', params: { ...doing, seconds: Math.round(limitMs / 1000) }, detail };
  if (death.exitCode !== 0 && OUT_OF_MEMORY.test(detail)) return { code: 'outOfMemory', params: doing, detail };
  return { code: 'workerDied', params: { ...doing, ...how(death), lastWords: lastWords(death) }, detail };
}

function how(death: Death): TextParams {
  if (death.startError !== undefined) return { how: 'worker.notStarted', reason: death.startError };
  // Nobody here sent SIGKILL; on Linux it is most often the kernel, out of memory.
  if (death.signal === 'SIGKILL') return { how: 'worker.killed' };
  if (death.signal !== null) return { how: 'worker.signal', signal: death.signal };
  return { how: 'worker.exitCode', status: death.exitCode ?? -1 };
}

/** Frames and rulers of the stack that Node prints when it aborts. */
const STACK_NOISE = /^(\d+: |#\d+ |-{3,}|at )/;

/** The last three lines that say something: enough for a message, the rest is in `detail`. */
function lastWords(death: Death): string {
  const lines = death.lastWords.map((line) => line.trim()).filter((line) => line !== '' && !STACK_NOISE.test(line));
  return lines.length === 0 ? 'worker.noWords' : lines.slice(-3).join(' | ');
}
