// What all passes that decompose do: find the layers, study what each could become, choose, put the factors in, refit them in
// order on what the smaller model gives, and train if that is asked for.

import type { FormCode } from '../../../protocol/text/index';
import { requireSplit, type Split } from '../../data/dataset';
import { EngineError, throwIfAborted } from '../../error';
import { cloneModel } from '../../ir/clone';
import { type Model, nodeLabel } from '../../ir/model';
import { matrixProducts } from '../../linalg/products';
import { checkpointParts } from '../checkpointParts';
import { type Costs, costsOf } from '../costs';
import type { PassContext, PassOutcome, Share } from '../pass';
import { within } from '../progressShare';
import { ignoredLayers, layersOf } from '../quantize/ignore';
import { refuseQuantized } from '../quantize/quantized';
import { recoverTraining } from '../recovery/recover';
import { everythingKept } from '../refit/kept';
import { refit } from '../refit/refit';
import { chooseForms } from './choose';
import { seenLayers, takingTurns } from './measure/covariances';
import { factorize, type LayerTask, tasksFor } from './measure/layerTask';
import { studyLayers } from './measure/study';
import type { DecomposeSettings } from './options';
import { type Factored, outcomeOf } from './outcome';
import { type Plan, type PlannedLayer, planOf, rememberedPlan } from './plan';
import { type Decomposable, type DecomposableLayer, findDecomposable, readKernels } from './surgery/layers';
import { originsWith } from './surgery/origins';
import { replaceLayer } from './surgery/replace';

/**
 * @throws EngineError `alreadyQuantized`, `dataNeeded`, `splitMissing`, `ignoreMatchesNothing`, `nothingToDecompose`,
 * `decomposeTargetUnreachable`, `weightsNotFinite`, `nonFiniteActivation`, `latencyUnknown`, and what training throws.
 */
export async function decompose(model: Model, settings: DecomposeSettings, context: PassContext): Promise<PassOutcome> {
  refuseQuantized(model);
  const { data, origins, dims } = context;
  if (settings.recover !== undefined && data === undefined) throw new EngineError('dataNeeded', { what: 'option.recover' });
  const ignored = ignoredLayers(model.graph, origins, settings.ignore);
  const found = await findDecomposable(model, (node) => layersOf(node, origins).some((layer) => ignored.has(layer)));
  if (found.layers.length === 0) throw nothingToDecompose(found.refused.map(({ node, why }) => ({ layer: layersOf(node, origins)[0] ?? nodeLabel(node), why })));
  const split = data === undefined ? undefined : requireSplit(data, 'train');
  const part = checkpointParts(context.checkpoint);
  const task: Task = { model, found, settings, split, seed: Math.floor(context.random() * SEEDS) };
  const shares = sharesOf(settings, split);

  const plan = await planned(task, { ...within(context, shares.choosing), checkpoint: part('plan') });
  throwIfAborted(context.signal);
  const factored = await replaced(task, plan, within(context, shares.factoring));
  const ownOrigins = originsWith(factored.model, origins, factored.added);
  const fitted = settings.refit && split !== undefined && plan.layers.length > 0
    ? await refit({ original: model, smaller: factored.model, kept: everythingKept, split, samples: settings.samples, activity: 'progress.decomposing' }, within(context, shares.refitting))
    : undefined;
  const small = fitted?.model ?? factored.model;
  const recovery = settings.recover === undefined ? undefined
    : await recoverTraining(small, settings.recover, { original: model, origins: ownOrigins, share: shares.recovery }, { ...context, checkpoint: part('training') });
  const result = recovery?.model ?? small;
  return outcomeOf({
    plan, found, factored: factored.layers, refit: fitted, recovery, model: result, origins: recovery?.origins ?? ownOrigins,
    before: await costsOf(model, dims), after: await costsOf(result, dims),
  }, origins);
}

/** Seeds are whole numbers of 32 bits. */
const SEEDS = 2 ** 32;

interface Task {
  readonly model: Model;
  readonly found: Decomposable;
  readonly settings: DecomposeSettings;
  readonly split: Split | undefined;
  readonly seed: number;
}

/** Parts of the pass in its time; rough, by runs on fashion-resnet18. */
function sharesOf({ goal, recover }: DecomposeSettings, split: Split | undefined): Readonly<Record<'choosing' | 'factoring' | 'refitting' | 'recovery', Share>> {
  const end = recover === undefined ? 1 : TRAINED;
  const [chosen, factored] = split === undefined ? [0.8, 1] : goal.kind === 'rule' ? [0.4, 0.6] : [0.65, 0.75];
  return { choosing: [0, chosen * end], factoring: [chosen * end, factored * end], refitting: [factored * end, end], recovery: [end, 1] };
}

