// A curve of ranked entries that is cut into those that stayed and those that went: its geometry, and what stands behind each
// point. Nothing of a page here.

/** Places in a drawing; y grows downwards. */
export type Place = readonly [x: number, y: number];

/** Ranked entries, evenly spaced ones where `values` are fewer than `total`. */
export interface CutCurve {
  readonly values: readonly number[];
  readonly total: number;
  readonly kept: number;
}

/** At which end of the curve the entries are that stayed. */
export type KeptEnd = 'left' | 'right';

export interface CutShape {
  /** Along the curve, from the left; they meet where the cut is. Empty where nothing went, or nothing stayed. */
  readonly removed: readonly Place[];
  readonly kept: readonly Place[];
  /** Half way between the last that stayed and the first that went; null where all or none stayed. */
  readonly cut: number | null;
}

/** The curve from x = 0 to `width`; `yOf` is the height of a value. */
export function cutShape({ values, total, kept }: CutCurve, keptEnd: KeptEnd, width: number, yOf: (value: number) => number): CutShape {
  // A single value is drawn as a line across.
  const points = values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : values;
  const places = points.map((value, index): Place => [(index / Math.max(1, points.length - 1)) * width, yOf(value)]);
  if (kept >= total) return { removed: [], kept: places, cut: null };
  if (kept <= 0) return { removed: places, kept: [], cut: null };
  // Entry i of n, from 0, stands at i / (n - 1).
  const cut = (((keptEnd === 'left' ? kept : total - kept) - 0.5) / Math.max(1, total - 1)) * width;
  const at: Place = [cut, heightAt(places, cut)];
  const [left, right] = [[...places.filter(([x]) => x < cut), at], [at, ...places.filter(([x]) => x > cut)]];
  return keptEnd === 'left' ? { kept: left, removed: right, cut } : { removed: left, kept: right, cut };
}

function heightAt(places: readonly Place[], x: number): number {
  const next = places.findIndex((place) => place[0] >= x);
  const [right, left] = [places[next], places[next - 1]];
  if (right === undefined) return places.at(-1)?.[1] ?? 0;
  if (left === undefined || right[0] === left[0]) return right[1];
  return left[1] + ((x - left[0]) / (right[0] - left[0])) * (right[1] - left[1]);
}

export interface RankedEntry {
  /** From 1 at the left. */
  readonly rank: number;
  readonly value: number;
  readonly stayed: boolean;
}

/** What stands behind each value of the curve. */
export function rankedEntries({ values, total, kept }: CutCurve, keptEnd: KeptEnd): readonly RankedEntry[] {
  return values.map((value, index) => {
    const rank = 1 + Math.round((index / Math.max(1, values.length - 1)) * (total - 1));
    return { rank, value, stayed: keptEnd === 'left' ? rank <= kept : rank > total - kept };
  });
}
