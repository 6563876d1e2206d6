// Latencies of several models side by side, for passes that choose by time (port `Runtime.latencies`). Not a report's
// figure: few runs each, on made-up inputs.

import type { Model } from '../engine/ir/model';
import type { LatencyOptions, Runtime, Session } from '../engine/ports';
import { sampleInputs } from './sampleInputs';
import { quantile } from './statistics';
import { timeInterleaved } from './timing';

/**
 * Median wall time of one run of each model, ms, at batch 1 or the sizes in `dims`. All sessions are open together.
 *
 * @throws EngineError `cancelled`, and what `createSession`, `sampleInputs` and running throw.
 */
export async function measureLatencies(createSession: Runtime['createSession'], models: readonly Model[], { provider, threads, dims, runs, budgetMs, signal, progress }: LatencyOptions = {}): Promise<readonly number[]> {
  const sessions: Session[] = [];
  try {
    for (const model of models) {
      sessions.push(await createSession(model, { ...(provider !== undefined && { provider }), ...(threads !== undefined && { threads }), ...(dims !== undefined && { dims }), spinning: false }));
    }
    const runners = sessions.map((session, index) => {
      const feeds = sampleInputs(models[index] as Model, session.inputs, dims === undefined ? {} : { dims });
      return () => session.run(feeds);
    });
    const timings = await timeInterleaved(runners, {
      ...(runs !== undefined && { runs }), ...(budgetMs !== undefined && { budgetMs }), ...(signal !== undefined && { signal }), ...(progress !== undefined && { progress }),
    });
    return timings.map(({ samples }) => quantile(samples, 0.5));
  } finally {
    for (const session of sessions) await session.release();
  }
}
