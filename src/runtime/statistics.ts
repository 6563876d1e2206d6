// Order statistics and a bootstrap for latencies. Pure; milliseconds in, milliseconds out.

import type { LayerLatency, Latency, Verdict } from '../protocol/report';

/** Ratios within this of 1 count as the same speed: it is what two runs of one and the same model differ by here. */
export const NEGLIGIBLE_RATIO = 0.02;
const BOOTSTRAP_SAMPLES = 2000;

/** Linear interpolation between order statistics (the common "type 7" quantile); NaN for an empty list. */
export function quantile(values: readonly number[] | Float64Array, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * q;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function latencyOf(samples: readonly number[]): Latency {
  return { median: quantile(samples, 0.5), p10: quantile(samples, 0.1), p90: quantile(samples, 0.9) };
}

export function layerLatencyOf(samples: readonly number[]): LayerLatency {
  return { mean: mean(samples), p10: quantile(samples, 0.1), p90: quantile(samples, 0.9) };
}

export interface RatioEstimate {
  /** after / before. */
  readonly ratio: number;
  /** 95 % interval of the ratio. */
  readonly interval: readonly [number, number];
  readonly verdict: Verdict;
}

/**
 * Ratio of medians `after / before` with the 95 % percentile-bootstrap interval over rounds (Efron and Tibshirani 1993,
 * chapter 13). The arguments hold one value a round, both of a round measured next to each other, and a round is drawn
 * as a pair, so that a slow stretch of the machine weighs on both.
 */
export function ratioOfMedians(before: readonly number[], after: readonly number[], random: () => number): RatioEstimate {
  const rounds = Math.min(before.length, after.length);
  const ratios = new Float64Array(BOOTSTRAP_SAMPLES);
  const drawnBefore = new Float64Array(rounds);
  const drawnAfter = new Float64Array(rounds);
  for (let sample = 0; sample < BOOTSTRAP_SAMPLES; sample++) {
    for (let i = 0; i < rounds; i++) {
      const round = Math.floor(random() * rounds);
      drawnBefore[i] = before[round] ?? Number.NaN;
      drawnAfter[i] = after[round] ?? Number.NaN;
    }
    ratios[sample] = quantile(drawnAfter, 0.5) / quantile(drawnBefore, 0.5);
  }
  const ratio = quantile(after, 0.5) / quantile(before, 0.5);
  const interval = [quantile(ratios, 0.025), quantile(ratios, 0.975)] as const;
  return { ratio, interval, verdict: verdictOf(interval) };
}

/** `same` only where the whole interval is negligible; `undecided` where it holds 1 and more. */
export function verdictOf([low, high]: readonly [number, number]): Verdict {
  if (low > 1 - NEGLIGIBLE_RATIO && high < 1 + NEGLIGIBLE_RATIO) return 'same';
  if (high < 1) return 'better';
  if (low > 1) return 'worse';
  return 'undecided';
}
