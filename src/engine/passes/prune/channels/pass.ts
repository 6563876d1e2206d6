// The pass `prune.channels`: takes whole units (channels, heads, neurons) out of the graph until the model is as small as
// wanted. The steps are in the files it calls: criteria (how much a unit matters), select and cost (which go), surgery,
// statistics (BatchNormalization afterwards), outcome (what is told).

import { findDependencies, type Dependencies, type DependencyGroup } from '../../../analysis/dependencies/index';
import { bindInputs } from '../../../analysis/openDims';
import { requireSplit } from '../../../data/dataset';
import { EngineError, throwIfAborted } from '../../../error';
import { isOp, type Model } from '../../../ir/model';
import type { Origins, Pass, PassContext } from '../../pass';
import { ignoredLayers } from '../../quantize/ignore';
import { refuseQuantized } from '../../quantize/quantized';
import { type ChosenUnits, removeUnits } from '../surgery/index';
import { type Costs, costMeter } from './cost';
import { criteria } from './criteria';
import { channelsOptions, channelsPassId, type ChannelsSettings, refusal, settingsOf } from './options';
import { findingsOf, formatCost, formsOf, layersFrom, lockedFinding } from './outcome';
import { CUTTING_STARTS } from './progressShares';
import { choicesOf, type Ranking, smallestChoice } from './select';
import { renewStatistics } from './statistics';

export const pruneChannels: Pass<typeof channelsOptions> = {
  id: channelsPassId,
  data: 'optional',
  suffix: 'pruned',
  refuses: ['finding.quantized'],
  options: channelsOptions,
  check: (options) => void settingsOf(options, true),
  async run(model, options, context) {
    const { data, origins } = context;
    const settings = settingsOf(options, data !== undefined);
    refuseQuantized(model);
    const criterion = criteria[settings.criterion];
    if (criterion.needs !== 'nothing' && data === undefined) throw new EngineError('dataNeeded', { what: `value.criterion.${settings.criterion}` });
    const hasNorms = model.graph.nodes.some((node) => isOp(node, 'BatchNormalization'));
    const split = data !== undefined && (criterion.needs !== 'nothing' || hasNorms) ? requireSplit(data, 'train') : undefined;
    const dependencies = await findDependencies(model);
    const groups = prunableGroups(model, dependencies, settings, origins);
    const meter = await costMeter(model, dependencies, context.dims);
    const most = limitOf(meter(new Map()), model, settings, context.dims);

    const importance = await criterion.run({ model, groups, split, samples: settings.samples, pass: context });
    throwIfAborted(context.signal);
    context.progress({ activity: 'progress.pruning', fraction: CUTTING_STARTS });
    const rankings = groups.flatMap((group): Ranking[] => {
      const own = importance.get(group.id);
      return own === undefined ? [] : [{ group, importance: finite(own, group) }];
    });
    const chosen = chosenUnits(rankings, meter, most, settings);
    const { model: cut } = await removeUnits(model, dependencies, chosen);
    const renewed = split === undefined ? { model: cut, layers: 0 } : await renewStatistics(cut, split, settings.samples, context);
    // Costs of the result itself; of the choice where sizes of the result are known only when it runs.
    const measured = (await costMeter(renewed.model, dependencies, context.dims))(new Map());
    const after = { ...measured, macs: measured.macs ?? meter(chosen).macs };
    const told = { dependencies, chosen, settings, before: meter(new Map()), after, renewed: renewed.layers, split, hasNorms, unranked: groups.length - rankings.length, origins };
    return { model: renewed.model, origins: originsOf(renewed.model, origins), forms: formsOf(told), findings: findingsOf(told) };
  },
};

/** @throws EngineError `ignoreMatchesNothing`, `nothingToPrune` */
function prunableGroups(model: Model, { groups, locked: [first] }: Dependencies, { ignore }: ChannelsSettings, origins: Origins): readonly DependencyGroup[] {
  const ignored = ignoredLayers(model.graph, origins, ignore);
  // What only reads units keeps all it makes itself.
  const isIgnored = ({ layers }: DependencyGroup): boolean => layers.some(({ id, role }) => role !== 'reads' && layersFrom(id, origins).some((layer) => ignored.has(layer)));
  const prunable = groups.filter((group) => group.size > 1 && !isIgnored(group));
  if (prunable.length > 0) return prunable;
  throw new EngineError('nothingToPrune', first === undefined || ignore.length > 0 ? { detail: 'problem.noSuchLayers' } : { detail: 'finding.layerLocked', ...lockedFinding(first, origins) });
}

/** The target as a number of MACs, parameters or bytes. */
function limitOf(before: Costs, model: Model, { target: { measure, amount } }: ChannelsSettings, dims: PassContext['dims']): number {
  const full = before[measure];
  if (full === null) {
    const open = bindInputs(model, dims).open.find(({ size }) => size === null);
    if (open !== undefined) throw new EngineError('symbolicDimension', { input: open.input, dim: open.name });
    throw refusal(measure, 'problem.macsUnknown', 'parameters, bytes');
  }
  if (amount < 1) return amount * full;
  if (amount >= full) throw refusal(measure, 'problem.targetMet', 'allowed.lessThan', { found: formatCost(measure, full), high: formatCost(measure, full) });
  return amount;
}

/** @throws EngineError `pruneTargetUnreachable` */
function chosenUnits(rankings: readonly Ranking[], meter: (chosen: ChosenUnits) => Costs, most: number, { target: { measure }, global, grain, minimum }: ChannelsSettings): ChosenUnits {
  const choices = choicesOf(rankings, { grain, minimum }, global);
  const costOf = (taken: number): number => meter(choices.choose(taken))[measure] ?? 0;
  const taken = smallestChoice(choices, costOf, most);
  if (taken !== undefined) return choices.choose(taken);
  throw new EngineError('pruneTargetUnreachable', {
    measure: `option.${measure}`, wanted: formatCost(measure, most), smallest: formatCost(measure, costOf(choices.count)),
    share: Math.ceil((costOf(choices.count) / (meter(new Map())[measure] ?? 1)) * 1000) / 1000, grain, minimum,
  });
}

/** NaN has no place in an order. */
function finite(importance: Float64Array, { id }: DependencyGroup): Float64Array {
  if (importance.every(Number.isFinite)) return importance;
  throw new EngineError('importanceNotFinite', { layer: id }, { node: id });
}

/** Nodes that surgery added belong to no layer. */
function originsOf({ graph }: Model, origins: Origins): Origins {
  const added = graph.nodes.map((node) => node.outputs[0] ?? '').filter((output) => !origins.has(output));
  return added.length === 0 || origins.size === 0 ? origins : new Map([...origins, ...added.map((output) => [output, []] as const)]);
}
