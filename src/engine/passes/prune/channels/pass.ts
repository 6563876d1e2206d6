// The pass `prune.channels`: takes whole units (channels, heads, neurons) out of the graph until the model is as small or as
// fast as wanted. The work is in rounds.ts, which units go in choose.ts; here is what each round has to meet.

import { formatMs } from '../../../../protocol/format';
import { bindInputs } from '../../../analysis/openDims';
import { findDependencies } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import { checkpointParts } from '../../checkpointParts';
import type { Pass, PassContext, PassOutcome } from '../../pass';
import { formatCost } from '../outcome';
import { pruneInRounds, type PruningPlan } from '../rounds';
import { costMeter } from '../selection/cost';
import { choiceMemory } from '../selection/latency/memory';
import { latencyOf, latencyPlanner, type Planner } from '../selection/latency/planner';
import type { Measure } from '../selection/target';
import { chooseByCost, chooseByLatency } from './choose';
import { channelsOptions, channelsPassId, type ChannelsSettings, refusal, settingsOf } from './options';

export const pruneChannels: Pass<typeof channelsOptions> = {
  id: channelsPassId,
  data: 'optional',
  suffix: 'pruned',
  refuses: ['finding.quantized'],
  options: channelsOptions,
  check: (options) => void settingsOf(options, {}),
  async run(model, options, context) {
    const settings = settingsOf(options, context);
    const { rounds, target: { measure } } = settings;
    const isTimed = measure === 'latency' || settings.scope === 'latency';
    const common = { ...settings, passId: channelsPassId, isTimed, isWanted: () => true };
    if (measure === 'latency') {
      const wanted = await wantedLatency(model, settings, context);
      const planner = latencyPlanner(model, context);
      return pruneByTime(model, { ...common, choose: (task) => chooseByLatency(task, wanted ** ((task.round + 1) / rounds), settings, planner) }, planner, context);
    }
    const limits = await limitsOf(model, measure, settings, context.dims);
    const planner = settings.scope === 'latency' ? latencyPlanner(model, context) : undefined;
    const plan: PruningPlan = { ...common, choose: (task) => chooseByCost(task, { measure, most: limits(task.round) }, settings, planner) };
    return planner === undefined ? pruneInRounds(model, plan, context) : pruneByTime(model, plan, planner, context);
  },
};

/** As pruneInRounds; choices that rest on measured times are kept with the checkpoint. */
function pruneByTime(model: Model, plan: PruningPlan, planner: Planner, context: PassContext): Promise<PassOutcome> {
  const part = checkpointParts(context.checkpoint);
  const memory = choiceMemory(part('choices'), () => planner.findings());
  return pruneInRounds(model, {
    ...plan,
    choose: (task) => memory.choice(task.round, () => plan.choose(task)),
    findings: () => memory.findings(),
  }, { ...context, checkpoint: part('training') });
}

/** What may be left after each round: rounds take the same share of what is there, so that the last ones are no harder than the first. */
async function limitsOf(model: Model, measure: Measure, { target: { amount, absolute }, rounds }: ChannelsSettings, dims: PassContext['dims']): Promise<(round: number) => number> {
  const full = (await costMeter(model, await findDependencies(model), dims))(new Map())[measure];
  if (full === null) {
    const open = bindInputs(model, dims).open.find(({ size }) => size === null);
    if (open !== undefined) throw new EngineError('symbolicDimension', { input: open.input, dim: open.name });
    throw refusal(measure, 'problem.macsUnknown', 'parameters, bytes');
  }
  const most = absolute ? amount : amount * full;
  if (most >= full) throw refusal(measure, 'problem.targetMet', 'allowed.lessThan', { found: formatCost(measure, full), high: formatCost(measure, full) });
  return (round) => (round + 1 === rounds ? most : full * (most / full) ** ((round + 1) / rounds));
}

/** Latency to reach over that of the model. */
async function wantedLatency(model: Model, { target: { amount, absolute } }: ChannelsSettings, context: PassContext): Promise<number> {
  if (!absolute) return amount;
  const whole = await latencyOf(model, context);
  if (amount >= whole) throw refusal('latency', 'problem.targetMet', 'allowed.lessThan', { found: formatMs(whole), high: formatMs(whole) });
  return amount / whole;
}
