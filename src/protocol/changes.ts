// What compression did to a layer, and how sure that is. A layer counts as faster only where its 10 % to 90 % spreads
// before and after do not touch; otherwise there is no clear change.

import type { CompareReport, LayerLatency, LayerReport } from './report';

export type Gain = 'faster' | 'slower' | 'unclear' | 'unmeasured';

export interface LatencyChange {
  /** after - before, ms. */
  readonly difference: number;
  /** (after - before) / before. */
  readonly share: number;
  readonly gain: Gain;
}

export interface LayerChange {
  /** (after - before) / before of the weights; null for a layer without weights. */
  readonly bytes: number | null;
  readonly latency: LatencyChange | null;
}

export function layerChange(layer: LayerReport): LayerChange {
  return {
    bytes: relative(layer.before.weightBytes, layer.after.weightBytes),
    latency: latencyChange(layer.before.latency, layer.after.latency),
  };
}

export function gainOf(layer: LayerReport): Gain {
  return layerChange(layer).latency?.gain ?? 'unmeasured';
}

export type GainCounts = Readonly<Record<Gain, number>>;

export function gainCounts(report: CompareReport): GainCounts {
  const counts = { faster: 0, slower: 0, unclear: 0, unmeasured: 0 };
  for (const layer of report.layers) counts[gainOf(layer)] += 1;
  return counts;
}

/** A compressed model names many of its layers anew; deltas of the few that kept their names would mislead. */
export function deltasFit(known: number, layers: number): boolean {
  return known > 0 && known * 2 >= layers;
}

/** (after - before) / before; null where there was nothing before. */
export function relative(before: number | null, after: number | null): number | null {
  return before === null || after === null || before === 0 ? null : (after - before) / before;
}

function latencyChange(before: LayerLatency | null, after: LayerLatency | null): LatencyChange | null {
  if (before === null || after === null) return null;
  const difference = after.mean - before.mean;
  // A mean beyond its own spread comes from a few long runs; where it contradicts the spread nothing is claimed.
  const gain = after.p90 < before.p10 && difference < 0 ? 'faster' : after.p10 > before.p90 && difference > 0 ? 'slower' : 'unclear';
  return { difference, share: before.mean === 0 ? 0 : (after.mean - before.mean) / before.mean, gain };
}
