// What all passes that train have in common: from the options of a pass to a request for the trainer, and from its result
// back to a model of the same graph.

import { formatDigits, formatMetric } from '../../../protocol/format';
import { type FormCode, said, type Said } from '../../../protocol/text/index';
import { type Dataset, requireSplit, type Split } from '../../data/dataset';
import type { Layout } from '../../data/description';
import { EngineError } from '../../error';
import { isFloat } from '../../ir/dataTypes';
import type { Graph, Model, Node } from '../../ir/model';
import { modelInputs, modelOutputs } from '../../ir/signature';
import { augmentBatch, changesImages } from '../../train/augment';
import { exportTrained } from '../../train/exportTrained';
import { initialise } from '../../train/initialise';
import type { LossTerm } from '../../train/losses/loss';
import { requireNeeds } from '../../train/losses/table';
import { prepareTraining } from '../../train/prepare';
import { foldBatchNorm, restoreBatchNorm } from '../../train/restoreBatchNorm';
import { heldOut } from '../../train/samples';
import { createTeacher } from '../../train/teacherSession';
import type { TrainableModel } from '../../train/trainable';
import type { Penalty } from '../../train/penalty/penalty';
import { train } from '../../train/trainer';
import type { TrainedValues, TrainingEvent, TrainingOptions, TrainingRequest } from '../../train/training';
import { sparseMasks } from '../prune/weights/masks';
import type { Origins, PassContext, PassOutcome } from '../pass';
import { ignoredLayers, layersOf } from '../quantize/ignore';
import { refuseQuantized } from '../quantize/quantized';
import { type HeldOutMetric, heldOutMetric, scriptMetric } from './heldOutMetric';
import { augmentOptions, trainerOptions, type TrainingChoices } from './options';
import { keptEpoch, trainingFindings, trainingReport } from './record';

export interface TrainingTask {
  /** Id of the pass. */
  readonly pass: string;
  readonly model: Model;
  readonly choices: TrainingChoices;
  readonly fromScratch: boolean;
  /** As chosen, or from the data, once it is known that there are some. */
  readonly losses: readonly LossTerm[] | ((data: Dataset) => Promise<readonly LossTerm[]>);
  readonly teacher?: Model;
  /** Option of the pass that holds the choices; absent: they are the pass's own. */
  readonly option?: string;
  readonly penalty?: Penalty;
  /** Which epoch's weights come out. Absent: the best. */
  readonly keep?: TrainingOptions['keep'];
}

/**
 * Trains and gives the model with the weights of the best epoch, the model as it came where none was better; or those of the
 * last one.
 *
 * @throws EngineError `alreadyQuantized`, `dataNeeded`, `splitMissing`, `lossNeedsLabels`, `ignoreMatchesNothing`,
 * `invalidOption` (augmentation that does not fit), and what preparing and training throw.
 */
export async function runTraining(task: TrainingTask, context: PassContext): Promise<PassOutcome> {
  const { pass, option, model, choices, fromScratch, teacher, penalty, keep = 'best' } = task;
  refuseQuantized(model);
  const { data } = context;
  if (data === undefined) throw new EngineError('dataNeeded', { what: option === undefined ? `pass.${pass}` : `option.${option}` });
  const { training, validation } = splitsOf(data);
  const losses = typeof task.losses === 'function' ? await task.losses(data) : task.losses;
  requireNeeds(losses, { labels: training.labelled, teacher: teacher !== undefined, split: training.name });
  const network = await networkOf(task, context);
  const options = { ...trainerOptions(choices, { samples: training.size, fromScratch, seed: Math.floor(context.random() * 2 ** 31) }), keep };
  const metric = await heldOutMetric(validation, data, { reference: teacher ?? model, comparesNumbers: losses.some(({ loss }) => loss === 'outputs') }, context);
  const watch = watcher(context, metric);
  try {
    const result = await train({
      options, losses, data: training,
      ...(penalty !== undefined && { penalty }),
      prepare: network.prepare,
      runtime: context.runtime,
      provider: context.provider,
      threads: context.threads,
      ...(context.signal !== undefined && { signal: context.signal }),
      onEvent: watch.onEvent,
      ...(fromScratch && { initial: await network.firstValues(options.batch, options.seed), startIsCandidate: false }),
      ...await augmentation(task, training),
      ...(teacher !== undefined && { teacher: (batch: number) => createTeacher(teacher, { ...context, batch }) }),
      ...(metric !== undefined && { evaluate: { better: metric.higherIsBetter ? 'higher' : 'lower', run: async (values: TrainedValues) => metric.of(await network.withValues(values)) } }),
      identity: { pass, fromScratch, freeze: choices.freeze, batchNorm: choices.batchNorm, augment: choices.augment },
      checkpoint: context.checkpoint,
    });
    const summary = {
      title: option === undefined ? `pass.${pass}` : `option.${option}`, fromScratch, keep, metric, script: scriptMetric(data, context.metric), events: watch.events, result, restored: network.restored,
      masks: network.masks,
      outputs: floatOutputs(model),
    };
    const changed = fromScratch || keptEpoch(summary) > 0;
    return {
      model: changed ? await network.withValues(new Map([...result.parameters, ...result.statistics])) : model,
      origins: context.origins,
      forms: changed ? formsOf(model.graph, result.parameters, context.origins) : new Map(),
      findings: trainingFindings(summary),
      training: trainingReport(summary),
    };
  } finally {
    await metric?.release();
  }
}

