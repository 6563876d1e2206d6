// The models whose training is compared with PyTorch, and a batch of their data.

import { evenIndices } from '../../src/engine/data/sampling';
import { requireSplit, type Dataset } from '../../src/engine/data/dataset';
import { readModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import type { NdArray } from '../../src/engine/ports';
import type { OptimiserName } from '../../src/engine/train/training';
import { openData } from '../../src/jobs/samples';
import { nodeFiles } from '../../src/runtime/files';
import { asset } from '../lib/workspace';
import type { LabelledInputs } from './stepper';

export interface Subject {
  readonly name: string;
  /** Of ../shared/assets/models, without its ending. */
  readonly model: string;
  /** As peerSpeed.py calls it. */
  readonly peer: string;
  readonly data: string;
  readonly batch: number;
  readonly optimizer: OptimiserName;
}

export const subjects: readonly Subject[] = [
  { name: 'ResNet-20, 32 x 32', model: 'resnet20-cifar10', peer: 'resnet20', data: 'cifar10.json', batch: 128, optimizer: 'sgd' },
  { name: 'MobileNetV2, 28 x 28', model: 'fashion-mobilenetv2-bn', peer: 'mobilenet', data: 'fashion-mnist-subset.json', batch: 64, optimizer: 'sgd' },
  { name: 'transformer, 48 tokens', model: 'sst2-transformer', peer: 'transformer', data: 'sst2.json', batch: 32, optimizer: 'adamw' },
];

export async function openModel(path: string): Promise<Model> {
  return readModel(await nodeFiles.open(path), nodeFiles);
}

export const openSubject = ({ model }: Subject): Promise<Model> => openModel(asset(`models/${model}.onnx`));

export async function withSubjectData<Result>({ data }: Pick<Subject, 'data'>, model: Model, use: (data: Dataset) => Promise<Result>): Promise<Result> {
  const opened = await openData(asset(`data/${data}`), model);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/** Samples of `train`, evenly spread. */
export function subjectBatch(subject: Subject, model: Model): Promise<LabelledInputs> {
  return withSubjectData(subject, model, async (data) => {
    const split = requireSplit(data, 'train');
    const { inputs, labels } = await split.gather(evenIndices(split.size, subject.batch));
    return { inputs, labels: (labels ?? []).map(Number) };
  });
}

/** As Python reads them: the inputs and `labels`. */
export function withLabels({ inputs, labels }: LabelledInputs): Record<string, NdArray> {
  return { ...inputs, labels: { type: 'int64', dims: [labels.length], data: BigInt64Array.from(labels, BigInt) } };
}
