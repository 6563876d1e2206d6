// Limits that a compressed model must keep, held against a measured report.

import type { CompareReport } from '../protocol/report';
import type { ErrorData } from '../protocol/errors';
import type { TextCode } from '../protocol/text/index';

export interface Limits {
  /** Worsening of the metric in its own direction: 0.01 is one point of accuracy. */
  readonly maxDrop?: number;
  readonly maxBytes?: number;
  /** Median of a run in ms. */
  readonly maxLatency?: number;
  /** Median after / median before. */
  readonly maxLatencyRatio?: number;
}

export interface Goal {
  readonly goal: keyof Limits;
  /** null where it was not measured; such a goal is not met. */
  readonly found: number | null;
  readonly wanted: number;
  readonly met: boolean;
}

/** Metrics in which less is better, for reports that do not say. */
const LOWER_IS_BETTER = new Set(['mse', 'wer', 'perplexity']);

/** Measured values count, not the bounds of their intervals: `D` is a limit on the worsening found. */
export function checkGoals(report: CompareReport, limits: Limits): Goal[] {
  const goal = (name: keyof Limits, found: number | null): Goal[] => {
    const wanted = limits[name];
    return wanted === undefined ? [] : [{ goal: name, found, wanted, met: found !== null && found <= wanted }];
  };
  return [
    ...goal('maxDrop', drop(report)),
    ...goal('maxBytes', report.after.bytes),
    ...goal('maxLatency', report.after.latency?.median ?? null),
    ...goal('maxLatencyRatio', report.delta.latency?.ratio ?? null),
  ];
}

export function goalMissed({ goal, found, wanted }: Goal): ErrorData {
  const name: TextCode = `goal.${goal}`;
  // Six digits: enough to see a miss, not the noise of binary fractions.
  return { code: 'goalMissed', params: { goal: name, found: found === null ? 'goal.unmeasured' : Number(found.toPrecision(6)), wanted } };
}

function drop({ delta, metricName, higherIsBetter }: CompareReport): number | null {
  if (delta.metric === null || metricName === null) return null;
  const lowerIsBetter = higherIsBetter === undefined || higherIsBetter === null ? LOWER_IS_BETTER.has(metricName) : !higherIsBetter;
  // Avoids -0 where nothing changed.
  return 0 + (lowerIsBetter ? delta.metric.value : -delta.metric.value);
}
