// Points of a small line chart: values by position, scaled into a box. Nothing of a page here.

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Place of the value in what was given. */
  readonly index: number;
}

/** A chart of `width` by `height` whose first value is at the left edge and whose largest is at the top; values that are null leave a gap. */
export function curvePoints(values: readonly (number | null)[], width: number, height: number): readonly Point[] {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  const numbers = known.map(({ value }) => value);
  const low = Math.min(...numbers);
  const range = Math.max(...numbers) - low;
  const last = Math.max(1, values.length - 1);
  // A flat line lies in the middle.
  return known.map(({ value, index }) => ({ index, x: (index / last) * width, y: range === 0 ? height / 2 : height * (1 - (value - low) / range) }));
}
