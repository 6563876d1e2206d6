// The clock of the runtime, for passes that choose by time.

import { EngineError } from '../error';
import type { Model } from '../ir/model';
import type { LatencyOptions, Runtime } from '../ports';

export type Clock = (models: readonly Model[], options: LatencyOptions) => Promise<readonly number[]>;

/** The clock of the runtime. @throws EngineError `latencyUnknown` where it has none. */
export function clockOf(runtime: Runtime): Clock {
  const clock = runtime.latencies?.bind(runtime);
  if (clock === undefined) throw new EngineError('latencyUnknown', { detail: 'problem.noClock' });
  return clock;
}
