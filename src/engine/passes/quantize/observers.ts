// What is remembered of the values of the observed tensors while calibration samples stream by: only the extremes where
// they suffice, else a histogram. Can be saved and taken up again. Running the model is calibrate.ts.

import { type Extremes, type Histogram, type HistogramState, addValues, emptyHistogram, histogramOf, mergeHistograms } from './histogram';

export interface Observers {
  readonly tensors: readonly string[];
  readonly states: ReadonlyMap<string, HistogramState>;
  /** Samples seen, those left out included. */
  next: number;
  /** Samples left out because of NaN or infinite values. */
  skipped: number;
  /** A tensor that was not finite in a sample left out. */
  notFinite: string | undefined;
}

export function newObservers(tensors: readonly string[]): Observers {
  return { tensors, states: new Map(tensors.map((tensor) => [tensor, emptyHistogram()])), next: 0, skipped: 0, notFinite: undefined };
}

export function observeValues(observers: Observers, tensor: string, values: Float32Array, extremes: Extremes): void {
  const state = observers.states.get(tensor);
  if (state !== undefined) addValues(state, values, extremes);
}

/** For min-max calibration: the histogram stays empty. */
export function observeExtremes(observers: Observers, tensor: string, { low, high }: Extremes): void {
  const state = observers.states.get(tensor);
  if (state === undefined) return;
  state.low = Math.min(state.low, low);
  state.high = Math.max(state.high, high);
}

/** Values of all `sources` together. */
export function observed(observers: Observers, sources: readonly string[]): Histogram {
  const states = sources.map((source) => observers.states.get(source) ?? emptyHistogram());
  const merged = histogramOf(mergeHistograms(states));
  const low = Math.min(...states.map((state) => state.low));
  const high = Math.max(...states.map((state) => state.high));
  return { ...merged, low, high };
}

// ── checkpoint ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Saved {
  /** What the observers belong to: tensors, samples, method. */
  readonly key: string;
  readonly next: number;
  readonly skipped: number;
  readonly notFinite: string | null;
  readonly states: readonly { readonly counts: readonly number[]; readonly first: number; readonly exponent: number; readonly zeros: number; readonly range: readonly number[] }[];
}

export function saveObservers(observers: Observers, key: string): Uint8Array {
  const states = observers.tensors.map((tensor) => {
    const { counts, first, exponent, zeros, low, high } = observers.states.get(tensor) ?? emptyHistogram();
    // JSON has no infinity: an observer that has seen nothing has no range.
    return { counts: [...counts], first, exponent, zeros, range: low <= high ? [low, high] : [] };
  });
  const saved: Saved = { key, next: observers.next, skipped: observers.skipped, notFinite: observers.notFinite ?? null, states };
  return new TextEncoder().encode(JSON.stringify(saved));
}

/** The saved observers, or undefined when the bytes belong to other settings. */
export function loadObservers(bytes: Uint8Array, tensors: readonly string[], key: string): Observers | undefined {
  const saved = JSON.parse(new TextDecoder().decode(bytes)) as Saved;
  if (saved.key !== key) return undefined;
  const states = new Map(saved.states.map(({ counts, first, exponent, zeros, range }, position): [string, HistogramState] => {
    const [low = Infinity, high = -Infinity] = range;
    return [tensors[position] as string, { counts: Float64Array.from(counts), first, exponent, zeros, low, high }];
  }));
  return { tensors, states, next: saved.next, skipped: saved.skipped, notFinite: saved.notFinite ?? undefined };
}
