// A histogram that is filled as values stream by and never needs to know their range beforehand. Bins have a width that
// is a power of two and edges at whole multiples of it, so halving the resolution merges pairs of bins exactly. The
// result depends on the values only, not on how they were cut into batches. Memory is constant.

/** Bins of the finest resolution that covers the range: between half of this and this many are in use (ORT uses 2048). */
export const histogramBins = 4096;

/** Below this width bins do not shrink: the range of a tensor this close to constant does not matter (affine.ts). */
const smallestExponent = -40;

export interface Histogram {
  /** Values seen that are not zero, by bin: bin i covers [(first + i) * width, (first + i + 1) * width). */
  readonly counts: Float64Array;
  readonly first: number;
  readonly width: number;
  /** Exact zeros, kept apart: they cost nothing at any scale, and ReLU makes many. */
  readonly zeros: number;
  readonly low: number;
  readonly high: number;
}

export interface HistogramState {
  counts: Float64Array;
  first: number;
  exponent: number;
  zeros: number;
  low: number;
  high: number;
}

export function emptyHistogram(): HistogramState {
  return { counts: new Float64Array(0), first: 0, exponent: smallestExponent, zeros: 0, low: Infinity, high: -Infinity };
}

export interface Extremes {
  readonly low: number;
  readonly high: number;
}

/** Least and greatest value; NaN or infinite when any value is, Infinity and -Infinity when there are none. */
export function extremesOf(values: Float32Array): Extremes {
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < values.length; index++) {
    // Math.min and Math.max carry NaN on, comparisons would not.
    low = Math.min(low, values[index] as number);
    high = Math.max(high, values[index] as number);
  }
  return { low, high };
}

/** Counts `values`, all finite and with these extremes, into `state`, widening the bins where the range grew. */
export function addValues(state: HistogramState, values: Float32Array, extremes: Extremes): void {
  if (values.length === 0) return;
  makeRoom(state, Math.min(state.low, extremes.low), Math.max(state.high, extremes.high));
  const { counts, first } = state;
  const perUnit = 2 ** -state.exponent;
  let zeros = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (value === 0) zeros++;
    else (counts[Math.floor(value * perUnit) - first] as number)++;
  }
  state.zeros += zeros;
}

export function histogramOf(state: HistogramState): Histogram {
  return { ...state, width: 2 ** state.exponent };
}

/** Histogram of the values of all: as if one observer had seen them. */
export function mergeHistograms(states: readonly HistogramState[]): HistogramState {
  const merged = emptyHistogram();
  for (const state of states) {
    if (state.counts.length === 0) continue;
    makeRoom(merged, Math.min(merged.low, state.low), Math.max(merged.high, state.high));
    const coarser = 2 ** (state.exponent - merged.exponent);
    for (const [bin, count] of state.counts.entries()) {
      if (count > 0) (merged.counts[Math.floor((bin + state.first) * coarser) - merged.first] as number) += count;
    }
    merged.zeros += state.zeros;
  }
  return merged;
}

/** Gives `state` the smallest bin width whose lattice covers [low, high] within `histogramBins`, keeping its counts. */
function makeRoom(state: HistogramState, low: number, high: number): void {
  let exponent = state.exponent;
  const spread = (): number => Math.floor(high * 2 ** -exponent) - Math.floor(low * 2 ** -exponent) + 1;
  if (state.counts.length === 0) exponent = smallestExponent;
  while (spread() > histogramBins) exponent++;
  const first = Math.floor(low * 2 ** -exponent);
  const length = spread();
  const unchanged = exponent === state.exponent && first === state.first && length === state.counts.length;
  if (!unchanged) {
    const counts = new Float64Array(length);
    const shrink = 2 ** (state.exponent - exponent);
    for (const [bin, count] of state.counts.entries()) {
      if (count > 0) (counts[Math.floor((bin + state.first) * shrink) - first] as number) += count;
    }
    Object.assign(state, { counts, first, exponent });
  }
  Object.assign(state, { low, high });
}
