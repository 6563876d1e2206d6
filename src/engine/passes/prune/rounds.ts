// What all passes that remove units have in common: rounds of judging, choosing, cutting and mending, each on what the round
// before left. Which units may go and how many is the plan of the pass; what is told at the end is in roundsOutcome.ts.

import { findDependencies, type Dependencies, type DependencyGroup } from '../../analysis/dependencies/index';
import { requireSplit, type Split } from '../../data/dataset';
import { EngineError, throwIfAborted } from '../../error';
import { isOp, type Model } from '../../ir/model';
import type { Finding } from '../../../protocol/report';
import type { Origins, PassContext, PassOutcome } from '../pass';
import { costsOf } from '../costs';
import { originsAfter } from '../origins';
import { checkpointParts } from '../checkpointParts';
import { within } from '../progressShare';
import { refuseQuantized } from '../quantize/quantized';
import { ignoredLayers } from '../quantize/ignore';
import { criteria } from './criteria/criteria';
import type { CriterionName } from './criteria/names';
import { curvesOf } from './curves';
import { layersFrom, lockedFindings, lockedParams } from './outcome';
import { recoverTraining, type RecoverOptions } from '../recovery/recover';
import { mend } from './recovery/mend';
import { outcomeOf, type Round } from './roundsOutcome';
import { choiceMemory } from './selection/choiceMemory';
import { costMeter } from './selection/cost';
import type { Ranking } from './selection/order';
import type { Measure } from '../targets';
import type { SlimOptions } from './slim/options';
import { slim } from './slim/slim';
import { type ChosenUnits, removeUnits } from './surgery/index';
import { sparseNarrowed } from './weights/masks';
import { widthsOf } from './widths';

export interface PruningPlan {
  readonly passId: string;
  readonly criterion: CriterionName;
  /** Samples that the criterion and the mending look at. */
  readonly samples: number;
  readonly ignore: readonly string[];
  readonly rounds: number;
  /** With data: layers that read fewer units are refitted. */
  readonly refit: boolean;
  /** Training before the first round that makes units small by what they cost; absent: none. */
  readonly slim?: { readonly options: SlimOptions; readonly measure: Measure } | undefined;
  /** Training after every round; absent: none. */
  readonly recover: RecoverOptions | undefined;
  /** Choosing measures times, and so takes longer than judging. */
  readonly isTimed?: boolean;
  /** Whether units of the group may go, as far as the pass is concerned. */
  isWanted(group: DependencyGroup): boolean;
  /**
   * Throws where no choice can meet the plan after the last round. Asked before slimming, with importance that says nothing;
   * `choose` asks for itself in the first round.
   */
  requireReachable?(task: ChoiceTask): Promise<void>;
  /** Which units go in a round, counted from 0. */
  choose(task: ChoiceTask): Promise<ChosenUnits>;
  /** What the plan has to tell once all rounds are done. */
  findings?(): readonly Finding[];
}

export interface ChoiceTask {
  readonly model: Model;
  readonly dependencies: Dependencies;
  readonly rankings: readonly Ranking[];
  /** Groups that the criterion says nothing about. */
  readonly unranked: number;
  readonly round: number;
  readonly pass: PassContext;
}

/**
 * @throws EngineError `alreadyQuantized`, `criterionNeedsData`, `dataNeeded`, `splitMissing`, `ignoreMatchesNothing`, `nothingToPrune`,
 * `importanceNotFinite`, and what the criterion, the plan and training throw.
 */