/** Where training begins, if there is any. */
const TRAINED = 0.3;
/** Of choosing: studying the layers; then come times. */
const STUDIED = 0.75;

async function planned({ model, found, settings, split, seed }: Task, context: PassContext): Promise<Plan> {
  const key = JSON.stringify({ settings: { ...settings, recover: undefined }, layers: found.layers.map(({ id }) => id), split: split?.size });
  return rememberedPlan(context.checkpoint, key, async () => {
    const costs = await costsOf(model, context.dims);
    const share = shareOf(settings.goal, costs);
    const studies = await studyLayers({ model, layers: found.layers, settings, split, share, seed }, turns({ settings, split }, within(context, [0, STUDIED])));
    if (studies.every(({ candidates }) => candidates.length === 0)) {
      throw nothingToDecompose(studies.map(({ layer: { nodes: [node] }, why }) => ({ layer: layersOf(node, context.origins)[0] ?? nodeLabel(node), why: why ?? 'why.rankNotCheaper' })));
    }
    return planOf(await chooseForms({ model, studies, settings, costs }, within(context, [STUDIED, 1])));
  });
}

/** Without anybody who looks at layers there is nothing to take turns with. */
function turns({ settings: { activations, refit: fits }, split }: Pick<Task, 'settings' | 'split'>, context: PassContext): PassContext {
  return split !== undefined && (activations || !fits) ? takingTurns(context) : context;
}

/** Where nothing says what will be left of a layer. */
const HALF = 0.5;

/** The fraction of a layer that the goal leaves, roughly. */
function shareOf(goal: DecomposeSettings['goal'], costs: Costs): number {
  if (goal.kind === 'rule') return typeof goal.rule === 'object' && 'ratio' in goal.rule ? goal.rule.ratio : HALF;
  const { measure, amount, absolute } = goal.target;
  if (!absolute) return amount;
  // What milliseconds come to is not known yet.
  return measure === 'latency' ? HALF : Math.min(1, amount / (costs[measure] ?? Infinity));
}

/** With the reason that most layers have, and the first layer that has it. */
function nothingToDecompose(reasons: readonly { readonly layer: string; readonly why: Extract<FormCode, `why.${string}`> }[]): EngineError {
  const counts = new Map<string, number>();
  for (const { why } of reasons) counts.set(why, (counts.get(why) ?? 0) + 1);
  const [most] = [...reasons].sort((a, b) => (counts.get(b.why) ?? 0) - (counts.get(a.why) ?? 0));
  if (most === undefined) return new EngineError('nothingToDecompose', { detail: 'problem.noDecomposable' });
  return new EngineError('nothingToDecompose', { detail: 'problem.noneDecomposable', count: counts.get(most.why) ?? 0, ...most });
}

interface Replaced {
  readonly model: Model;
  readonly added: ReadonlyMap<string, string>;
  readonly layers: readonly Factored[];
}

/** The model with factors in the place of the planned layers. */
async function replaced({ model, found, settings, split, seed }: Task, plan: Plan, given: PassContext): Promise<Replaced> {
  const context = turns({ settings, split }, given);
  const copy = cloneModel(model);
  const added = new Map<string, string>();
  const layers: Factored[] = [];
  const plans = new Map(plan.layers.map((layer) => [layer.id, layer]));
  const chosen = found.layers.filter(({ id }) => plans.has(id));
  const products = matrixProducts(context.runtime, context.threads);
  try {
    for await (const { layer, covariances } of seenLayers({ model, layers: chosen, split: settings.activations || !settings.refit ? split : undefined, samples: settings.samples }, context)) {
      throwIfAborted(context.signal);
      context.progress({ activity: 'progress.decomposing', fraction: layers.length / chosen.length });
      const own: LayerTask = {
        kernels: await readKernels(model, layer), covariances, weighted: settings.activations, fits: settings.refit, products, seed: seed + found.layers.indexOf(layer),
      };
      layers.push(await replaceOne(copy, layer, plans.get(layer.id) as PlannedLayer, own, added));
    }
  } finally {
    await products.release();
  }
  return { model: copy, added, layers };
}

async function replaceOne(model: Model, layer: DecomposableLayer, plan: PlannedLayer, own: LayerTask, added: Map<string, string>): Promise<Factored> {
  const { factors, ...found } = await factorize(own, tasksFor(own, plan.method), plan.method, plan.ranks);
  for (const [name, node] of replaceLayer(model, layer, factors).added) added.set(name, node);
  return { layer, plan, factors: factors[0]?.length ?? 0, ...found };
}

