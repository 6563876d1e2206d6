// Latency of whole models: of one alone, and of two beside each other.

import { formatPercent } from '../../../protocol/format';
import type { Finding } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import type { Model } from '../../ir/model';
import { clockOf } from '../clock';
import type { PassContext } from '../pass';
import type { Try } from './correct';

/** For each model, ms: hundreds of runs of small networks and some of one that takes 100 ms. Ours. */
const COMPARE_MS = 1500;

/** Median latency of a model, ms. @throws EngineError `latencyUnknown` */
export async function latencyOf(model: Model, context: PassContext): Promise<number> {
  const [whole = NaN] = await medians([model], context);
  return whole;
}

/** Latency of a changed model over the original's, measured in turns. @throws EngineError `latencyUnknown` */
export async function ratioOf(original: Model, changed: Model, context: PassContext): Promise<number> {
  const [before = NaN, after = NaN] = await medians([original, changed], context);
  return after / before;
}

function medians(models: readonly Model[], { runtime, provider, threads, dims, signal }: PassContext): Promise<readonly number[]> {
  return clockOf(runtime)(models, { provider, threads, dims, budgetMs: COMPARE_MS, ...(signal !== undefined && { signal }) });
}

export function ratioFinding({ predicted, measured }: Pick<Try<unknown>, 'predicted' | 'measured'>, wanted: number): Finding {
  const params = { predicted: formatPercent(predicted), measured: formatPercent(measured), wanted: formatPercent(wanted) };
  return measured <= wanted ? { severity: 'info', ...said('finding.latencyMet', params) } : { severity: 'warning', ...said('finding.latencyMissed', params) };
}
