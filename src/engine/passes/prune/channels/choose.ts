// Which units go in a round of prune.channels: the order they go in (scope) until the target of the round is met.

import { formatMs, formatPercent } from '../../../../protocol/format';
import { EngineError } from '../../../error';
import { formatCost } from '../outcome';
import type { ChoiceTask } from '../rounds';
import { costMeter } from '../selection/cost';
import { choicesByTime, keptOf, unitsFor, widthChoices } from '../selection/latency/choices';
import { widened } from '../selection/latency/knapsack';
import type { LatencyMeter } from '../selection/latency/meter';
import type { Planner } from '../selection/latency/planner';
import { type Choices, choicesOf, smallestChoice } from '../selection/order';
import type { Measure } from '../selection/target';
import type { ChosenUnits } from '../surgery/index';
import type { ChannelsSettings } from './options';

export interface CostLimit {
  readonly measure: Measure;
  readonly most: number;
}

/**
 * A target that is counted: at most `most` of it is left.
 *
 * @param planner for scope `latency`. @throws EngineError `pruneTargetUnreachable`
 */
export async function chooseByCost(task: ChoiceTask, { measure, most }: CostLimit, settings: ChannelsSettings, planner: Planner | undefined): Promise<ChosenUnits> {
  const { model, dependencies, rankings, pass } = task;
  const meter = await costMeter(model, dependencies, pass.dims);
  const choices = planner === undefined
    ? choicesOf(rankings, settings.widths, settings.scope === 'global')
    : choicesByTime(rankings, rankings.map((ranking) => widthChoices(ranking, settings.widths)), await planner.meterFor(task));
  const costOf = (taken: number): number => meter(choices.choose(taken))[measure] ?? 0;
  const taken = smallestChoice(choices, costOf, most);
  if (taken !== undefined) {
    const chosen = choices.choose(taken);
    await planner?.note(task, chosen);
    return chosen;
  }
  const smallest = costOf(choices.count);
  throw unreachable(settings, { measure: `option.${measure}`, wanted: formatCost(measure, most), smallest: formatCost(measure, smallest) }, smallest / (meter(new Map())[measure] ?? 1));
}

/**
 * A target in time, measured.
 *
 * @param wanted over the latency of the model before the first round. @throws EngineError `pruneTargetUnreachable`
 */
export async function chooseByLatency(task: ChoiceTask, wanted: number, settings: ChannelsSettings, planner: Planner): Promise<ChosenUnits> {
  const { rankings } = task;
  const meter = await planner.meterFor(task);
  const whole = await planner.whole(task);
  const widths = rankings.map((ranking) => widthChoices(ranking, settings.widths));
  const byTime = settings.scope === 'latency';
  const choices = byTime ? choicesByTime(rankings, widths, meter) : choicesOf(rankings, settings.widths, settings.scope === 'global');
  const timeOf = predicted(choices, task, meter);
  const chosen = await planner.meet(task, wanted, (most) => {
    const taken = smallestChoice(choices, timeOf, most);
    if (taken === undefined) return undefined;
    return byTime ? unitsFor(rankings, widened(widths, meter, keptOf(rankings, choices.choose(taken)), most)) : choices.choose(taken);
  });
  if (chosen !== undefined) {
    await planner.note(task, chosen);
    return chosen;
  }
  const smallest = timeOf(choices.count);
  throw unreachable(settings, { measure: 'option.latency', wanted: `${formatMs(wanted * whole)} (${formatPercent(wanted)})`, smallest: formatMs(smallest) }, smallest / whole);
}

function predicted(choices: Choices, { rankings }: ChoiceTask, meter: LatencyMeter): (taken: number) => number {
  return (taken) => meter.total(keptOf(rankings, choices.choose(taken)));
}

function unreachable({ widths: { grain, minimum } }: ChannelsSettings, params: Readonly<Record<'measure' | 'wanted' | 'smallest', string>>, share: number): EngineError {
  return new EngineError('pruneTargetUnreachable', { ...params, share: Math.ceil(share * 1000) / 1000, grain, minimum });
}
