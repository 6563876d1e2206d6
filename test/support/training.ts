// Trainings for tests: a real model with its real data, cut down to what a few seconds allow.

import { createMetric } from '../../src/engine/data/metrics/createMetric';
import type { Dataset, Split } from '../../src/engine/data/dataset';
import { requireSplit } from '../../src/engine/data/dataset';
import { openDataset } from '../../src/engine/data/open';
import { evenIndices } from '../../src/engine/data/sampling';
import type { Model } from '../../src/engine/ir/model';
import { modelInputs } from '../../src/engine/ir/signature';
import { exportTrained } from '../../src/engine/train/exportTrained';
import { prepareTraining } from '../../src/engine/train/prepare';
import { subset } from '../../src/engine/train/samples';
import { type TrainedValues, trainingDefaults, type TrainingEvent, type TrainingOptions, type TrainingRequest } from '../../src/engine/train/training';
import { nodeDecoders } from '../../src/runtime/decoders';
import { nodeFiles } from '../../src/runtime/files';
import { assetPath } from './assets';
import { openAsset } from './models';
import { testRuntime } from './passContext';

export interface TrainingCase {
  readonly model: Model;
  readonly data: Dataset;
  readonly train: Split;
  readonly test: Split;
}

/** `samples` of the split `train`, evenly spread. */
export async function trainingCase(model: string, dataFile: string, samples: number): Promise<TrainingCase> {
  const opened = await openAsset(model);
  const inputs = modelInputs(opened).map(({ name, type, shape }) => ({ name, type, shape }));
  const data = await openDataset(assetPath(dataFile), { inputs: inputs, dims: {} }, { files: nodeFiles, decoders: nodeDecoders });
  const whole = requireSplit(data, 'train');
  const train = subset(whole, 'train', evenIndices(whole.size, samples));
  return { model: opened, data, train, test: requireSplit(data, 'test') };
}

export interface RecordedRequest {
  readonly request: TrainingRequest;
  readonly events: TrainingEvent[];
}

/** A request with the losses of labels on two threads; `options` over few epochs of constant learning rate. */
export function trainingRequest({ model, train }: Pick<TrainingCase, 'model' | 'train'>, options: Partial<TrainingOptions>, overrides: Partial<TrainingRequest> = {}): RecordedRequest {
  const events: TrainingEvent[] = [];
  const request: TrainingRequest = {
    options: { ...trainingDefaults, epochs: 1, batch: 32, schedule: 'constant', warmup: 0, ...options },
    losses: [{ loss: 'label' }],
    prepare: (batch) => prepareTraining(model, { batch, dims: {}, isFrozen: () => false, batchNorm: 'train' }),
    data: train,
    runtime: testRuntime,
    provider: 'cpu',
    threads: 2,
    onEvent: (event) => { events.push(event); },
    ...overrides,
  };
  return { request, events };
}

/** Accuracy of the model with these weights on `count` samples of a split. */
export async function accuracy(model: Model, values: TrainedValues, split: Split, count: number): Promise<number> {
  const session = await testRuntime.createSession(exportTrained(model, values), { threads: 2 });
  try {
    const metric = createMetric('top1', { file: split.name, split: split.name, labelled: true });
    const indices = evenIndices(split.size, count);
    for (let at = 0; at < indices.length; at += 100) {
      const batch = await split.gather(indices.slice(at, at + 100));
      metric.add(await session.run(batch.inputs), batch);
    }
    return await metric.value();
  } finally {
    await session.release();
  }
}

export function lossesOf(events: readonly TrainingEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}
