// The ranks worth looking at of a layer and method: steps of the grain from small to full, each with what it is predicted to
// miss. A method with two ranks has one path over both, which gives way where the least is missed for the parameters saved.

import type { FactorShape, KernelShape } from '../methods/method';

export interface RankStep {
  readonly ranks: readonly number[];
  /** Predicted share of the energy (squared norm) of the weight, or of what it makes, that is missed. */
  readonly missed: number;
}

export interface Grain {
  readonly size: number;
  /** Also of modes that are narrower than a few of them. */
  readonly isFixed: boolean;
}

/** Steps of a mode for a budget: more would differ by less than predictions err. Ours. */
export const MOST_STEPS = 48;
/** A mode holds so many steps at least, or its grain is halved; as prune.channels does. */
const FEWEST_STEPS = 4;

/** Ranks of a mode, rising, up to `full`: multiples of the grain, never 0, evenly thinned out to `most`, and `full` itself. */
export function stepsOf(full: number, grain: Grain, most = Infinity): readonly number[] {
  const size = sizeFor(full, grain);
  const multiples = Math.floor((full - 1) / size);
  const every = Math.max(1, Math.ceil(multiples / most));
  const steps: number[] = [];
  for (let at = multiples; at > 0; at -= every) steps.push(at * size);
  return [...steps.reverse(), full];
}

function sizeFor(full: number, { size, isFixed }: Grain): number {
  let own = size;
  while (!isFixed && own > 1 && full < FEWEST_STEPS * own) own = Math.ceil(own / 2);
  return own;
}

/** A rank on the grain: the multiple at or above it, at least one, at most `full`. */
export function rounded(rank: number, full: number, grain: Grain): number {
  const size = sizeFor(full, grain);
  return Math.min(full, Math.max(1, Math.ceil(rank / size)) * size);
}

/** Share of the energy of a spectrum that its values from `rank` on have; 0 for a spectrum of zeros. */
export function tailOf(spectrum: Float64Array, rank: number): number {
  return tailsOf(spectrum)[rank] ?? 0;
}

/** At each rank from 0 on. */
function tailsOf(spectrum: Float64Array): Float64Array {
  const tails = new Float64Array(spectrum.length);
  let total = 0;
  for (let at = spectrum.length - 1; at >= 0; at -= 1) {
    total += (spectrum[at] as number) ** 2;
    tails[at] = total;
  }
  return total > 0 ? tails.map((tail) => tail / total) : tails;
}

/**
 * Steps from the smallest ranks to the full ones.
 *
 * @param full ranks of the modes. @param spectra singular values of each mode, falling.
 * @param parameters of factors of such ranks: what is weighed against what is missed. @param most steps of each mode.
 */
export function rankPath(full: readonly number[], spectra: readonly Float64Array[], grain: Grain, parameters: (ranks: readonly number[]) => number, most = Infinity): readonly RankStep[] {
  const steps = full.map((rank) => stepsOf(rank, grain, most));
  const tails = steps.map((own, mode) => {
    const all = tailsOf(spectra[mode] ?? new Float64Array(0));
    return own.map((rank) => all[rank] ?? 0);
  });
  const at = steps.map((own) => own.length - 1);
  const ranksAt = (places: readonly number[]): number[] => places.map((place, mode) => steps[mode]?.[place] ?? 1);
  const missedAt = (places: readonly number[]): number => Math.min(1, places.reduce((sum, place, mode) => sum + (tails[mode]?.[place] ?? 0), 0));
  const path: RankStep[] = [{ ranks: ranksAt(at), missed: missedAt(at) }];
  for (;;) {
    const [cost, missed] = [parameters(ranksAt(at)), missedAt(at)];
    let best: { readonly mode: number; readonly price: number } | undefined;
    for (const mode of at.keys()) {
      if (at[mode] === 0) continue;
      const next = at.map((place, other) => (other === mode ? place - 1 : place));
      const price = (missedAt(next) - missed) / Math.max(1, cost - parameters(ranksAt(next)));
      if (best === undefined || price < best.price) best = { mode, price };
    }
    if (best === undefined) return path.reverse();
    at[best.mode] = (at[best.mode] ?? 1) - 1;
    path.push({ ranks: ranksAt(at), missed: missedAt(at) });
  }
}

/** Parameters of one group. */
export function parametersOf(shape: KernelShape, ranks: readonly number[], shapes: (shape: KernelShape, ranks: readonly number[]) => readonly FactorShape[]): number {
  return shapes(shape, ranks).reduce((sum, { outputs, inputs, kernel }) => sum + outputs * inputs * kernel.reduce((product, length) => product * length, 1), 0);
}
