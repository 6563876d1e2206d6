// Sets a training up: how batches are cut, the graph for them, sessions, teacher. The loop is trainer.ts.

import type { Label } from '../data/dataset';
import { EngineError } from '../error';
import { readTensor } from '../ir/tensors';
import type { FeedContext } from './feeds';
import { flatten } from './flat';
import type { LabelForm } from './losses/loss';
import { requireNeeds } from './losses/table';
import { estimatedBytes } from './memory';
import type { Optimiser } from './optimisers/optimiser';
import { optimiserOf } from './optimisers/table';
import { besidePenalty } from './penalty/penalty';
import { type PlannedPenalty, planPenalty } from './penalty/planPenalty';
import { schedulePlan } from './schedules';
import { accumulatingStepper, type Stepper, type TrainingState, wholeStepper } from './stepper';
import { classAxisOf, labelFormOf } from './targets';
import { asking, remembering } from './teacherCache';
import type { TrainableModel } from './trainable';
import { buildTrainingGraph, type TrainingGraph } from './trainingGraph';
import type { Teacher, TrainedValues, TrainingRequest } from './training';
import { averageOf, stateVectors } from './updateGraph';

/** How the samples of a step are cut. */
export interface BatchPlan {
  /** Samples read at a time. */
  readonly batch: number;
  /** Batches a step. */
  readonly accumulate: number;
  /** Samples a run of the graph; divides `batch`. */
  readonly microbatch: number;
  readonly stepsPerEpoch: number;
}

/** A training before anything of it runs. */
export interface PlannedTraining {
  readonly request: TrainingRequest;
  readonly plan: BatchPlan;
  readonly trainable: TrainableModel;
  readonly optimiser: Optimiser;
  readonly labelForm: LabelForm | undefined;
  readonly penalty: PlannedPenalty | undefined;
  readonly graph: TrainingGraph;
  readonly teacher: Teacher | undefined;
  /** Samples a run before memory was short. */
  readonly shrunkFrom?: number;
  /** Memory a run is estimated to take. */
  readonly bytes: number;
}

export interface OpenTraining {
  readonly stepper: Stepper;
  readonly feeds: FeedContext;
  /** Sessions and teacher; doing it again does nothing. */
  release(): Promise<void>;
}

/** Labels that are looked at to tell classes from values, and the axis that they are on. */
const LABELS_LOOKED_AT = 256;

/**
 * @param microbatch samples a run of the graph, unless the file fixes another number. The caller releases the teacher.
 * @throws EngineError what preparing, differentiating and losses throw; `tooFewSamples` where the file fixes a batch
 * larger than the data
 */
export async function planTraining(request: TrainingRequest, microbatch: number): Promise<PlannedTraining> {
  const { options, data, losses } = request;
  requireNeeds(losses, { labels: data.labelled, teacher: request.teacher !== undefined, split: data.name });
  const prepared = await request.prepare(microbatch);
  const labels = data.labelled ? (await data.read(0, Math.min(data.size, LABELS_LOOKED_AT))).labels ?? [] : [];
  const trainable = withClassAxis(prepared, labels);
  const plan = batchPlan(request, trainable.batch);
  const [output] = trainable.outputs;
  const labelForm = data.labelled && output !== undefined ? labelFormOf(output, trainable.batch, labels) : undefined;
  const optimiser = optimiserOf(options);
  const penalty = await plannedPenalty(request, trainable, plan);
  const teacher = await request.teacher?.(plan.batch);
  try {
    const graph = await buildTrainingGraph({
      trainable, terms: besidePenalty(losses, request.penalty), labelForm, optimiser, clip: options.clip, ema: options.ema > 0, penalty,
      teacher: teacher && forMicrobatch(teacher, plan), kind: isWhole(plan) ? 'whole' : 'gradients',
    });
    return { request, plan, trainable, optimiser, labelForm, penalty, graph, teacher, bytes: await estimatedBytes(graph.model) };
  } catch (error) {
    await teacher?.release();
    throw error;
  }
}

/** Sessions for a plan. They own the teacher from here on. */
export async function openTraining(planned: PlannedTraining, state: TrainingState): Promise<OpenTraining> {
  const { request, plan, trainable, graph, labelForm, penalty, teacher, optimiser } = planned;
  const { options, runtime, provider, threads } = request;
  const open = isWhole(plan) ? wholeStepper : accumulatingStepper;
  const stepper = await open(runtime, graph, state, { optimiser, clip: options.clip, ema: options.ema > 0, penalty, provider, threads });
  const isStable = request.augment === undefined && options.mixup === 0;
  const askTeacher = teacher && (isStable ? remembering : asking)(teacher, graph.teacherTensors);
  let isOpen = true;
  return {
    stepper,
    feeds: { request, graph, trainable, labelForm, askTeacher },
    release: async () => {
      if (!isOpen) return;
      isOpen = false;
      await stepper.release();
      await teacher?.release();
    },
  };
}

