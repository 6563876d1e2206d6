// Whole models whose gradients an independent oracle has computed: which model, which samples, which form of
// BatchNormalization. bench/training/oracle.ts makes the fixtures, test/engine/train/wholeModels.test.ts reads them.

import { join } from 'node:path';
import { evenIndices } from '../../src/engine/data/sampling';
import { requireSplit } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import type { NdArray } from '../../src/engine/ports';
import { openData } from '../../src/jobs/samples';
import { assetPath, repositoryRoot } from './assets';
import { openAsset } from './models';
import { recurrentClassifier, upsamplingClassifier } from './trainingModels';

export interface OracleCase {
  readonly name: string;
  /** A model of the shared assets, or one that trainingModels.ts makes. */
  readonly model: string | (() => Model);
  /** Description of the data among the shared assets; the samples lie evenly spread over `train`. */
  readonly data: string;
  readonly batch: number;
  /** Index of the first sample; the others follow at even distances. */
  readonly from?: number;
  readonly batchNorm: 'train' | 'frozen';
}

/** Running averages leave samples alone, and these twelve have no activation near a kink. */
const FROZEN_BATCH = 12;

const both = (name: string, data: string, batch: number, from = 0): OracleCase[] =>
  (['train', 'frozen'] as const).map((batchNorm) => ({ name: `${name}-${batchNorm}`, model: `models/${name}.onnx`, data, batchNorm, ...(batchNorm === 'train' ? { batch, from } : { batch: FROZEN_BATCH }) }));

/*
 * Where an activation lies within float32's rounding of a kink (Relu, Clip), a gradient is not defined: PyTorch's own
 * float32 then differs from its float64 by up to 1e-3. Batch statistics move all activations with each rounding, so the
 * samples are few and such that no activation comes near; gradients.py prints how near, in units of their size.
 */

export const oracleCases: readonly OracleCase[] = [
  ...both('resnet20-cifar10', 'cifar10.json', 4, 1),
  ...both('ds_cnn_s-kws12', 'kws-ds-cnn.json', 8),
  ...both('fashion-mobilenetv2-bn', 'fashion-mnist-subset.json', 4, 52),
  { name: 'sst2-transformer', model: 'models/sst2-transformer.onnx', data: 'sst2.json', batch: 16, batchNorm: 'train' },
  { name: 'dnn_m-kws12', model: 'models/dnn_m-kws12.onnx', data: 'kws-dnn.json', batch: 32, batchNorm: 'train' },
  { name: 'recurrent', model: recurrentClassifier, data: 'kws-ds-cnn.json', batch: 16, batchNorm: 'train' },
  { name: 'upsampling', model: upsamplingClassifier, data: 'fashion-mnist-subset.json', batch: 16, batchNorm: 'train' },
];

export const fixturePath = ({ name }: OracleCase): string => join(repositoryRoot, 'test', 'fixtures', 'training', `${name}.json`);

/** Assets that are opened stay so until `closeAssets` (models.ts). */
export function openCase({ model }: OracleCase): Promise<Model> {
  return typeof model === 'string' ? openAsset(model) : Promise.resolve(model());
}

export interface LabelledBatch {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly labels: readonly number[];
}

export async function readCase(oracle: OracleCase, model: Model): Promise<LabelledBatch> {
  const data = await openData(assetPath(`data/${oracle.data}`), model);
  try {
    const split = requireSplit(data, 'train');
    const { inputs, labels } = await split.gather(evenIndices(split.size, oracle.batch).map((index) => (index + (oracle.from ?? 0)) % split.size));
    return { inputs, labels: (labels ?? []).map(Number) };
  } finally {
    await data.close();
  }
}

/** What gradients.py stores of a tensor. */
export type StoredTensor = { readonly dims: readonly number[]; readonly norm: number } & ({ readonly values: readonly number[] } | { readonly projections: readonly number[] });

export interface OracleFixture {
  readonly madeBy: string;
  readonly loss: number;
  /** Largest relative distance of PyTorch's own float32 gradients from these, which are float64. */
  readonly float32: number;
  readonly gradients: Readonly<Record<string, StoredTensor>>;
  /** Running averages after this batch, where BatchNormalization takes the batch's statistics. */
  readonly statistics?: Readonly<Record<string, StoredTensor>>;
}

const PROJECTIONS = 32;

/**
 * Norm of the difference from a stored tensor: exact for small ones, estimated by random signs for others (within a
 * factor of 1.5 for nearly all of them: 32 squares are averaged).
 */
export function distance(found: ArrayLike<number>, stored: StoredTensor): number {
  if ('values' in stored) return Math.sqrt(stored.values.reduce((sum, value, index) => sum + (value - (found[index] ?? NaN)) ** 2, 0));
  const sums = projected(found);
  return Math.sqrt(stored.projections.reduce((sum, value, index) => sum + (value - (sums[index] as number)) ** 2, 0) / PROJECTIONS);
}

/** Sums with 32 signs an entry: the bits of `lowbias32` of its index, as in gradients.py. */
function projected(values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(PROJECTIONS);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (value === 0) continue;
    const bits = lowBias32(index);
    for (let bit = 0; bit < PROJECTIONS; bit += 1) sums[bit] = (sums[bit] as number) + ((bits >>> bit) & 1 ? value : -value);
  }
  return sums;
}

/** An integer hash (Wellons 2018, "Prospecting for hash functions"). */
function lowBias32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
