// Numbers as people read them, the same in the command, the editor and inline text. Units are SI (1 kB = 1000 bytes);
// what is not known is an en dash, never 0. Signed numbers carry a true minus.

export const UNKNOWN = '–';

const PREFIXES = ['', 'k', 'M', 'G', 'T'];
/** Metrics that are shares of samples or areas: shown in percent, their differences in points. */
const SHARES = new Set(['top1', 'top5', 'f1', 'miou', 'map50', 'agreement', 'wer']);

/** `1.08 MB`; bytes below 1000 are whole. */
export function formatBytes(bytes: number | null): string {
  return bytes === null ? UNKNOWN : withPrefix(bytes, 'B');
}

/** A count such as parameters or MACs: `40.8 M`. */
export function formatCount(count: number | null): string {
  return count === null ? UNKNOWN : withPrefix(count, '');
}

/** Milliseconds with three significant digits, at most microseconds: `0.412 ms`, `45.2 ms`. */
export function formatMs(ms: number | null): string {
  return ms === null ? UNKNOWN : `${formatDigits(ms)} ms`;
}

/** A number without unit, as `formatMs` shows it; for columns whose heading says the unit. */
export function formatDigits(value: number | null): string {
  return value === null ? UNKNOWN : significant(value, 3);
}

/** A share of 1 as `81.03 %`. */
export function formatPercent(share: number | null, digits = 1): string {
  return share === null ? UNKNOWN : `${minus(round(share * 100, digits))} %`;
}

/** Relative change `−74 %`, whole percents; unknown where there was nothing before. */
export function formatChange(before: number | null, after: number | null): string {
  if (before === null || after === null || before === 0) return UNKNOWN;
  return formatSigned(((after - before) / before) * 100, 0, ' %');
}

/** `+1.25`, `−0.41 ms`; what rounds to nothing has no sign. */
export function formatSigned(value: number | null, digits: number, unit = ''): string {
  if (value === null) return UNKNOWN;
  const text = round(Math.abs(value), digits);
  const sign = Number(text) === 0 ? '' : value < 0 ? '−' : '+';
  return `${sign}${text}${unit}`;
}

/** Signal-to-noise ratio of a layer's output: `38.2 dB`; exact where there is no error at all. */
export function formatDb(db: number | null): string {
  if (db === null) return UNKNOWN;
  return Number.isFinite(db) ? `${minus(db.toFixed(1))} dB` : '∞ dB';
}

/** A metric's value: shares in percent with two digits, the rest with four significant digits. */
export function formatMetric(name: string, value: number | null): string {
  if (value === null) return UNKNOWN;
  return isShare(name) ? formatPercent(value, 2) : minus(String(Number(value.toPrecision(4))));
}

/** A difference of a metric, without unit: percentage points for shares. */
export function formatMetricDelta(name: string, delta: number | null): string {
  if (delta === null) return UNKNOWN;
  if (isShare(name)) return formatSigned(delta * 100, 2);
  return `${delta > 0 ? '+' : ''}${minus(String(Number(delta.toPrecision(3))))}`;
}

/** True where a metric is shown in percent and its difference in points. */
export function isShare(name: string): boolean {
  return SHARES.has(name);
}

/** `N x 3 x 32 x 32`; a scalar has none: an empty text; an unknown rank is an en dash. */
export function formatShape(shape: readonly (number | string)[] | null): string {
  return shape === null ? UNKNOWN : shape.join(' x ');
}

function withPrefix(value: number, unit: string): string {
  let scaled = Math.abs(value);
  let prefix = 0;
  // 999.5 would be shown as 1000 of the smaller unit.
  while (scaled >= 999.5 && prefix < PREFIXES.length - 1) {
    scaled /= 1000;
    prefix += 1;
  }
  const number = prefix === 0 ? String(Math.round(scaled)) : significant(scaled, 3);
  return `${value < 0 ? '−' : ''}${number} ${PREFIXES[prefix]}${unit}`.trimEnd();
}

/** At least `digits` significant digits, whole parts never cut, at most three decimals. */
function significant(value: number, digits: number): string {
  // Rounded first: 0.9996 has the magnitude of 1.
  const rounded = Number(value.toPrecision(digits));
  const magnitude = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  return value.toFixed(Math.min(3, Math.max(0, digits - 1 - magnitude)));
}

function round(value: number, digits: number): string {
  return value.toFixed(digits);
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
