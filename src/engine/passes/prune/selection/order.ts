// Which units go: the least important first, until the model is as small as wanted. Uniform and global pruning differ only
// in what units of different groups are compared by.

import type { Dependencies, DependencyGroup } from '../../../analysis/dependencies/index';
import type { ChosenUnits } from '../surgery/index';

export interface Ranking {
  readonly group: DependencyGroup;
  /** Importance of each unit; only its order counts within the group. */
  readonly importance: Float64Array;
}

/** Which numbers of units may stay. */
export interface Widths {
  readonly grain: number;
  /** The grain of narrow groups, so that they are not all or nothing, where it is smaller. Absent: all have `grain`. */
  readonly narrow?: number;
  readonly minimum: number;
  /** Units of groups before the first round, by id: what is narrow goes by them, or rounds would leave widths of many grains. */
  readonly sizes?: ReadonlyMap<string, number>;
}

export function sizesOf({ groups }: Dependencies): ReadonlyMap<string, number> {
  return new Map(groups.map(({ id, size }) => [id, size]));
}

/** A unit as all of them are put in order. */
interface Candidate {
  readonly ranking: number;
  readonly key: number;
}

/**
 * Choices of rising size: `choose(0)` takes nothing, `choose(count)` all that may go. Each step changes the width of at most
 * one group, by at most one grain.
 */
export interface Choices {
  readonly count: number;
  choose(taken: number): ChosenUnits;
}

/**
 * Global: units are compared by importance over the mean of their group (Fang 2023, section 3.3, "normalised by the mean").
 * Uniform: by their place in their group, so that all groups lose the same share.
 */
export function choicesOf(rankings: readonly Ranking[], widths: Widths, global: boolean): Choices {
  const orders = rankings.map(orderOf);
  const candidates = rankings.flatMap((ranking, index) => {
    const { importance } = ranking;
    const scale = meanOf(importance);
    return (orders[index] ?? []).map((unit, place): Candidate => ({ ranking: index, key: global ? (importance[unit] ?? 0) / scale : (place + 1) / importance.length }));
  }).sort((a, b) => a.key - b.key || a.ranking - b.ranking);
  return {
    count: candidates.length,
    choose(taken) {
      const wanted = rankings.map(() => 0);
      for (const { ranking } of candidates.slice(0, taken)) wanted[ranking] = (wanted[ranking] ?? 0) + 1;
      return new Map(rankings.map(({ group }, index) => {
        const kept = keptUnits(group, group.size - (wanted[index] ?? 0), widths);
        return [group.id, (orders[index] ?? []).slice(0, group.size - kept)];
      }));
    },
  };
}

/** Units of a group, the least important first. */
export function orderOf({ importance }: Ranking): readonly number[] {
  return [...importance.keys()].sort((a, b) => (importance[a] ?? 0) - (importance[b] ?? 0) || a - b);
}

/** What units of a group are compared over; 1 where nothing in it counts. */
export function meanOf(importance: Float64Array): number {
  const mean = importance.reduce((sum, value) => sum + value, 0) / importance.length;
  return mean > 0 ? mean : 1;
}

/** A group of fewer grains than this is narrow. Ours: each would be a quarter of its width or more. */
const FEW_GRAINS = 4;

/** Units that come and go together. */
export function stepOf(group: DependencyGroup, { grain, narrow = grain, sizes }: Widths): number {
  const entries = entriesOf(group);
  const isNarrow = (sizes?.get(group.id) ?? group.size) * entries < FEW_GRAINS * grain;
  return Math.max(1, Math.ceil((isNarrow ? Math.min(narrow, grain) : grain) / entries));
}

/** The smallest number of units that may stay, of those that are at least `wanted`. */
export function keptUnits(group: DependencyGroup, wanted: number, widths: Widths): number {
  const step = stepOf(group, widths);
  const least = Math.max(1, Math.ceil(widths.minimum / entriesOf(group)));
  return Math.min(group.size, Math.ceil(Math.max(wanted, least) / step) * step);
}

/** All units that may go. */
export function allThatMayGo(rankings: readonly Ranking[], widths: Widths): ChosenUnits {
  return new Map(rankings.map((ranking) => [ranking.group.id, orderOf(ranking).slice(0, ranking.group.size - keptUnits(ranking.group, 0, widths))]));
}

/** Channels in a unit, on its narrowest side. A head is one, however wide. */
export function entriesOf({ kind, activations }: DependencyGroup): number {
  if (kind === 'heads') return Infinity;
  return activations.reduce((least, { perUnit }) => Math.min(least, perUnit), Infinity);
}

/**
 * The first number of taken units whose cost is at most `most`; undefined where even all are not enough. Costs fall as more
 * is taken, so halving finds it.
 */
export function smallestChoice(choices: Choices, costOf: (taken: number) => number, most: number): number | undefined {
  if (costOf(choices.count) > most) return undefined;
  let [low, high] = [0, choices.count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (costOf(middle) <= most) high = middle;
    else low = middle + 1;
  }
  return low;
}
