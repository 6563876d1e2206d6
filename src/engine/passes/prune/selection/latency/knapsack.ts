// Which widths keep the most importance within a latency. The time a group saves depends on the widths of its neighbours and
// falls in steps (kernels work on blocks), so the best pieces are taken one by one, each as large as pays, and judged anew
// after every piece: the greedy knapsack with several units a piece.

import type { LatencyMeter } from './meter';

/** Widths that a group may have, and what is lost with each. */
export interface WidthChoices {
  /** Units kept, rising; the last keeps all. */
  readonly widths: readonly number[];
  /** Importance lost at each of `widths`, falling to 0 at the last. */
  readonly losses: readonly number[];
}

/** One group becomes narrower. */
export interface Piece {
  readonly group: number;
  /** Index in `widths`. */
  readonly to: number;
}

/**
 * Pieces from all units to the narrowest widths, those with the least importance lost for each millisecond first. Pieces
 * that save no time come last, by what they lose.
 */
export function piecesOf(choices: readonly WidthChoices[], meter: LatencyMeter): readonly Piece[] {
  const at = choices.map(({ widths }) => widths.length - 1);
  const kept = choices.map(({ widths }) => widths.at(-1) ?? 0);
  const best = choices.map((_, group) => bestPiece(choices, meter, at, kept, group));
  const pieces: Piece[] = [];
  for (;;) {
    const next = best.reduce<Candidate | undefined>((least, candidate) => (candidate !== undefined && (least === undefined || isBefore(candidate, least)) ? candidate : least), undefined);
    if (next === undefined) return pieces;
    pieces.push(next.piece);
    const { group, to } = next.piece;
    at[group] = to;
    kept[group] = choices[group]?.widths[to] ?? 0;
    for (const other of new Set([group, ...meter.coupled(group)])) best[other] = bestPiece(choices, meter, at, kept, other);
  }
}

/** Units kept by each group after the first `taken` pieces. */
export function keptAfter(choices: readonly WidthChoices[], pieces: readonly Piece[], taken: number): number[] {
  const kept = choices.map(({ widths }) => widths.at(-1) ?? 0);
  for (const { group, to } of pieces.slice(0, taken)) kept[group] = choices[group]?.widths[to] ?? 0;
  return kept;
}

/** Widens groups again while the latency stays within `most` ms, the largest gain of importance first. */
export function widened(choices: readonly WidthChoices[], meter: LatencyMeter, given: readonly number[], most: number): number[] {
  const kept = [...given];
  let total = meter.total(kept);
  for (;;) {
    let best: { readonly group: number; readonly width: number; readonly gain: number; readonly total: number } | undefined;
    for (const [group, { widths, losses }] of choices.entries()) {
      const own = widths.indexOf(kept[group] ?? 0);
      const before = meter.around(kept, group, kept[group] ?? 0);
      for (let to = own + 1; to < widths.length; to += 1) {
        const width = widths[to] ?? 0;
        const after = total - before + meter.around(kept, group, width);
        if (after > most) break;
        const gain = (losses[own] ?? 0) - (losses[to] ?? 0);
        if (best === undefined || gain > best.gain) best = { group, width, gain, total: after };
      }
    }
    if (best === undefined) return kept;
    kept[best.group] = best.width;
    total = best.total;
  }
}

interface Candidate {
  readonly piece: Piece;
  readonly loss: number;
  /** ms; 0 or less where the piece saves no time. */
  readonly saved: number;
}

/** Differences below this, ms, are rounding. */
const NO_TIME = 1e-9;

function isBefore(a: Candidate, b: Candidate): boolean {
  const [saves, others] = [a.saved > NO_TIME, b.saved > NO_TIME];
  if (saves !== others) return saves;
  return saves ? a.loss * b.saved < b.loss * a.saved : a.loss < b.loss;
}

function bestPiece(choices: readonly WidthChoices[], meter: LatencyMeter, at: readonly number[], kept: readonly number[], group: number): Candidate | undefined {
  const { widths, losses } = choices[group] ?? { widths: [], losses: [] };
  const own = at[group] ?? 0;
  const before = meter.around(kept, group, kept[group] ?? 0);
  let best: Candidate | undefined;
  for (let to = own - 1; to >= 0; to -= 1) {
    const candidate = { piece: { group, to }, loss: (losses[to] ?? 0) - (losses[own] ?? 0), saved: before - meter.around(kept, group, widths[to] ?? 0) };
    if (best === undefined || isBefore(candidate, best)) best = candidate;
  }
  return best;
}
