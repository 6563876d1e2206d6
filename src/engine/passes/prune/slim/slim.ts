// Slimming: before the first round the model is trained with the losses of `distill` and the acceleration loss, so that
// pruning afterwards finds units that matter less. Nothing is removed here.

import { formatMetric, formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { said } from '../../../../protocol/text/index';
import { type Dataset, requireSplit } from '../../../data/dataset';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import type { PenaltyGroup } from '../../../train/penalty/penalty';
import { type PlannedSlot, unitSizes } from '../../../train/penalty/planPenalty';
import { invalidOption } from '../../invalidOption';
import type { PassContext, PassOutcome } from '../../pass';
import { within } from '../../progressShare';
import { defaultLosses } from '../../train/defaultLosses';
import { heldOutMetric } from '../../train/heldOutMetric';
import { runTraining, splitsOf } from '../../train/run';
import { floatValues } from '../criteria/units';
import { renewStatistics } from '../recovery/statistics';
import type { SlimOptions } from './options';
import { penalisedUnits, type PenalisedUnits } from './penalised';

export interface SlimTask extends Omit<PenalisedUnits, 'method'> {
  readonly passId: string;
  readonly options: SlimOptions;
  /** Samples that BatchNormalization is measured anew on. */
  readonly samples: number;
}

/** Of the progress; measuring statistics is the rest. */
const TRAINING_SHARE = 0.95;

/**
 * Larger than for tuning: what is pulled has to be learned elsewhere meanwhile. Top-1 of ds_cnn_s-kws12 at half the MACs before
 * recovery, 3 epochs, 1,000 clips: adamw 72 % with 5e-4 and 80 % with 2e-3, sgd 75 % with 0.01; 67 % unslimmed.
 */
const RATES = { adamw: 2e-3, sgd: 0.01 } as const;

/**
 * The model with smaller units. The pass's checkpoint is that of this training.
 *
 * @throws EngineError `dataNeeded`, `invalidOption` (`scale` without BatchNormalization), `nothingToSlim`, and what training throws
 */
export async function slim(task: SlimTask, context: PassContext): Promise<PassOutcome> {
  const { passId, model, samples, options: { method, weights: { schedule, ...weights }, ...choices } } = task;
  if (context.data === undefined) throw new EngineError('dataNeeded', { what: 'option.slim' });
  const groups = await penalisedUnits({ ...task, method }, context.dims);
  if (groups.length === 0) throw invalidOption(passId, 'slim.method', 'problem.noBatchNorm', 'group');
  const outcome = await runTraining({
    pass: passId, option: 'slim', model, fromScratch: false, teacher: context.original ?? model,
    choices: { ...choices, learningRate: choices.learningRate ?? RATES[choices.optimizer], earlyStop: 0 },
    losses: (data) => defaultLosses(model, data, context),
    penalty: { ...weights, groups, ...(schedule === 'constant' && { decay: 1 }) },
    // Accuracy alone would choose the model as it came.
    keep: 'last',
  }, within(context, [0, TRAINING_SHARE]));
  // Running averages lag behind weights that shrink all the time.
  const { model: slimmed } = await renewStatistics(outcome.model, requireSplit(context.data, 'train'), samples, within(context, [TRAINING_SHARE, 1]));
  return { ...outcome, model: slimmed, findings: [await slimFinding(groups, model, slimmed), ...outcome.findings, ...await damageFindings(task, context.data, outcome, slimmed, context)] };
}

// ── damage ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Share of a score that is a lot to lose, ours: slimming that paid off took 2 to 4 % of the top-1 of resnet20-cifar10
 * (docs/pruning.md); ds_cnn_s-kws12 with 1,024 clips was at chance after 3 epochs and after 12 with alpha 0.9 and a learning
 * rate of 5e-4, above its 88 % with alpha 0.5, and 10 points lower with alpha 0.9 and a learning rate of 2e-3.
 */
const LARGE_LOSS = 0.1;
/** Of an error, which is near 0 before and has no upper end: so many times what it was. */
const LARGE_GROWTH = 2;

/** The record of the epochs does not do: it is of a model whose statistics lag behind (12.6 % where renewed ones give 78 %). */
async function damageFindings({ model }: SlimTask, data: Dataset, { training }: PassOutcome, slimmed: Model, context: PassContext): Promise<Finding[]> {
  const before = training?.epochs.find(({ epoch }) => epoch === 0)?.metric ?? null;
  const losses = await defaultLosses(model, data, context);
  const task = { reference: context.original ?? model, comparesNumbers: losses.some(({ loss }) => loss === 'outputs') };
  const metric = before === null ? undefined : await heldOutMetric(splitsOf(data).validation, data, task, context);
  if (before === null || metric === undefined) return [];
  try {
    const after = await metric.of(slimmed);
    const isDamaged = before > 0 && (metric.higherIsBetter ? after < (1 - LARGE_LOSS) * before : after > LARGE_GROWTH * before);
    const show = (value: number): string => formatMetric(metric.name, value);
    return isDamaged ? [{ severity: 'warning', ...said('finding.slimDamaged', { metric: metric.name, heldOut: metric.samples, before: show(before), after: show(after) }) }] : [];
  } finally {
    await metric.release();
  }
}

// ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Share of all units that counts as the smallest. */
const SMALLEST = 0.1;

async function slimFinding(groups: readonly PenaltyGroup[], before: Model, after: Model): Promise<Finding> {
  const first: number[] = [];
  const then: number[] = [];
  let [cost, left] = [0, 0];
  for (const group of groups) {
    const [own, ownThen] = [await sizesOf(group, before), await sizesOf(group, after)];
    const [mean, meanThen] = [meanOf(own), meanOf(ownThen)];
    if (mean === 0) continue;
    first.push(...own.map((size) => size / mean));
    if (meanThen > 0) then.push(...ownThen.map((size) => size / meanThen));
    cost += group.units * group.cost;
    left += (group.units * group.cost * meanThen) / mean;
  }
  return { severity: 'info', ...said('finding.slimmed', { units: first.length, before: formatPercent(smallest(first)), after: formatPercent(smallest(then)), cost: formatPercent(left / cost) }) };
}

/** Mean of the smallest ones. */
function smallest(sizes: readonly number[]): number {
  return meanOf([...sizes].sort((a, b) => a - b).slice(0, Math.max(1, Math.round(SMALLEST * sizes.length))));
}

async function sizesOf({ slots, units }: PenaltyGroup, model: Model): Promise<Float64Array> {
  const values = new Map<string, Float32Array>();
  const placed: PlannedSlot[] = [];
  for (const slot of slots) {
    const stored = await floatValues(model, slot.tensor);
    if (stored === undefined) continue;
    values.set(slot.tensor, stored.values);
    placed.push({ ...slot, dims: stored.dims });
  }
  return unitSizes(placed, units, values);
}

function meanOf(sizes: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const size of sizes) sum += size;
  return sum / sizes.length;
}
