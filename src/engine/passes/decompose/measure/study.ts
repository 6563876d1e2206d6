// What is known of a layer before anything is chosen: the ranks each method could take, what these cost, what they are predicted
// to miss, and how much the whole model feels of that.

import type { FormCode } from '../../../../protocol/text/index';
import { bindInputs } from '../../../analysis/openDims';
import type { Split } from '../../../data/dataset';
import { EngineError, throwIfAborted } from '../../../error';
import { cloneModel } from '../../../ir/clone';
import { elementCount, type Model } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import { matrixProducts } from '../../../linalg/products';
import type { PassContext } from '../../pass';
import type { Method } from '../factors';
import { methodTable } from '../methods/index';
import type { FactorShape, FactorTask } from '../methods/method';
import type { BudgetMeasure, DecomposeSettings } from '../options';
import { type LayerCost, type LayerMeter, layerMeter } from '../ranks/cost';
import { evbmf } from '../ranks/evbmf';
import { MOST_STEPS, rankPath, type RankStep, rounded, stepsOf } from '../ranks/path';
import { byRule } from '../ranks/rules';
import { type DecomposableLayer, readKernels } from '../surgery/layers';
import { replaceLayer } from '../surgery/replace';
import { type AnswerMeter, answerMeter } from './answerMeter';
import { seenLayers } from './covariances';
import { factorize, type LayerFactoring, type LayerTask, spectraOf, tasksFor } from './layerTask';

/** A form that a layer could take. */
export interface Candidate {
  readonly method: Method;
  readonly ranks: readonly number[];
  /** Of one group. */
  readonly shapes: readonly FactorShape[];
  readonly cost: LayerCost;
  /** Share of the energy of the weight, or of what it makes, that is missed. */
  readonly missed: number;
  /** What that does to the model: to its answers where they were measured, else `missed` itself. */
  readonly loss: number;
}

export interface LayerStudy {
  readonly layer: DecomposableLayer;
  readonly whole: LayerCost;
  /** All cost less than the layer. For a rule one of each method. */
  readonly candidates: readonly Candidate[];
  /** Singular values of each mode, by method; cp has none. */
  readonly spectra: ReadonlyMap<Method, readonly Float64Array[]>;
  /** Why there are no candidates; undefined where there are. */
  readonly why: Extract<FormCode, `why.${string}`> | undefined;
}

export interface StudyTask {
  readonly model: Model;
  readonly layers: readonly DecomposableLayer[];
  readonly settings: DecomposeSettings;
  readonly split: Split | undefined;
  /** Fraction of the whole that the budget leaves, roughly: where effects are measured. */
  readonly share: number;
  /** Of everything random. */
  readonly seed: number;
}

/** Samples that effects are measured on: they only weigh layers against each other. Ours. */
const EFFECT_SAMPLES = 128;

/** @throws EngineError `weightsNotFinite`, `tooFewSamples`, `nonFiniteActivation`, `noFloatOutput`, `answersNotFinite`, `cancelled` */
export async function studyLayers(task: StudyTask, context: PassContext): Promise<readonly LayerStudy[]> {
  const { model, layers, settings, split } = task;
  const products = matrixProducts(context.runtime, context.threads);
  const shapes = await inferShapes(model, bindInputs(model, context.dims));
  const answers = split === undefined || settings.goal.kind === 'rule' ? undefined : await answerMeter(model, split, Math.min(EFFECT_SAMPLES, settings.samples), context);
  const studies: LayerStudy[] = [];
  try {
    for await (const { layer, covariances } of seenLayers({ model, layers, split: settings.activations || !settings.refit ? split : undefined, samples: settings.samples }, context)) {
      throwIfAborted(context.signal);
      context.progress({ activity: 'progress.decomposing', fraction: studies.length / layers.length });
      const own: LayerTask = {
        kernels: await readKernels(model, layer), covariances, weighted: settings.activations, fits: settings.refit, products, seed: task.seed + studies.length,
      };
      studies.push(await studyLayer({ ...task, layer, own, meter: layerMeter(layer, shapes), answers }));
    }
    return studies;
  } finally {
    await answers?.release();
    await products.release();
  }
}

interface One extends StudyTask {
  readonly layer: DecomposableLayer;
  readonly own: LayerTask;
  readonly meter: LayerMeter;
  readonly answers: AnswerMeter | undefined;
}

