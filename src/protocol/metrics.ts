// How values of metrics are written for people: shares of one in percent and percentage points, others as they are.

/** Metrics that are shares of one. */
const shares: ReadonlySet<string> = new Set(['top1', 'top5', 'f1', 'agreement', 'miou', 'map50', 'r2']);

/** `0.8103` -> `81.03 %` for a share; three significant digits for any other metric. */
export function metricValueText(name: string | null, value: number): string {
  return isShare(name) ? `${minus((value * 100).toFixed(2))}\u202f%` : minus(plain(value));
}

/** `-0.0014` -> `−0.14 pp` for a share. `pp` are percentage points. */
export function metricChangeText(name: string | null, value: number): string {
  const magnitude = isShare(name) ? `${(Math.abs(value) * 100).toFixed(2)} pp` : plain(Math.abs(value));
  return `${/[1-9]/.test(magnitude) ? (value < 0 ? '−' : '+') : '±'}${magnitude}`;
}

function isShare(name: string | null): boolean {
  return name !== null && shares.has(name);
}

function plain(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function minus(text: string): string {
  return text.replace('-', '−');
}
