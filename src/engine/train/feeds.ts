// From samples to what the training graph is fed: read, augment, mix, label, ask the teacher, cut into microbatches.

import type { Batch } from '../data/dataset';
import { EngineError } from '../error';
import type { Model } from '../ir/model';
import type { NdArray } from '../ports';
import { drawMixup, type MixupDraw } from './augment';
import type { LabelForm } from './losses/loss';
import { rows } from './rows';
import { seedOf } from './seeds';
import type { Feeds } from './stepper';
import { targetsOf } from './targets';
import type { AskTeacher } from './teacherCache';
import type { TrainableModel } from './trainable';
import type { TrainingGraph } from './trainingGraph';
import { LABELS, ONE_HOT, teacherInput, weightInput } from './trainingNames';
import { alphaAt, besidePenalty } from './penalty/penalty';
import type { TrainingRequest } from './training';

export interface FeedContext {
  readonly request: TrainingRequest;
  readonly graph: TrainingGraph;
  readonly trainable: TrainableModel;
  readonly labelForm: LabelForm | undefined;
  readonly askTeacher: AskTeacher | undefined;
}

/** Where a batch stands: `epoch` and `batch` within it from 0, `share` of the epoch that is done. */
export interface BatchPlace {
  readonly epoch: number;
  readonly batch: number;
  readonly share: number;
}

/** Feeds of one batch, one set a microbatch, and the batch itself for messages. */
export interface ReadBatch {
  readonly batch: Batch;
  readonly parts: readonly Feeds[];
}

/** Inputs of the prepared model that samples fill. */
export function dataInputs(model: Model, seedInput: string | undefined): readonly string[] {
  return model.graph.inputs.map(({ name }) => name).filter((name) => name !== seedInput);
}

/** @throws EngineError `dataInputMissing`, `mixupUnfit`, and what `targetsOf` throws */
export async function readBatch(context: FeedContext, indices: readonly number[], place: BatchPlace): Promise<ReadBatch> {
  const { request, graph, trainable, labelForm, askTeacher } = context;
  const { seed, mixup, labelSmoothing } = request.options;
  const read = await request.data.gather(indices);
  const augmented = request.augment?.(read, { seed, epoch: place.epoch }) ?? read;
  const draw = mixup > 0 ? drawMixup(mixup, augmented.size, { seed, epoch: place.epoch, step: place.batch }) : undefined;
  const batch = draw === undefined ? augmented : { ...augmented, inputs: mapValues(augmented.inputs, (array, input) => mixed(array, input, draw)) };

  const whole: Record<string, NdArray> = {};
  for (const name of dataInputs(trainable.model, trainable.seedInput)) {
    const array = batch.inputs[name];
    if (array === undefined) throw new EngineError('dataInputMissing', { input: name, file: request.data.name });
    whole[name] = array;
  }
  if (graph.labels.soft || graph.labels.hard) Object.assign(whole, labelFeeds(context, batch, draw, labelSmoothing, labelForm));
  if (askTeacher !== undefined) {
    const answers = await askTeacher(batch);
    for (const tensor of graph.teacherTensors) {
      const answer = answers[tensor];
      if (answer !== undefined) whole[teacherInput(tensor)] = answer;
    }
  }
  const count = batch.size / trainable.batch;
  const weights = weightFeeds(request, graph, place);
  const parts = Array.from({ length: count }, (_, part): Feeds => ({
    ...mapValues(whole, (array) => rows(array, part / count, (part + 1) / count)),
    ...weights,
    ...(trainable.seedInput !== undefined && { [trainable.seedInput]: seedFeed(seedOf('dropout', seed, place.epoch, place.batch, part)) }),
  }));
  return { batch, parts };
}

function labelFeeds({ trainable, request }: FeedContext, batch: Batch, draw: MixupDraw | undefined, smoothing: number, form: LabelForm | undefined): Record<string, NdArray> {
  const [output] = trainable.outputs;
  if (output === undefined || form === undefined) throw new EngineError('lossNeedsLabels', { loss: 'label', split: request.data.name });
  const { soft, hard } = targetsOf(batch, { form, output, batch: trainable.batch, smoothing, file: request.data.name });
  const dims = [(output.dims[0] ?? 1) * (batch.size / trainable.batch), ...output.dims.slice(1)];
  const labels: NdArray = { type: 'float32', dims, data: soft };
  return {
    [LABELS]: draw === undefined ? labels : mixed(labels, LABELS, draw, dims),
    ...(hard !== undefined && { [ONE_HOT]: { type: 'float32', dims, data: hard } }),
  };
}

/** lambda * x + (1 - lambda) * partner; throws `mixupUnfit` for anything but float32: tokens have no between. */
function mixed(array: NdArray, input: string, { lambda, partners }: MixupDraw, dims = array.dims): NdArray {
  if (!(array.data instanceof Float32Array)) throw new EngineError('mixupUnfit', { input, type: array.type });
  const source = array.data;
  const width = source.length / partners.length;
  const data = new Float32Array(source.length);
  partners.forEach((partner, sample) => {
    for (let at = 0; at < width; at += 1) {
      data[sample * width + at] = lambda * (source[sample * width + at] as number) + (1 - lambda) * (source[partner * width + at] as number);
    }
  });
  return { type: array.type, dims, data };
}

function weightFeeds({ losses, penalty }: TrainingRequest, graph: TrainingGraph, { epoch, share }: BatchPlace): Feeds {
  const weights = [...besidePenalty(losses, penalty).map(({ weight }) => weight), ...(penalty === undefined ? [] : [(at: number) => alphaAt(penalty, at)])];
  return Object.fromEntries(weights.flatMap((weight, index): [string, NdArray][] => {
    if (typeof weight !== 'function' || graph.terms[index]?.weightInput === undefined) return [];
    return [[weightInput(index), { type: 'float32', dims: [], data: Float32Array.of(weight(epoch + share)) }]];
  }));
}

/** A whole number below 2^24, from 32 random bits. */
function seedFeed(bits: number): NdArray {
  return { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(bits >>> 8)) };
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, change: (value: In, name: string) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