async function studyLayer(one: One): Promise<LayerStudy> {
  const { layer, settings: { methods, goal }, meter: { whole } } = one;
  const refusals = methods.map((method) => methodTable[method].refusal(layer.shape));
  const allowed = methods.filter((_, index) => refusals[index] === undefined);
  const spectra = new Map<Method, readonly Float64Array[]>();
  const candidates: Candidate[] = [];
  let unusable = false;
  for (const method of allowed) {
    if (methods.length > 1 && method === 'cp' && !isQuick(one)) continue;
    const tasks = tasksFor(one.own, method);
    const ranked = await candidatesBy(one, method, tasks);
    spectra.set(method, ranked.values);
    const found = goal.kind === 'budget' ? await weighed(one, ranked) : await ruled(one, ranked, method);
    if (found === undefined) unusable = true;
    else candidates.push(...found);
  }
  const [first] = refusals;
  return { layer, whole, candidates, spectra, why: candidates.length > 0 ? undefined : unusable ? 'why.factorsNotFinite' : allowed.length > 0 ? 'why.rankNotCheaper' : first };
}

// ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Multiplications of a sweep of alternating least squares, in millions, up to which `decompose` tries cp beside other methods. Ours. */
const QUICK_SWEEP = 8;

/** cp is fitted anew for every rank, in many sweeps that multiply the kernel by its factors: too slow to try on large kernels. */
function isQuick({ layer: { shape, groups } }: One): boolean {
  const size = shape.outputs * shape.inputs * elementCount(shape.kernel);
  const rank = size / (shape.outputs + shape.inputs) / 2;
  return groups * size * rank <= QUICK_SWEEP * 1e6;
}

interface RankedSteps {
  readonly steps: readonly Candidate[];
  /** Singular values of each mode. */
  readonly values: readonly Float64Array[];
  /** Factors of such ranks; those found already are kept. */
  readonly factors: (ranks: readonly number[]) => Promise<LayerFactoring>;
}

async function candidatesBy(one: One, method: Method, tasks: readonly FactorTask[]): Promise<RankedSteps> {
  const { layer: { shape }, settings: { grain, goal }, meter } = one;
  const most = goal.kind === 'budget' ? MOST_STEPS : Infinity;
  const record = methodTable[method];
  const costOf = (ranks: readonly number[]): LayerCost => meter.of(record.shapes(shape, ranks));
  const isCheaper = (ranks: readonly number[]): boolean => costIn(one, costOf(ranks)) < costIn(one, meter.whole);
  const candidate = ({ ranks, missed }: RankStep): Candidate => ({ method, ranks, shapes: record.shapes(shape, ranks), cost: costOf(ranks), missed, loss: missed });
  const known = new Map<string, LayerFactoring>();
  const factors = async (ranks: readonly number[]): Promise<LayerFactoring> => {
    const found = known.get(ranks.join()) ?? await factorize(one.own, tasks, method, ranks);
    known.set(ranks.join(), found);
    return found;
  };
  const full = record.fullRanks(shape);
  if (method === 'cp') {
    const cheaper = stepsOf(full[0] ?? 1, grain, most).filter((rank) => isCheaper([rank])).map((rank) => candidate({ ranks: [rank], missed: 1 }));
    return { steps: await fittedSteps(one, cheaper, factors), values: [], factors };
  }
  const values = await spectraOf(tasks, method);
  return { steps: rankPath(full, values, grain, (ranks) => costOf(ranks).parameters, most).filter(({ ranks }) => isCheaper(ranks)).map(candidate), values, factors };
}

/** What makes a form cheaper than the layer: what the budget counts; MACs stand for milliseconds, parameters for MACs nobody knows. */
function costIn({ settings: { goal } }: One, { parameters, macs }: LayerCost): number {
  const measure: BudgetMeasure = goal.kind === 'budget' ? goal.target.measure : 'parameters';
  return measure === 'parameters' || macs === null ? parameters : macs;
}

/** cp has no spectrum: errors at two ranks are measured, and those of others taken as rising by the same factor a rank. */
async function fittedSteps(one: One, steps: readonly Candidate[], factors: RankedSteps['factors']): Promise<readonly Candidate[]> {
  const upper = probeOf(one, steps);
  const lower = steps.find(({ ranks: [rank = 0] }) => rank >= (upper?.ranks[0] ?? 0) / 2);
  if (upper === undefined || lower === undefined) return steps;
  const logOf = async ({ ranks }: Candidate): Promise<number> => {
    const { missed, weightError } = await factors(ranks);
    return Math.log(Math.max(missed ?? weightError ** 2, LEAST_MISSED));
  };
  const [low, high] = [await logOf(lower), await logOf(upper)];
  const [from = 1, to = 1] = [lower.ranks[0], upper.ranks[0]];
  // A step that misses nothing more with fewer ranks says that the fit did not get far.
  const fall = to > from ? Math.min(0, (high - low) / (to - from)) : 0;
  return steps.map((step): Candidate => {
    const missed = Math.min(1, Math.exp(high + fall * ((step.ranks[0] ?? 1) - to)));
    return { ...step, missed, loss: missed };
  });
}