function isWhole({ batch, accumulate, microbatch }: BatchPlan): boolean {
  return batch * accumulate === microbatch;
}

/** Batches shrink to the data, and to a multiple of what the graph takes. */
function batchPlan({ options, data }: TrainingRequest, microbatch: number): BatchPlan {
  if (microbatch > data.size) throw new EngineError('tooFewSamples', { samples: data.size, split: data.name, batch: microbatch });
  const batch = Math.max(1, Math.floor(Math.min(options.batch, data.size) / microbatch)) * microbatch;
  const accumulate = Math.min(options.accumulate, Math.max(1, Math.floor(data.size / batch)));
  return { batch, accumulate, microbatch, stepsPerEpoch: Math.floor(data.size / (batch * accumulate)) };
}

/** Tells where batches are not as asked. */
export function tellBatches({ options, data, onEvent }: TrainingRequest, { batch, accumulate, microbatch }: BatchPlan): void {
  if (batch === data.size && batch < options.batch) onEvent?.({ type: 'batchShrunk', from: options.batch, to: batch, samples: data.size });
  else if (batch !== options.batch) onEvent?.({ type: 'batchFitted', from: options.batch, to: batch, microbatch });
  if (accumulate < options.accumulate) onEvent?.({ type: 'accumulateShrunk', from: options.accumulate, to: accumulate, samples: data.size });
}

/** The model with the classes of its first output on the axis that labels are for. */
function withClassAxis(trainable: TrainableModel, labels: readonly Label[]): TrainableModel {
  const [first, ...others] = trainable.outputs;
  if (first === undefined) return trainable;
  return { ...trainable, outputs: [{ ...first, axis: classAxisOf(first, trainable.batch, labels) }, ...others] };
}

/** A teacher answers whole batches; the graph sees a microbatch of them. */
function forMicrobatch(teacher: Teacher, { batch, microbatch }: BatchPlan): Pick<Teacher, 'outputs' | 'facts'> {
  return {
    outputs: teacher.outputs,
    facts: (tensor) => {
      const facts = teacher.facts(tensor);
      return facts && { type: facts.type, shape: [((facts.shape[0] ?? 1) * microbatch) / batch, ...facts.shape.slice(1)] };
    },
  };
}

async function plannedPenalty(request: TrainingRequest, trainable: TrainableModel, plan: BatchPlan): Promise<PlannedPenalty | undefined> {
  const { penalty } = request;
  if (penalty === undefined) return undefined;
  const dims = new Map(trainable.parameters.map((parameter) => [parameter.name, parameter.dims]));
  return planPenalty(penalty, dims, await startValues(request, trainable), schedulePlan(request.options, plan.stepsPerEpoch));
}

/** Weights as they are (or as `initial` says), everything else zeros, averages equal to what they average. */
export async function startState({ request, trainable, graph, optimiser }: PlannedTraining): Promise<TrainingState> {
  const update = { optimiser, clip: request.options.clip, ema: request.options.ema > 0 };
  const values = new Map([...graph.extra, ...await startValues(request, trainable)]);
  const { groups, statistics } = graph.layout;
  const state: Record<string, Float32Array> = Object.fromEntries([...stateVectors(graph.layout, update)].map(([name, length]) => [name, new Float32Array(length)]));
  for (const vector of statistics === undefined ? groups : [...groups, statistics]) {
    state[vector.name] = flatten(vector, values);
    if (update.ema) state[averageOf(vector.name)] = flatten(vector, values);
  }
  return state;
}

async function startValues({ initial }: TrainingRequest, { model, parameters, statistics }: TrainableModel): Promise<TrainedValues> {
  const values = new Map<string, Float32Array>();
  for (const name of [...parameters.map((parameter) => parameter.name), ...statistics.map(({ running }) => running)]) {
    const tensor = model.graph.initializers.get(name);
    const given = initial?.get(name);
    if (given !== undefined) values.set(name, given);
    else if (tensor !== undefined) values.set(name, (await readTensor(tensor)).data as Float32Array);
  }
  return values;
}
