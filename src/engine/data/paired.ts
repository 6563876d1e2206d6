// The difference of two models on the same samples, with its 95 % interval and a verdict. Three methods, by what the
// metric is: 0/1 outcomes, means of numbers, and metrics of the whole corpus.

import type { MetricDelta, Verdict } from '../../protocol/report';
import type { Metric } from './metrics/metric';
import { NORMAL_95, momentsOf, quantile, studentT95 } from './statistics';

/** Resamples of the bootstrap: enough for 2.5 % tails with about 25 values beyond each limit (Efron and Tibshirani 1993, 13). */
const RESAMPLES = 1000;

/** Differences below this are "same" whatever their sign: a tenth of a point of a share, 0.1 % of any other metric. */
const SAME = 0.001;

/**
 * value(after) - value(before). Both metrics must have seen the same samples in the same order. `random` is uniform in
 * [0, 1) and used by corpus metrics only. The interval is infinite where nothing can be said (one sample, or a metric
 * script), and the verdict then is `undecided`, or `same` where both values are equal.
 */
export async function pairedDifference(after: Metric, before: Metric, random: () => number): Promise<MetricDelta> {
  if (after.samples !== before.samples || after.name !== before.name) {
    throw new RangeError(`${after.name} of ${after.samples} samples does not pair with ${before.name} of ${before.samples}`);
  }
  const baseline = await before.value();
  const value = (await after.value()) - baseline;
  const margin = SAME * (after.scale === 'share' ? 1 : Math.abs(baseline));
  const { interval, identical } = intervalOf(after, before, random);
  return { value, interval, verdict: verdictOf(interval, identical || (value === 0 && !isFinite(interval[0])), after.higherIsBetter, margin) };
}

interface Spread {
  readonly interval: readonly [number, number];
  /** True when no sample tells the models apart. */
  readonly identical: boolean;
}

function intervalOf(after: Metric, before: Metric, random: () => number): Spread {
  const a = after.perSample();
  const b = before.perSample();
  if (a !== undefined && b !== undefined) return isBinary(a) && isBinary(b) ? binaryInterval(a, b) : meanInterval(a, b);
  if (after.resampled === undefined || before.resampled === undefined) return { interval: [-Infinity, Infinity], identical: false };
  return bootstrapInterval(after, before, random);
}

/**
 * Wald's interval with Bonett and Price's Laplace adjustment for the difference of paired proportions: one is added to
 * each kind of discordant pair and two to the samples. Bonett and Price, "Adjusted Wald confidence interval for a
 * difference of binomial proportions based on paired data", J. Educational and Behavioral Statistics 37 (2012);
 * recommended for all sample sizes by Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014).
 */
export function binaryInterval(after: Float64Array, before: Float64Array): Spread {
  let gained = 0;
  let lost = 0;
  for (const [index, value] of after.entries()) {
    const difference = value - (before[index] as number);
    if (difference > 0) gained += 1;
    else if (difference < 0) lost += 1;
  }
  const samples = after.length + 2;
  const up = (gained + 1) / samples;
  const down = (lost + 1) / samples;
  const half = NORMAL_95 * Math.sqrt((up + down - (up - down) ** 2) / samples);
  return { interval: [Math.max(-1, up - down - half), Math.min(1, up - down + half)], identical: gained + lost === 0 };
}

/** Student's interval for the mean of the paired differences. */
export function meanInterval(after: Float64Array, before: Float64Array): Spread {
  const differences = after.map((value, index) => value - (before[index] as number));
  const identical = differences.every((difference) => difference === 0);
  if (differences.length < 2) return { interval: [-Infinity, Infinity], identical };
  const { mean, deviation } = momentsOf(differences);
  const half = (studentT95(differences.length - 1) * deviation) / Math.sqrt(differences.length);
  return { interval: [mean - half, mean + half], identical };
}

/** Percentile interval of a paired bootstrap: the same resampled samples for both models (Efron and Tibshirani 1993, 13). */
function bootstrapInterval(after: Metric, before: Metric, random: () => number): Spread {
  const { samples } = after;
  const differences = new Float64Array(RESAMPLES);
  const counts = new Uint32Array(samples);
  for (let round = 0; round < RESAMPLES; round += 1) {
    counts.fill(0);
    for (let draw = 0; draw < samples; draw += 1) {
      const index = Math.floor(random() * samples);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    differences[round] = (after.resampled?.(counts) ?? NaN) - (before.resampled?.(counts) ?? NaN);
  }
  // A resample without a single class or spread has no value; it says nothing about the difference.
  const known = differences.filter((difference) => !Number.isNaN(difference)).sort();
  if (known.length < RESAMPLES / 2 || samples < 2) return { interval: [-Infinity, Infinity], identical: false };
  return { interval: [quantile(known, 0.025), quantile(known, 0.975)], identical: known.every((difference) => difference === 0) };
}

function verdictOf([low, high]: readonly [number, number], identical: boolean, higherIsBetter: boolean, margin: number): Verdict {
  if (identical) return 'same';
  if (low > 0) return higherIsBetter ? 'better' : 'worse';
  if (high < 0) return higherIsBetter ? 'worse' : 'better';
  return low >= -margin && high <= margin ? 'same' : 'undecided';
}

function isBinary(values: Float64Array): boolean {
  return values.every((value) => value === 0 || value === 1);
}