/** Where float32 weights end. */
const LEAST_MISSED = 1e-14;

// ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The ranks of one method by the rule, with what they miss as fitted: methods are held against each other by it. */
async function ruled(one: One, { steps, factors }: RankedSteps, method: Method): Promise<readonly Candidate[]> {
  const { settings: { goal, methods }, meter: { whole } } = one;
  if (goal.kind !== 'rule') return [];
  const found = byRule(steps, goal.rule, whole, goal.rule === 'evbmf' ? await evbmfRanks(one, method) : undefined);
  if (found === undefined || methods.length === 1) return found === undefined ? [] : [found];
  const { missed, weightError } = await factors(found.ranks);
  return [{ ...found, missed: missed ?? weightError ** 2 }];
}

/** By the spectra of the weights themselves, whose noise is what the rule is about; cp takes the larger of tucker's ranks. */
async function evbmfRanks({ own, layer: { shape }, settings: { grain } }: One, method: Method): Promise<readonly number[]> {
  const by = method === 'cp' ? 'tucker' : method;
  const size = shape.outputs * shape.inputs * elementCount(shape.kernel);
  const full = methodTable[by].fullRanks(shape);
  const ranks = full.map(() => 1);
  for (const task of tasksFor({ ...own, weighted: false }, by)) {
    for (const [mode, values] of (await methodTable[by].spectra(task)).entries()) {
      const rank = values.every((value) => value === 0) ? 1 : evbmf(values, full[mode] ?? 1, size / (full[mode] ?? 1)).rank;
      ranks[mode] = Math.max(ranks[mode] ?? 1, rounded(rank, full[mode] ?? 1, grain));
    }
  }
  return method === 'cp' ? [Math.max(...ranks)] : ranks;
}

// ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A rank that misses less than this share moves answers by no more than float32 rounds them (1e-7, and room for many layers): from
 * such noise nothing follows for ranks that do miss something. Layers of low rank have many such ranks.
 */
const LEAST_PROBED = 1e-5;

/**
 * Losses by what factors do to the answers: the layer alone is replaced at the candidate nearest to the share of its cost that
 * the budget leaves, and what the answers move for what is missed there holds for the other ranks. Without data, or where no rank
 * misses anything to speak of, losses are what is missed. Undefined where the factors, or the answers with them, are no finite
 * numbers: they overflow the type of the weights.
 *
 * @throws EngineError `answersNotFinite` where those of the model itself are not
 */
async function weighed(one: One, { steps, factors: factorsOf }: RankedSteps): Promise<readonly Candidate[] | undefined> {
  const { model, layer, answers, split } = one;
  const probe = probeOf(one, steps.filter(({ missed }) => missed >= LEAST_PROBED));
  if (answers === undefined || probe === undefined) return steps;
  const { factors } = await factorsOf(probe.ranks);
  const changed = cloneModel(model);
  try {
    replaceLayer(changed, layer, factors);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'factorsNotFinite') return undefined;
    throw error;
  }
  const [effect = 0] = await answers.distances([changed]);
  if (!Number.isFinite(effect)) {
    const [own = 0] = await answers.distances([model]);
    if (!Number.isFinite(own)) throw new EngineError('answersNotFinite', { split: split?.name ?? '' });
    return undefined;
  }
  const weight = Math.max(effect, 0) / probe.missed;
  return steps.map((step) => ({ ...step, loss: weight * step.missed }));
}

/** The candidate nearest to the share of the layer's cost that the budget leaves. */
function probeOf(one: One, steps: readonly Candidate[]): Candidate | undefined {
  const wanted = one.share * costIn(one, one.meter.whole);
  const distance = ({ cost }: Candidate): number => Math.abs(costIn(one, cost) - wanted);
  return steps.reduce<Candidate | undefined>((best, step) => (best === undefined || distance(step) < distance(best) ? step : best), undefined);
}
