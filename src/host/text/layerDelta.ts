// What a report says of a layer, in one line behind it and in the hover that explains that line.

import { layerChange } from '../../protocol/changes';
import { formatBytes, formatChange, formatDb, formatDigits, formatMs, UNKNOWN } from '../../protocol/format';
import type { LayerLatency, LayerReport } from '../../protocol/report';
import { viewSaid } from '../../protocol/viewWords';
import { language, words } from '../language';

/** `−74 % size · −0.41 ms · 38.2 dB`; what is not known is left out. */
export function deltaLine(layer: LayerReport): string {
  return [sizeDelta(layer), latencyDelta(layer), sqnr(layer)].filter((part) => part !== undefined).join(' · ');
}

function sizeDelta({ before, after }: LayerReport): string | undefined {
  return before.weightBytes === 0 ? undefined : words('text.delta.size', { change: formatChange(before.weightBytes, after.weightBytes) });
}

/** With `≈` where the spreads before and after overlap. */
function latencyDelta(layer: LayerReport): string | undefined {
  const latency = layerChange(layer).latency;
  if (latency === null) return undefined;
  const change = signedMs(latency.difference);
  return latency.gain === 'unclear' ? words('text.delta.unclear', { change }) : change;
}

function sqnr({ outputError }: LayerReport): string | undefined {
  return outputError === null ? undefined : formatDb(outputError.sqnrDb);
}

function signedMs(difference: number): string {
  const text = formatMs(Math.abs(difference));
  if (!/[1-9]/.test(text)) return text;
  return `${difference < 0 ? '−' : '+'}${text}`;
}

export interface DeltaTable {
  /** What the layer became, e.g. `int8 per channel`. */
  readonly form: string;
  /** Name, before, after, change. */
  readonly rows: readonly (readonly [string, string, string, string])[];
  /** What each figure means. */
  readonly explanations: readonly string[];
}

export function deltaTable(layer: LayerReport): DeltaTable {
  const { before, after, outputError } = layer;
  const { latency } = layerChange(layer);
  const size = sizeDelta(layer);
  return {
    form: viewSaid(after.form, language()),
    rows: [
      ...(size === undefined ? [] : [[words('text.hover.size'), formatBytes(before.weightBytes), formatBytes(after.weightBytes), formatChange(before.weightBytes, after.weightBytes)] as const]),
      ...(latency === null ? [] : [[words('text.hover.latency'), formatMs(before.latency?.mean ?? null), formatMs(after.latency?.mean ?? null), latencyDelta(layer) ?? UNKNOWN] as const]),
      ...(outputError === null ? [] : [[words('view.detail.sqnr'), '', formatDb(outputError.sqnrDb), ''] as const]),
    ],
    explanations: [
      ...(size === undefined ? [] : [words('text.hover.size.about')]),
      ...(latency === null ? [] : [[words('text.hover.latency.about', { before: spread(before.latency), after: spread(after.latency) }), ...(latency.gain === 'unclear' ? [words('text.hover.latency.unclear')] : [])].join(' ')]),
      ...(outputError === null ? [] : [words('text.hover.sqnr.about', { cosine: outputError.cosine.toFixed(5) })]),
    ],
  };
}

function spread(latency: LayerLatency | null): string {
  return latency === null ? UNKNOWN : words('text.hover.spread', { p10: formatDigits(latency.p10), p90: formatMs(latency.p90) });
}
