// The pass `prune.channels`: takes whole units (channels, heads, neurons) out of the graph until the model is as small as
// wanted. The work is in rounds.ts; here is which units go to meet a target.

import { bindInputs } from '../../../analysis/openDims';
import { findDependencies } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import type { Pass, PassContext } from '../../pass';
import { formatCost } from '../outcome';
import { type ChoiceTask, pruneInRounds } from '../rounds';
import { costMeter } from '../selection/cost';
import { choicesOf, smallestChoice } from '../selection/order';
import type { ChosenUnits } from '../surgery/index';
import { channelsOptions, channelsPassId, type ChannelsSettings, refusal, settingsOf } from './options';

export const pruneChannels: Pass<typeof channelsOptions> = {
  id: channelsPassId,
  data: 'optional',
  suffix: 'pruned',
  refuses: ['finding.quantized'],
  options: channelsOptions,
  check: (options) => void settingsOf(options, true),
  async run(model, options, context) {
    const settings = settingsOf(options, context.data !== undefined);
    const limits = await limitsOf(model, settings, context.dims);
    return pruneInRounds(model, {
      ...settings, passId: channelsPassId,
      isWanted: () => true,
      choose: (task) => chosenUnits(task, limits(task.round), settings),
    }, context);
  },
};

/** What may be left after each round: rounds take the same share of what is there, so that the last ones are no harder than the first. */
async function limitsOf(model: Model, { target: { measure, amount }, rounds }: ChannelsSettings, dims: PassContext['dims']): Promise<(round: number) => number> {
  const full = (await costMeter(model, await findDependencies(model), dims))(new Map())[measure];
  if (full === null) {
    const open = bindInputs(model, dims).open.find(({ size }) => size === null);
    if (open !== undefined) throw new EngineError('symbolicDimension', { input: open.input, dim: open.name });
    throw refusal(measure, 'problem.macsUnknown', 'parameters, bytes');
  }
  if (amount >= full) throw refusal(measure, 'problem.targetMet', 'allowed.lessThan', { found: formatCost(measure, full), high: formatCost(measure, full) });
  const most = amount < 1 ? amount * full : amount;
  return (round) => (round + 1 === rounds ? most : full * (most / full) ** ((round + 1) / rounds));
}

/** @throws EngineError `pruneTargetUnreachable` */
async function chosenUnits({ model, dependencies, rankings, pass }: ChoiceTask, most: number, { target: { measure }, global, grain, minimum }: ChannelsSettings): Promise<ChosenUnits> {
  const meter = await costMeter(model, dependencies, pass.dims);
  const choices = choicesOf(rankings, { grain, minimum }, global);
  const costOf = (taken: number): number => meter(choices.choose(taken))[measure] ?? 0;
  const taken = smallestChoice(choices, costOf, most);
  if (taken !== undefined) return choices.choose(taken);
  throw new EngineError('pruneTargetUnreachable', {
    measure: `option.${measure}`, wanted: formatCost(measure, most), smallest: formatCost(measure, costOf(choices.count)),
    share: Math.ceil((costOf(choices.count) / (meter(new Map())[measure] ?? 1)) * 1000) / 1000, grain, minimum,
  });
}
