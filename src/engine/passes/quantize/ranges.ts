// From the values a tensor took during calibration to its affine map: the extremes, a percentile, or the clipping that
// minimises the squared error. Works on histograms (histogram.ts); running the model is calibrate.ts.

import { type Affine, type IntegerRange, asymmetric, realRange, symmetric } from './affine';
import type { Histogram } from './histogram';

export type RangeMethod =
  | { readonly kind: 'minmax' }
  /** Share of values kept, in percent; what is cut is split evenly between both ends. */
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'mse' };

/** How the codes of an activation lie: `symmetric` puts real 0 at the middle code (GPUs), else both ends are free. */
export interface ActivationCodes {
  readonly range: IntegerRange;
  readonly symmetric: boolean;
}

/** The map for values like those of the histogram. */
export function affineFor(histogram: Histogram, method: RangeMethod, codes: ActivationCodes): Affine {
  const { low, high } = chooseRange(histogram, method, codes);
  return affineOf(low, high, codes);
}

export function affineOf(low: number, high: number, codes: ActivationCodes): Affine {
  return codes.symmetric ? symmetric(Math.max(-low, high), codes.range) : asymmetric(low, high, codes.range);
}

function chooseRange(histogram: Histogram, method: RangeMethod, codes: ActivationCodes): { low: number; high: number } {
  switch (method.kind) {
    case 'minmax':
      return { low: histogram.low, high: histogram.high };
    case 'percentile':
      return percentileRange(histogram, method.percentile);
    case 'mse':
      return leastSquares(histogram, codes);
  }
}

function percentileRange(histogram: Histogram, percentile: number): { low: number; high: number } {
  const total = histogram.zeros + histogram.counts.reduce((sum, count) => sum + count, 0);
  const cut = (total * (100 - percentile)) / 200;
  return {
    low: Math.min(0, Math.max(histogram.low, quantile(histogram, cut))),
    high: Math.max(0, Math.min(histogram.high, quantile(histogram, total - cut))),
  };
}

/** The value below which `rank` of the values lie, linear within a bin. */
function quantile(histogram: Histogram, rank: number): number {
  const { counts, first, width, zeros } = histogram;
  let below = 0;
  for (const [bin, count] of counts.entries()) {
    if (bin + first === 0) {
      below += zeros;
      if (below >= rank) return 0;
    }
    if (count > 0 && below + count >= rank) return (bin + first + (rank - below) / count) * width;
    below += count;
  }
  return histogram.high;
}

/** Shares of the observed range that are tried, from all of it down. */
const clippingStep = 0.01;
const smallestShare = 0.2;

/** Both ends together, then each alone while the other stays; twice is enough to settle. */
function leastSquares(histogram: Histogram, codes: ActivationCodes): { low: number; high: number } {
  const bottom = Math.min(0, histogram.low);
  const top = Math.max(0, histogram.high);
  const bins = usedBins(histogram);
  let best = { low: bottom, high: top, error: squaredErrorOf(bins, affineOf(bottom, top, codes)) };
  const attempt = (low: number, high: number): void => {
    const error = squaredErrorOf(bins, affineOf(low, high, codes));
    if (error < best.error) best = { low, high, error };
  };
  for (const share of shares()) attempt(bottom * share, top * share);
  if (codes.symmetric || bottom === 0 || top === 0) return best;
  for (let round = 0; round < 2; round++) {
    for (const share of shares()) attempt(bottom * share, best.high);
    for (const share of shares()) attempt(best.low, top * share);
  }
  return best;
}

function* shares(): Generator<number> {
  const steps = Math.round((1 - smallestShare) / clippingStep);
  for (let step = 0; step <= steps; step++) yield 1 - step * clippingStep;
}

interface Bins {
  readonly centres: Float64Array;
  readonly counts: Float64Array;
}

function usedBins(histogram: Histogram): Bins {
  const { counts, first, width } = histogram;
  const used = [...counts.keys()].filter((bin) => (counts[bin] as number) > 0);
  return {
    centres: Float64Array.from(used, (bin) => (bin + first + 0.5) * width),
    counts: Float64Array.from(used, (bin) => counts[bin] as number),
  };
}

/** Summed squared difference between values and what their codes stand for, each value taken at the middle of its bin. */
export function squaredError(histogram: Histogram, affine: Affine): number {
  return squaredErrorOf(usedBins(histogram), affine);
}

function squaredErrorOf({ centres, counts }: Bins, affine: Affine): number {
  const { scale } = affine;
  const { low, high } = realRange(affine);
  let sum = 0;
  for (let bin = 0; bin < centres.length; bin++) {
    const value = centres[bin] as number;
    const clipped = value < low ? low : value > high ? high : Math.round(value / scale) * scale;
    const error = value - clipped;
    sum += (counts[bin] as number) * error * error;
  }
  return sum;
}