export async function pruneInRounds(model: Model, given: PruningPlan, whole: PassContext): Promise<PassOutcome> {
  refuseQuantized(model);
  const { plan, context } = remembering(given, whole);
  const { data, origins } = context;
  const criterion = criteria[plan.criterion];
  if (criterion.needs !== 'nothing' && data === undefined) throw new EngineError('criterionNeedsData', { criterion: plan.criterion });
  if (plan.recover !== undefined && data === undefined) throw new EngineError('dataNeeded', { what: 'option.recover' });
  const hasNorms = model.graph.nodes.some((node) => isOp(node, 'BatchNormalization'));
  const split = data !== undefined && (criterion.needs !== 'nothing' || hasNorms || plan.refit) ? requireSplit(data, 'train') : undefined;
  const before = await costsOf(model, context.dims);
  const slimEnd = plan.slim === undefined ? 0 : SLIM_SHARE;
  const slimmed = await slimmedModel(model, plan, within(context, [0, slimEnd]));
  const startOf = (round: number): number => slimEnd + ((1 - slimEnd) * round) / plan.rounds;
  const rounds: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    throwIfAborted(context.signal);
    const last = rounds.at(-1);
    const own = { ...context, origins: last?.origins ?? origins };
    rounds.push(await runRound({ plan, split, original: model, round }, last?.model ?? slimmed?.model ?? model, within(own, [startOf(round), startOf(round + 1)])));
  }
  const findings = plan.findings?.() ?? [];
  const narrowed = await sparseNarrowed(model, rounds.at(-1)?.model ?? model);
  return outcomeOf(rounds, { criterion: plan.criterion, before, hasNorms, slimmed, narrowed, findings }, origins);
}

/** The plan with the choices of an earlier start of the same run; trainings of the pass itself have a checkpoint of their own. */
function remembering(plan: PruningPlan, context: PassContext): { readonly plan: PruningPlan; readonly context: PassContext } {
  const part = checkpointParts(context.checkpoint);
  const memory = choiceMemory(part('choices'), () => plan.findings?.() ?? []);
  return {
    plan: {
      ...plan,
      requireReachable: async (task) => { if (!(await memory.has(task.round))) await plan.requireReachable?.(task); },
      choose: (task) => memory.choice(task.round, () => plan.choose(task)),
      findings: () => memory.findings(),
    },
    context: { ...context, checkpoint: part('training') },
  };
}

/** Part of the whole that slimming takes, roughly: it is a training, as what may follow a round. */
const SLIM_SHARE = 0.5;

async function slimmedModel(model: Model, plan: PruningPlan, context: PassContext): Promise<PassOutcome | undefined> {
  if (plan.slim === undefined) return undefined;
  const dependencies = await findDependencies(model);
  const groups = prunableGroups(model, dependencies, plan, context.origins);
  await requireReachable(plan, { model, dependencies, round: 0, pass: within(context, [0, CHECK_SHARE]) }, groups);
  return slim({ passId: plan.passId, samples: plan.samples, model, dependencies, groups, ...plan.slim }, within(context, [CHECK_SHARE, 1]));
}

/** Of slimming; more than counting takes, about what a table of times does. */
const CHECK_SHARE = 0.1;

/** Nothing is trained for a target that cannot be met. Criteria that look at weights only say already which groups they pass over. */
async function requireReachable(plan: PruningPlan, task: Omit<ChoiceTask, 'rankings' | 'unranked'>, groups: readonly DependencyGroup[]): Promise<void> {
  const criterion = criteria[plan.criterion];
  const { model, pass } = task;
  const judged = criterion.needs === 'nothing' ? await criterion.run({ model, groups, split: undefined, samples: plan.samples, passId: plan.passId, pass }) : undefined;
  const rankings = groups.filter(({ id }) => judged?.has(id) ?? true).map((group): Ranking => ({ group, importance: new Float64Array(group.size).fill(1) }));
  await plan.requireReachable?.({ ...task, rankings, unranked: groups.length - rankings.length });
}

interface RoundTask {
  readonly plan: PruningPlan;
  readonly split: Split | undefined;
  /** The model before the first round. */
  readonly original: Model;
  readonly round: number;
}