function floatOutputs(model: Model): string[] {
  return modelOutputs(model).filter(({ type }) => isFloat(type)).map(({ name }) => name);
}

/** Always the same samples are held out, whatever the seed of the run: runs stay comparable. */
const HELD_OUT_SEED = 0;

/** What is trained on, and what judges it: the split `validation`, else a part of `train`; never `test`. */
export function splitsOf(data: Dataset): { readonly training: Split; readonly validation: Split } {
  const all = requireSplit(data, 'train');
  const validation = data.splits.get('validation');
  if (validation !== undefined) return { training: all, validation };
  const parts = heldOut(all, HELD_OUT_SEED);
  // A single sample has to do for both.
  return { training: parts.train, validation: parts.validation.size === 0 ? all : parts.validation };
}

/** The model in the form it is trained in, and the way back. */
interface Network {
  readonly restored: number;
  /** Of the weights that a pass made sparse. */
  readonly masks: ReadonlyMap<string, Uint8Array>;
  readonly prepare: (batch: number) => Promise<TrainableModel>;
  readonly firstValues: (batch: number, seed: number) => Promise<TrainedValues>;
  readonly withValues: (values: TrainedValues) => Promise<Model>;
}

async function networkOf({ model, choices, fromScratch }: TrainingTask, context: PassContext): Promise<Network> {
  const frozen = ignoredLayers(model.graph, context.origins, choices.freeze, 'freeze');
  const touches = (node: Node, from: Origins): boolean => layersOf(node, from).some((layer) => frozen.has(layer));
  const open = fromScratch && choices.batchNorm === 'train' ? await restoreBatchNorm(model, { isFrozen: (node) => touches(node, context.origins) }) : undefined;
  const trained = open?.model ?? model;
  // What was put back for training belongs to the layer of its convolution.
  const origins = new Map([...context.origins, ...(open?.norms ?? []).map(({ output, convolution }) => [convolution, context.origins.get(output) ?? [output]] as const)]);
  const isFrozen = (node: Node): boolean => touches(node, origins);
  const masks = await sparseMasks(model);
  const prepare: Network['prepare'] = (batch) => prepareTraining(trained, { batch, dims: context.dims, isFrozen, batchNorm: choices.batchNorm, masks });
  return {
    restored: open?.norms.length ?? 0,
    masks,
    prepare,
    firstValues: async (batch, seed) => initialise(trained, (await prepare(batch)).parameters, seed),
    async withValues(values) {
      const exported = exportTrained(trained, values);
      return open === undefined ? exported : foldBatchNorm(model, { ...open, model: exported });
    },
  };
}

/** Augmentation as the trainer wants it, checked against the model's inputs and the kind of labels. */
async function augmentation({ pass, option, model, choices }: TrainingTask, data: Split): Promise<Pick<TrainingRequest, 'augment'>> {
  const options = augmentOptions(choices);
  if (!changesImages(options)) return {};
  const refuse = (problem: string): EngineError => new EngineError('invalidOption', { pass, path: option === undefined ? 'augment' : `${option}.augment`, problem, allowed: 'allowed.noAugment' });
  const image = modelInputs(model).find(({ shape }) => shape?.length === 4);
  if (image === undefined) throw refuse('problem.augmentNoImages');
  const { labels } = await data.read(0, 1);
  if (labels?.[0] !== undefined && typeof labels[0] !== 'number' && typeof labels[0] !== 'string') throw refuse('problem.augmentLabels');
  const layout = layoutOf(image.shape ?? []);
  return { augment: (batch, at) => augmentBatch(batch, layout, options, at) };
}

/** Channels are the axis with 1, 3 or 4 of them: the second, unless only the last has so few. */
function layoutOf([, first, , last]: readonly (number | string)[]): Layout {
  const channels: readonly (number | string | undefined)[] = [1, 3, 4];
  return !channels.includes(first) && channels.includes(last) ? 'HWC' : 'CHW';
}

/** Turns events of the trainer into progress, and keeps those that are told afterwards. */
function watcher(context: PassContext, metric: HeldOutMetric | undefined): { readonly events: readonly TrainingEvent[]; readonly onEvent: (event: TrainingEvent) => void } {
  const events: TrainingEvent[] = [];
  let done: Extract<TrainingEvent, { type: 'epoch' }> | undefined;
  let epochs = 0;
  return {
    events,
    onEvent(event) {
      if (event.type === 'started') epochs = event.epochs;
      if (event.type === 'epoch') done = event;
      if (event.type !== 'step') {
        events.push(event);
        return;
      }
      const known = done === undefined || done.loss === null ? {} : {
        loss: formatDigits(done.loss), metric: metric?.name ?? '', value: metric === undefined ? '' : formatMetric(metric.name, done.metric),
      };
      context.progress({
        activity: 'loss' in known && metric !== undefined ? 'progress.trainingOn' : 'progress.training',
        params: { epoch: event.epoch, epochs, ...known },
        fraction: event.step / event.steps,
      });
    },
  };
}

/** The layers whose weights changed. */
function formsOf(graph: Graph, parameters: TrainedValues, origins: Origins): ReadonlyMap<string, Said<FormCode>> {
  const forms = new Map<string, Said<FormCode>>();
  // A weight may reach its layer through a node that reshapes it: then that node's origin says which.
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => parameters.has(input))) for (const layer of layersOf(node, origins)) forms.set(layer, said('form.trained'));
  }
  return forms;
}

