// Which units go in a round of prune.channels: the order they go in (scope) until the target of the round is met.

import type { Finding } from '../../../../protocol/report';
import { formatMs, formatPercent } from '../../../../protocol/format';
import { type Costs, formatCost } from '../../costs';
import type { ChoiceTask, PruningPlan } from '../rounds';
import { costMeter } from '../selection/cost';
import { giveBack } from '../selection/giveBack';
import { coarsestFit, finestOf, type Fit, grainFindings, grainsOf } from '../selection/grains';
import { choicesByTime, keptOf, unitsFor, widthChoices } from '../selection/latency/choices';
import { widened } from '../selection/latency/knapsack';
import type { LatencyMeter } from '../selection/latency/meter';
import type { Planner } from '../selection/latency/planner';
import { allThatMayGo, type Choices, choicesOf, smallestChoice, type Widths } from '../selection/order';
import type { Measure } from '../../targets';
import { unreachable } from '../selection/unreachable';
import type { ChosenUnits } from '../surgery/index';
import type { ChannelsSettings } from './options';

/** What a plan needs to choose. */
export type Chooser = Required<Pick<PruningPlan, 'choose' | 'requireReachable' | 'findings'>>;

export interface CostLimit {
  readonly measure: Measure;
  /** Of the model before the first round. */
  readonly full: number;
  /** What may be left after a round, counted from 0. */
  readonly most: (round: number) => number;
}

/**
 * A target that is counted.
 *
 * @param planner for scope `latency`. @throws EngineError (requireReachable and choose) `pruneTargetUnreachable`
 */
export function costChooser({ measure, full, most }: CostLimit, settings: ChannelsSettings, planner: Planner | undefined): Chooser {
  const { scope, rounds } = settings;
  let told: readonly Finding[] = [];
  const meterOf = async ({ model, dependencies, pass }: ChoiceTask): Promise<(chosen: ChosenUnits) => number> => {
    const meter: (chosen: ChosenUnits) => Costs = await costMeter(model, dependencies, pass.dims);
    return (chosen) => meter(chosen)[measure] ?? 0;
  };
  const refuseUnreachable = ({ rankings, unranked }: ChoiceTask, costOf: (chosen: ChosenUnits) => number): void => {
    const widths = finestOf(groupsOf(rankings), settings.widths);
    const [wanted, smallest] = [most(rounds - 1), costOf(allThatMayGo(rankings, widths))];
    if (smallest <= wanted) return;
    throw unreachable({ measure: `option.${measure}`, wanted: formatCost(measure, wanted), smallest: formatCost(measure, smallest), share: smallest / full, unranked, widths }, settings);
  };
  return {
    requireReachable: async (task) => { refuseUnreachable(task, await meterOf(task)); },
    async choose(task) {
      const { rankings, round } = task;
      const costOf = await meterOf(task);
      refuseUnreachable(task, costOf);
      const time = await planner?.meterFor(task);
      const fit = coarsestFit(grainsOf(groupsOf(rankings), settings.widths), most(round), (widths): Fit | undefined => {
        const choices = time === undefined ? choicesOf(rankings, widths, scope === 'global') : byTime(task, widths, time);
        const taken = smallestChoice(choices, (count) => costOf(choices.choose(count)), most(round));
        if (taken === undefined) return undefined;
        const enough = choices.choose(taken);
        const chosen = scope === 'global' ? giveBack(rankings, enough, widths, costOf, most(round)) : enough;
        return { chosen, cost: costOf(chosen) };
      });
      if (fit === undefined) throw new Error(`no choice within ${most(round)} (${measure}), though all that may go is`);
      told = grainFindings(fit.widths);
      await planner?.note(task, fit.chosen);
      return fit.chosen;
    },
    findings: () => [...planner?.findings() ?? [], ...told],
  };
}

/**
 * A target in time, measured.
 *
 * @param wanted over the latency of the model before the first round, after a round counted from 0.
 * @throws EngineError (requireReachable and choose) `pruneTargetUnreachable`
 */
export function latencyChooser(wanted: (round: number) => number, settings: ChannelsSettings, planner: Planner): Chooser {
  const { scope, rounds } = settings;
  let told: readonly Finding[] = [];
  const requireReachable = async (task: ChoiceTask): Promise<void> => {
    const { rankings, unranked } = task;
    const [meter, whole] = [await planner.meterFor(task), await planner.whole(task)];
    const widths = finestOf(groupsOf(rankings), settings.widths);
    const [share, smallest] = [wanted(rounds - 1), meter.total(keptOf(rankings, allThatMayGo(rankings, widths)))];
    if (smallest <= share * whole) return;
    throw unreachable({ measure: 'option.latency', wanted: `${formatMs(share * whole)} (${formatPercent(share)})`, smallest: formatMs(smallest), share: smallest / whole, unranked, widths }, settings);
  };
  return {
    requireReachable,
    async choose(task) {
      const { rankings, round } = task;
      await requireReachable(task);
      const [meter, most] = [await planner.meterFor(task), wanted(round) * await planner.whole(task)];
      const withGrain = (widths: Widths): ((budget: number) => ChosenUnits | undefined) => {
        const choices = scope === 'latency' ? byTime(task, widths, meter) : choicesOf(rankings, widths, scope === 'global');
        return (budget) => {
          const taken = smallestChoice(choices, (count) => meter.total(keptOf(rankings, choices.choose(count))), budget);
          if (taken === undefined) return undefined;
          const chosen = choices.choose(taken);
          return scope === 'latency' ? unitsFor(rankings, widened(widthsFor(task, widths), meter, keptOf(rankings, chosen), budget)) : chosen;
        };
      };
      const fit = coarsestFit(grainsOf(groupsOf(rankings), settings.widths), most, (widths): Fit | undefined => {
        const chosen = withGrain(widths)(most);
        return chosen && { chosen, cost: meter.total(keptOf(rankings, chosen)) };
      });
      if (fit === undefined) throw new Error(`no choice within ${most} ms, though all that may go is`);
      told = grainFindings(fit.widths);
      const chosen = await planner.meet(task, wanted(round), withGrain(fit.widths)) ?? fit.chosen;
      await planner.note(task, chosen);
      return chosen;
    },
    findings: () => [...planner.findings(), ...told],
  };
}

function groupsOf(rankings: ChoiceTask['rankings']): readonly ChoiceTask['rankings'][number]['group'][] {
  return rankings.map(({ group }) => group);
}

function widthsFor({ rankings }: ChoiceTask, widths: Widths): readonly ReturnType<typeof widthChoices>[] {
  return rankings.map((ranking) => widthChoices(ranking, widths));
}

function byTime(task: ChoiceTask, widths: Widths, meter: LatencyMeter): Choices {
  return choicesByTime(task.rankings, widthsFor(task, widths), meter);
}