async function runRound({ plan, split, original, round }: RoundTask, model: Model, context: PassContext): Promise<Round> {
  const shares = sharesOf(plan);
  const dependencies = await findDependencies(model);
  const groups = prunableGroups(model, dependencies, plan, context.origins);
  const importance = await criteria[plan.criterion].run({ model, groups, split, samples: plan.samples, passId: plan.passId, pass: within(context, shares.judging) });
  throwIfAborted(context.signal);
  const rankings = groups.flatMap((group): Ranking[] => {
    const own = importance.get(group.id);
    return own === undefined ? [] : [{ group, importance: finite(own, group, plan.criterion) }];
  });
  const unranked = groups.length - rankings.length;
  const chosen = await plan.choose({ model, dependencies, rankings, unranked, round, pass: within(context, shares.choosing) });
  const removal = await removeUnits(model, dependencies, chosen);
  const mended = await mend({ original: model, removal, split, samples: plan.samples, refit: plan.refit }, within(context, shares.mending));
  const cutOrigins = originsAfter(mended.model, context.origins);
  const recovery = plan.recover === undefined ? undefined : await recoverTraining(mended.model, plan.recover, { original, origins: cutOrigins, share: shares.recovery }, context);
  const result = recovery?.model ?? mended.model;
  // Costs of the result itself; of the choice where sizes of the result are known only when it runs.
  const measured = await costsOf(result, context.dims);
  const macs = measured.macs ?? (await costMeter(model, dependencies, context.dims))(chosen).macs;
  const widths = widthsOf(dependencies, chosen);
  const wanted = dependencies.groups.filter((group) => plan.isWanted(group));
  return {
    model: result, origins: recovery?.origins ?? cutOrigins, widths,
    curves: curvesOf(rankings, chosen, plan.criterion, context.origins),
    removed: [...chosen.values()].reduce((sum, units) => sum + [...units].length, 0),
    total: wanted.reduce((sum, { size }) => sum + size, 0), groups: wanted.length, unranked, mended, locked: lockedFindings(dependencies, context.origins),
    after: { ...measured, macs }, recovery,
  };
}

/**
 * Parts of a round in its time; rough, by runs of `taylor` on fashion-resnet18-bn with and without an epoch of training. Of a target
 * in milliseconds on fashion-mobilenetv2 (2.3 s, 11.4 s and 0.6 s); its training is taken to last twice as long as these.
 */
function sharesOf({ recover, isTimed = false }: PruningPlan): Readonly<Record<'judging' | 'choosing' | 'mending' | 'recovery', readonly [number, number]>> {
  const [judged, chosen, mended] = isTimed ? TIMED[recover === undefined ? 'alone' : 'trained'] : COUNTED[recover === undefined ? 'alone' : 'trained'];
  return { judging: [0, judged], choosing: [judged, chosen], mending: [chosen, mended], recovery: [mended, 1] };
}

/** Where judging, choosing and mending end. */
type Ends = Readonly<Record<'alone' | 'trained', readonly [number, number, number]>>;
const COUNTED: Ends = { alone: [0.6, 0.75, 1], trained: [0.1, 0.12, 0.2] };
const TIMED: Ends = { alone: [0.15, 0.95, 1], trained: [0.05, 0.3, 0.32] };

/** @throws EngineError `ignoreMatchesNothing`, `nothingToPrune` */
function prunableGroups(model: Model, { groups, locked: [first] }: Dependencies, plan: PruningPlan, origins: Origins): readonly DependencyGroup[] {
  const { ignore } = plan;
  const ignored = ignoredLayers(model.graph, origins, ignore);
  // What only reads units keeps all it makes itself.
  const isIgnored = ({ layers }: DependencyGroup): boolean => layers.some(({ id, role }) => role !== 'reads' && layersFrom(id, origins).some((layer) => ignored.has(layer)));
  const prunable = groups.filter((group) => group.size > 1 && plan.isWanted(group) && !isIgnored(group));
  if (prunable.length > 0) return prunable;
  if (groups.some((group) => group.size > 1 && plan.isWanted(group))) throw new EngineError('nothingToPrune', { detail: 'problem.allIgnored' });
  throw new EngineError('nothingToPrune', first === undefined ? { detail: 'problem.noUnits' } : { detail: 'finding.layerLocked', ...lockedParams(first, origins) });
}

/** NaN has no place in an order. */
function finite(importance: Float64Array, { id }: DependencyGroup, criterion: CriterionName): Float64Array {
  if (importance.every(Number.isFinite)) return importance;
  const detail = criteria[criterion].needs === 'nothing' ? 'problem.weightsNotFinite' : 'problem.gradientsNotFinite';
  throw new EngineError('importanceNotFinite', { layer: id, detail }, { node: id });
}
