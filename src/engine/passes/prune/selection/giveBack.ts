// Units given back after a target is met: the last step took a whole grain of one group, which may be far more than was
// still to go, and other groups can keep a grain for it.

import type { ChosenUnits } from '../surgery/index';
import { keptUnits, meanOf, orderOf, type Ranking, type Widths } from './order';

interface Group {
  readonly ranking: Ranking;
  /** Units, the least important first. */
  readonly order: readonly number[];
  readonly scale: number;
  kept: number;
}

/**
 * Groups keep a grain more while the cost is at most `most`, those whose units matter most first (over the mean of their
 * group, as in global pruning). A group whose grain does not fit will not fit later: costs only rise.
 */
export function giveBack(rankings: readonly Ranking[], chosen: ChosenUnits, widths: Widths, costOf: (chosen: ChosenUnits) => number, most: number): ChosenUnits {
  const groups = rankings.map((ranking): Group => {
    const { group, importance } = ranking;
    return { ranking, order: orderOf(ranking), scale: meanOf(importance), kept: group.size - [...(chosen.get(group.id) ?? [])].length };
  });
  const gone = (): ChosenUnits => new Map(groups.map(({ ranking: { group }, order, kept }) => [group.id, order.slice(0, group.size - kept)]));
  const open = new Set(groups.filter(({ ranking, kept }) => kept < ranking.group.size));
  for (;;) {
    const next = [...open].reduce<Group | undefined>((best, group) => (best === undefined || firstGone(group) > firstGone(best) ? group : best), undefined);
    if (next === undefined) return gone();
    const { ranking: { group }, kept } = next;
    next.kept = keptUnits(group, kept + 1, widths);
    const fits = costOf(gone()) <= most;
    if (!fits) next.kept = kept;
    if (!fits || next.kept === group.size) open.delete(next);
  }
}

/** Importance of the most important unit that is gone, over the mean of its group. */
function firstGone({ ranking: { group, importance }, order, scale, kept }: Group): number {
  return (importance[order[group.size - kept - 1] ?? 0] ?? 0) / scale;
}
