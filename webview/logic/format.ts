// Numbers as people read them in tables: sizes, counts, times, shapes and their changes. No DOM, no sentences.
// Units are decimal (1 kB = 1000 bytes), as in recipes ("400kB"). The minus is U+2212, as wide as the plus.

import type { Dimension, ValueDescription } from '../../src/protocol/report';

/** What stands where a number is not known; never 0. */
export const UNKNOWN = '–';

const THIN = '\u202f';
const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const countUnits = ['', 'k', 'M', 'G', 'T'] as const;

/** `1068412` -> `1.07 MB`. */
export function bytes(value: number): string {
  const { scaled, unit } = scale(value, sizeUnits);
  return `${scaled} ${unit}`;
}

/** `9.47 → 2.50 kB`: before and after, the unit once where both have it. */
export function bytesFromTo(before: number, after: number): string {
  const [from, to] = [scale(before, sizeUnits), scale(after, sizeUnits)];
  return fromTo(from.unit === to.unit ? from.scaled : `${from.scaled} ${from.unit}`, `${to.scaled} ${to.unit}`);
}

/** Before and after in a narrow column; what is not known is a dash. */
export function fromTo(before: string | null, after: string | null): string {
  return `${before ?? UNKNOWN}${THIN}→${THIN}${after ?? UNKNOWN}`;
}

/** `269722` -> `270k`; below 1000 as it is. */
export function count(value: number | null): string {
  if (value === null) return UNKNOWN;
  const { scaled, unit } = scale(value, countUnits);
  return `${scaled}${unit}`;
}

/** Milliseconds, three significant digits: `0.0423 ms`, `12.3 ms`. */
export function milliseconds(value: number | null): string {
  return value === null ? UNKNOWN : `${significant(value)} ms`;
}

/**
 * Milliseconds with as many decimals as tell layers apart in one column: 3 below 1 ms (microseconds), 2 below 100 ms, 1 beyond.
 * Without the unit, which the column's title names.
 */
export function columnMilliseconds(value: number, largest: number): string {
  return minus(value, largest < 1 ? 3 : largest < 100 ? 2 : 1);
}

/** Signed, for the same column: `−0.014`. */
export function signedColumnMilliseconds(value: number, largest: number): string {
  return signed(value, columnMilliseconds(Math.abs(value), largest));
}

/** A share from 0 to 1 as a percentage: `12 %`, below one percent `0.4 %`. */
export function percent(share: number): string {
  const value = Math.abs(share) * 100;
  const digits = value !== 0 && value < 0.95 ? 1 : 0;
  return `${minus(share * 100, digits)}${THIN}%`;
}

/** A share that is an error, as a percentage of three significant digits: `12.3 %`, `0.0412 %`. */
export function errorPercent(share: number): string {
  // Less is rounding in float32.
  return share < 1e-6 ? `< 0.0001${THIN}%` : `${significant(share * 100)}${THIN}%`;
}

/** Decibels with one digit, without the unit; beyond 120 dB float32 has nothing left to tell apart. */
export function decibels(value: number): string {
  return value > 120 ? '>\u202f120' : minus(value, 1);
}

/** What tells layers apart in a narrow column: `/layer1/0/conv1/Conv_output_0` -> `layer1/0/conv1/Conv`. */
export function shortLayerName(id: string): string {
  const short = id.replace(/^\/+/, '').replace(/_output_0$/, '');
  return short === '' ? id : short;
}

/** Signed change of a share: `−74 %`, `+3 %`, `±0 %`. */
export function signedPercent(share: number): string {
  const text = percent(share);
  return share > 0 && !isZero(text) ? `+${text}` : isZero(text) ? text.replace(/^−?/, '±') : text;
}

/** Signed difference in milliseconds. */
export function signedMilliseconds(value: number): string {
  return signed(value, `${significant(Math.abs(value))} ms`);
}

/** Signed difference in bytes. */
export function signedBytes(value: number): string {
  return signed(value, bytes(Math.abs(value)));
}

/** Signed difference of a metric in percentage points (top1, f1, …: values from 0 to 1): `−0.12 pp`. */
export function signedPoints(value: number): string {
  return signed(value, `${(Math.abs(value) * 100).toFixed(2)} pp`);
}

/** `[1, 16, 'N']` -> `1×16×N`; a scalar is `scalar`-less: `()`; null when the rank is unknown. */
export function shape(dimensions: readonly Dimension[] | null): string {
  if (dimensions === null) return UNKNOWN;
  return dimensions.length === 0 ? '()' : dimensions.join('×');
}

/** `input float32 1×3×32×32`. */
export function value(description: ValueDescription): string {
  return `${description.name} ${description.type} ${shape(description.shape)}`;
}

/** Three significant digits without an exponent. */
export function significant(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return minus(value, Math.min(6, Math.max(0, 2 - magnitude)));
}

/** File name of a path with either kind of slash. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function signed(value: number, magnitude: string): string {
  if (isZero(magnitude)) return `±${magnitude}`;
  return `${value < 0 ? '−' : '+'}${magnitude}`;
}

function isZero(text: string): boolean {
  return !/[1-9]/.test(text);
}

function minus(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', '−');
}

function scale<Units extends readonly string[]>(value: number, units: Units): { scaled: string; unit: Units[number] } {
  let step = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && step < units.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const text = step === 0 ? String(scaled) : minus(scaled, Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0);
  return { scaled: text, unit: units[step] ?? '' };
}
