// Widths at which a layer is measured, and its time between them.

import type { Site, SiteWidths } from '../../../layerTimes/sites';

/** Kernels work on whole blocks: a width costs what the next multiple does. Below one block some cost less. */
export function inBlocks(width: number, block: number, full: number): number {
  return width <= block ? width : Math.min(full, Math.ceil(width / block) * block);
}

/** Rising widths up to `full`: the block, about `most` multiples of it evenly spread, and half a block for narrow layers. */
export function gridOf(full: number, block: number, most: number): readonly number[] {
  const blocks = Math.ceil(full / block);
  const steps = Math.min(most, blocks);
  const spread = Array.from({ length: steps }, (_, index) => Math.max(1, Math.round(((index + 1) * blocks) / steps)) * block);
  const narrow = full <= 2 * block && block % 2 === 0 ? [block / 2] : [];
  return [...new Set([...narrow, block, ...spread])].filter((width) => width < full).concat(full).sort((a, b) => a - b);
}

/** Times over the widths of a site, ms; `times[i][j]` at `inputs[i]` and `outputs[j]`. */
export interface SiteTimes {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly times: readonly (readonly number[])[];
}

/** Points of the grid of a site. With one channel a group both widths are the same. */
export function pointsOf(site: Site, block: number, most: number): { readonly inputs: readonly number[]; readonly outputs: readonly number[] } {
  const step = site.depthwise ? block : block * site.groups;
  return { inputs: gridOf(site.widths.input, step, most), outputs: site.depthwise ? [site.widths.output] : gridOf(site.widths.output, step, most) };
}

/**
 * A width more never takes less time: what was measured otherwise is noise. Half-way between the least that rises everywhere
 * above the measured times and the most below them.
 */
export function rising(times: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const above = swept(times, Math.max);
  const below = swept(times.map((row) => [...row].reverse()).reverse(), Math.min).map((row) => [...row].reverse()).reverse();
  return above.map((row, i) => row.map((time, j) => (time + (below[i]?.[j] ?? time)) / 2));
}

/** Every entry with those before it in its row and column. */
function swept(times: readonly (readonly number[])[], pick: (...values: number[]) => number): readonly number[][] {
  const result: number[][] = [];
  for (const [i, row] of times.entries()) {
    const own: number[] = [];
    for (const [j, time] of row.entries()) own.push(pick(time, own[j - 1] ?? time, result[i - 1]?.[j] ?? time));
    result.push(own);
  }
  return result;
}

/** Time at the widths, linear between points of the grid; below the first point that of the first. */
export function timeAt({ inputs, outputs, times }: SiteTimes, { input, output }: SiteWidths): number {
  const [i, alongInput] = placeIn(inputs, input);
  const [j, alongOutput] = placeIn(outputs, output);
  const at = (row: number): number => mix(times[row]?.[j] ?? 0, times[row]?.[j + 1] ?? times[row]?.[j] ?? 0, alongOutput);
  return mix(at(i), i + 1 < inputs.length ? at(i + 1) : at(i), alongInput);
}

/** Index of the point at or below, and how far on to the next, 0 to 1. */
function placeIn(points: readonly number[], width: number): readonly [number, number] {
  const index = points.findLastIndex((point) => point <= width);
  if (index < 0) return [0, 0];
  const [low = 0, high] = [points[index], points[index + 1]];
  return [index, high === undefined ? 0 : (width - low) / (high - low)];
}

function mix(low: number, high: number, share: number): number {
  return low + (high - low) * share;
}
