// Ranks layer by layer, by a rule instead of a budget.

import type { RankRule } from '../options';
import type { LayerCost } from './cost';

/** Ranks of a layer by a method, with what they cost and miss. */
export interface Ranked {
  readonly ranks: readonly number[];
  readonly cost: LayerCost;
  /** Share of the energy. */
  readonly missed: number;
}

/**
 * The ranks of one method by a rule: for `energy` the fewest parameters that keep the share, for `ratio` the least missed with at
 * most the share of the layer's parameters, for `evbmf` the steps that hold the ranks found. Undefined where there are none.
 *
 * @param steps with costs below that of the layer. @param found ranks by EVBMF.
 */
export function byRule<Step extends Ranked>(steps: readonly Step[], rule: RankRule, whole: LayerCost, found: readonly number[] | undefined): Step | undefined {
  if (rule === 'evbmf') return least(steps.filter(({ ranks }) => found?.every((rank, mode) => (ranks[mode] ?? 0) >= rank) === true), costOf);
  if ('energy' in rule) return least(steps.filter(({ missed }) => 1 - missed >= rule.energy), costOf);
  return least(steps.filter(({ cost }) => cost.parameters <= rule.ratio * whole.parameters), ({ missed }) => missed);
}

/** EVBMF says nothing about other methods: of those whose error is within twice the least the smallest is taken. Ours. */
const NEAR_ERROR = 2;

/**
 * The method of a layer, of the ranks that each got by the rule. With `ratio` the one that misses least, with `energy` the one
 * with the fewest parameters, with `evbmf` the same among those that miss at most twice what the best does.
 */
export function bestByRule<Step extends Ranked>(steps: readonly Step[], rule: RankRule): Step | undefined {
  if (rule !== 'evbmf') return 'ratio' in rule ? least(steps, ({ missed }) => missed) : least(steps, costOf);
  const most = NEAR_ERROR * Math.min(...steps.map(({ missed }) => missed));
  return least(steps.filter(({ missed }) => missed <= most), costOf);
}

function costOf({ cost }: Ranked): number {
  return cost.parameters;
}

function least<Step>(steps: readonly Step[], of: (step: Step) => number): Step | undefined {
  return steps.reduce<Step | undefined>((best, step) => (best === undefined || of(step) < of(best) ? step : best), undefined);
}
