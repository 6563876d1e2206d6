// The pass `prune.channels`: takes whole units (channels, heads, neurons) out of the graph until the model is as small or as
// fast as wanted. The work is in rounds.ts, which units go in choose.ts; here is what each round has to meet.

import { formatMs } from '../../../../protocol/format';
import { bindInputs } from '../../../analysis/openDims';
import { type Dependencies, findDependencies } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import type { Pass, PassContext } from '../../pass';
import { formatCost } from '../../costs';
import { pruneInRounds } from '../rounds';
import { costMeter } from '../selection/cost';
import { latencyOf } from '../../layerTimes/whole';
import { latencyPlanner } from '../selection/latency/planner';
import { sizesOf } from '../selection/order';
import { checkRecovery } from '../../recovery/recover';
import type { Measure } from '../../targets';
import { type Chooser, costChooser, type CostLimit, latencyChooser } from './choose';
import { channelsOptions, channelsPassId, channelsSettings, type ChannelsSettings, refusal } from './options';

export const pruneChannels: Pass<typeof channelsOptions> = {
  id: channelsPassId,
  data: 'optional',
  suffix: 'pruned',
  refuses: ['finding.quantized'],
  options: channelsOptions,
  check(options) {
    channelsSettings(options, {});
    checkRecovery(options.recover, channelsPassId);
  },
  async run(model, options, context) {
    const dependencies = await findDependencies(model);
    const given = channelsSettings(options, context);
    const settings = { ...given, widths: { ...given.widths, sizes: sizesOf(dependencies) } };
    const { scope, target: { measure } } = settings;
    const isTimed = measure === 'latency' || scope === 'latency';
    const chooser = await chooserFor(model, dependencies, settings, context);
    return pruneInRounds(model, { ...settings, ...chooser, passId: channelsPassId, isTimed, isWanted: () => true }, context);
  },
};

async function chooserFor(model: Model, dependencies: Dependencies, settings: ChannelsSettings, context: PassContext): Promise<Chooser> {
  const { rounds, scope, target: { measure } } = settings;
  if (measure === 'latency') {
    const wanted = await wantedLatency(model, settings, context);
    return latencyChooser((round) => wanted ** ((round + 1) / rounds), settings, latencyPlanner(model, context));
  }
  const limit = await costLimit(model, dependencies, measure, settings, context.dims);
  return costChooser(limit, settings, scope === 'latency' ? latencyPlanner(model, context) : undefined);
}

/** Rounds take the same share of what is there, so that the last ones are no harder than the first. */
async function costLimit(model: Model, dependencies: Dependencies, measure: Measure, { target: { amount, absolute }, rounds }: ChannelsSettings, dims: PassContext['dims']): Promise<CostLimit> {
  const full = (await costMeter(model, dependencies, dims))(new Map())[measure];
  if (full === null) {
    const open = bindInputs(model, dims).open.find(({ size }) => size === null);
    if (open !== undefined) throw new EngineError('symbolicDimension', { input: open.input, dim: open.name });
    throw refusal(measure, 'problem.macsUnknown', 'parameters, bytes');
  }
  const most = absolute ? amount : amount * full;
  // Of nothing, nothing can be taken: rounds.ts says why.
  if (full > 0 && most >= full) throw refusal(measure, 'problem.targetMet', 'allowed.lessThan', { measure: `option.${measure}`, found: formatCost(measure, full), high: formatCost(measure, full) });
  return { measure, full, most: (round) => (round + 1 === rounds ? most : full * (most / full) ** ((round + 1) / rounds)) };
}

/** Latency to reach over that of the model. */
async function wantedLatency(model: Model, { target: { amount, absolute } }: ChannelsSettings, context: PassContext): Promise<number> {
  if (!absolute) return amount;
  const whole = await latencyOf(model, context);
  if (amount >= whole) throw refusal('latency', 'problem.targetMet', 'allowed.lessThan', { measure: 'option.latency', found: formatMs(whole), high: formatMs(whole) });
  return amount / whole;
}
