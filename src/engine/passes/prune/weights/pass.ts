// The pass `prune.weights`: sets single weights to zero and leaves the graph as it is. The steps are in the files it calls:
// findWeights (where), stages and statistics (what enters the layers), pruneWeight (which become zero), masks (for later).

import { formatBytes, formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { type FormCode, said, type Said } from '../../../../protocol/text/index';
import { type Dataset, requireSplit, type Split } from '../../../data/dataset';
import { EngineError, throwIfAborted } from '../../../error';
import { cloneModel } from '../../../ir/clone';
import { type Model, type Node, nodeLabel, type Tensor } from '../../../ir/model';
import { storedBytes } from '../../../ir/tensors';
import type { Origins, Pass, PassContext } from '../../pass';
import { ignoredLayers, layersOf } from '../../quantize/ignore';
import { refuseQuantized } from '../../quantize/quantized';
import { decodeState, encodeState, type DoneWeight, type PruningState } from './checkpoint';
import { type DenseLayer, findWeights, type FoundWeights, type LinearWeight, storedTensor, storeTensor } from '../../linear/findWeights';
import { sizeOf } from '../../linear/layout';
import { recordSparse } from './masks';
import { settingsOf, weightsOptions, weightsPassId, type WeightsSettings } from './options';
import { matrixProducts, type Products } from '../../../linalg/products';
import { type Choice, magnitudes, pruneWeight } from './pruneWeight';
import { cutOf, type Cut } from './select';
import { type Shrinkage, shrinkageOf } from './shrink';
import { stagesOf } from './stages';
import { gatherStatistics } from '../../linear/statistics';
import type { StatisticKind, Wanted } from '../../linear/statisticsGraph';

export const pruneWeights: Pass<typeof weightsOptions> = {
  id: weightsPassId,
  data: 'optional',
  suffix: 'sparse',
  refuses: ['finding.quantized'],
  options: weightsOptions,
  check: (options) => void settingsOf(options, true),
  async run(model, options, context) {
    const settings = settingsOf(options, context.data !== undefined);
    refuseQuantized(model);
    const split = settings.method === 'magnitude' ? undefined : calibrationSplit(context.data);
    const { origins } = context;
    const ignored = ignoredLayers(model.graph, origins, settings.ignore);
    const found = await findWeights(model, {
      isIgnored: (node) => layersOf(node, origins).some((layer) => ignored.has(layer)),
      everyLayer: settings.everyLayer,
      ...(settings.zeros.kind === 'pattern' && { group: settings.zeros.group }),
    });
    if (found.weights.length === 0) throw nothingToPrune(found.dense, origins);

    const output = cloneModel(model);
    const task: Task = { model, output, weights: found.weights, settings, context };
    const state = split === undefined ? await pruneByMagnitude(task) : await pruneByInputs(task, split);
    recordSparse(output, [...state.weights.keys()]);
    const shrinkage = await measureShrinkage(task, state);
    return { model: output, origins, forms: formsOf(task, state), findings: findingsOf(found, task, { state, shrinkage, split }) };
  },
};

function calibrationSplit(data: Dataset | undefined): Split {
  if (data === undefined) throw new EngineError('dataNeeded', { what: `pass.${weightsPassId}` });
  return requireSplit(data, 'train');
}

function nothingToPrune([first]: readonly DenseLayer[], origins: Origins): EngineError {
  if (first === undefined) return new EngineError('nothingToPrune', { detail: 'problem.noWeights' });
  return new EngineError('nothingToPrune', { detail: 'finding.layerNotPruned', layer: nameOf(first.node, origins), why: first.why }, { node: nodeLabel(first.node) });
}

interface Task {
  readonly model: Model;
  /** A clone of it, whose weights are replaced one after the other. */
  readonly output: Model;
  readonly weights: readonly LinearWeight[];
  readonly settings: WeightsSettings;
  readonly context: PassContext;
}

// ── magnitude ────────────────────────────────────────────────────────────────────────────────────────────────────

async function pruneByMagnitude(task: Task): Promise<PruningState> {
  const { output, weights, settings } = task;
  const state: PruningState = { stages: 0, skipped: 0, weights: new Map() };
  const cut = settings.global ? await globalCut(task) : undefined;
  for (const [done, weight] of weights.entries()) {
    step(task, weight, done / weights.length);
    const choice: Choice = cut === undefined ? { method: 'magnitude', zeros: settings.zeros } : { method: 'below', cut };
    const pruned = await pruneWeight(original(task, weight), weight, choice);
    keep(output, state, weight, pruned);
  }
  return state;
}

/** One cut for the weights of all layers. */
async function globalCut(task: Task): Promise<Cut> {
  const { weights, settings: { zeros } } = task;
  const all = new Float32Array(weights.reduce((sum, { layout }) => sum + sizeOf(layout), 0));
  let offset = 0;
  for (const weight of weights) {
    const scores = await magnitudes(original(task, weight), weight);
    all.set(scores, offset);
    offset += scores.length;
  }
  return cutOf(all, zeros.kind === 'share' ? Math.round(zeros.share * all.length) : 0);
}

// ── Wanda and SparseGPT ──────────────────────────────────────────────────────────────────────────────────────────

/** Longest time between two checkpoints, beside that of a stage. */
const CHECKPOINT_MS = 2000;

async function pruneByInputs(task: Task, split: Split): Promise<PruningState> {
  const { output, weights, settings, context } = task;
  const kind: StatisticKind = settings.method === 'wanda' ? 'norms' : 'gram';
  const stages = stagesOf(weights, kind, settings.zeros);
  const key = JSON.stringify({ settings, weights: weights.map(({ name }) => name), split: split.size });
  const saved = await context.checkpoint.load();
  const state = (saved && decodeState(saved, key, (name) => storedTensor(output, name))) ?? { stages: 0, skipped: 0, weights: new Map<string, DoneWeight>() };
  for (const [name, { tensor }] of state.weights) storeTensor(output, name, tensor);
  const products = matrixProducts(context.runtime, context.threads);
  let lastSave = Date.now();
  try {
    for (const stage of stages.slice(state.stages)) {
      await pruneStage({ ...task, stage, kind, split, state, products, stages: stages.length });
      state.stages += 1;
      if (context.signal?.aborted !== true && Date.now() - lastSave < CHECKPOINT_MS) continue;
      await context.checkpoint.save(await encodeState(state, key));
      lastSave = Date.now();
    }
  } finally {
    await products.release();
  }
  return state;
}

interface Stage extends Task {
  readonly stage: readonly Wanted[];
  readonly kind: StatisticKind;
  readonly split: Split;
  readonly state: PruningState;
  readonly products: Products;
  readonly stages: number;
}

/** Of a stage, the share of the time that looking at activations takes. */
const LOOKING = 0.7;

async function pruneStage(task: Stage): Promise<void> {
  const { model, output, stage, kind, split, state, products, settings: { zeros, samples }, context } = task;
  const progress = (fraction: number): number => (state.stages + fraction) / task.stages;
  const { sums, skipped } = await gatherStatistics({
    model, wanted: stage, kind, split, samples,
    onProgress: (fraction) => context.progress({ activity: 'progress.calibrating', fraction: progress(LOOKING * fraction) }),
  }, context);
  state.skipped = Math.max(state.skipped, skipped);
  for (const [position, { weight, parts }] of stage.entries()) {
    step(task, weight, progress(LOOKING + (1 - LOOKING) * (position / stage.length)));
    const own = sums[position] as Float64Array;
    const choice: Choice = kind === 'norms' ? { method: 'wanda', zeros, squaredNorms: own } : { method: 'sparsegpt', zeros, grams: own, parts, products };
    keep(output, state, weight, await pruneWeight(original(task, weight), weight, choice));
  }
}

// ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function original({ model }: Task, { name }: LinearWeight): Tensor {
  const tensor = storedTensor(model, name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return tensor;
}

function step({ context }: Task, weight: LinearWeight, fraction: number): void {
  throwIfAborted(context.signal);
  context.progress({ activity: 'progress.pruning', fraction, layer: nameOf(weight.nodes[0], context.origins) });
}

function keep(output: Model, state: PruningState, { name }: LinearWeight, pruned: DoneWeight): void {
  storeTensor(output, name, pruned.tensor);
  state.weights.set(name, pruned);
}

function measureShrinkage(task: Task, { weights }: PruningState): Promise<Shrinkage> {
  const changes = task.weights.flatMap((weight) => {
    const after = weights.get(weight.name)?.tensor;
    return after === undefined ? [] : [{ before: original(task, weight), after }];
  });
  return shrinkageOf(changes, changes.reduce((sum, { before }) => sum + storedBytes(before), 0), () => throwIfAborted(task.context.signal));
}

function formsOf({ weights, settings: { zeros }, context }: Task, state: PruningState): ReadonlyMap<string, Said<FormCode>> {
  const forms = new Map<string, Said<FormCode>>();
  for (const { name, nodes, layout } of weights) {
    const share = zeros.kind === 'pattern' ? `${zeros.zeros}:${zeros.group}` : percent((state.weights.get(name)?.zeros ?? 0) / sizeOf(layout));
    for (const node of nodes) for (const layer of layersOf(node, context.origins)) forms.set(layer, said('form.sparse', { share }));
  }
  return forms;
}

interface Told {
  readonly state: PruningState;
  readonly shrinkage: Shrinkage;
  readonly split: Split | undefined;
}

function findingsOf({ dense }: FoundWeights, { weights, settings, context }: Task, { state, shrinkage, split }: Told): Finding[] {
  const total = weights.reduce((sum, { layout }) => sum + sizeOf(layout), 0);
  const zeros = [...state.weights.values()].reduce((sum, weight) => sum + weight.zeros, 0);
  const findings: Finding[] = [
    {
      severity: 'info',
      ...said('finding.sparseSize', {
        zeros, total, layers: weights.length, share: percent(zeros / total), measured: formatBytes(shrinkage.measured),
        before: formatBytes(shrinkage.before), after: formatBytes(shrinkage.after), ratio: percent(shrinkage.after / shrinkage.before),
      }),
    },
    { severity: 'warning', ...said('finding.sparseSpeed', { provider: context.provider }) },
    ...dense.map(({ node, why }): Finding => ({ severity: 'info', node: nodeLabel(node), ...said('finding.layerNotPruned', { layer: nameOf(node, context.origins), why }) })),
  ];
  if (state.skipped > 0) findings.push({ severity: 'warning', ...said('finding.samplesSkipped', { count: state.skipped }) });
  if (split !== undefined && split.size < settings.samples) findings.push({ severity: 'warning', ...said('finding.fewSamples', { count: split.size, wanted: settings.samples }) });
  return findings;
}

function nameOf(node: Node, origins: Origins): string {
  return layersOf(node, origins)[0] ?? nodeLabel(node);
}

/** Whole percents where they are exact enough. */
function percent(share: number): string {
  return formatPercent(share, Math.abs(share * 100 - Math.round(share * 100)) < 0.05 ? 0 : 1);
}
