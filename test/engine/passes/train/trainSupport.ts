// What tests of passes that train share: real models damaged on purpose, their data cut down, and running a pass with its
// defaults. Everything takes seconds.

import { runBatches } from '../../../../src/engine/data/batches';
import type { Dataset, Split } from '../../../../src/engine/data/dataset';
import { createMetric } from '../../../../src/engine/data/metrics/createMetric';
import { evenIndices } from '../../../../src/engine/data/sampling';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { encodeModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import type { PassContext, PassOutcome } from '../../../../src/engine/passes/pass';
import { fixedBatch } from '../../../../src/engine/passes/quantize/calibrate';
import { validateOptions } from '../../../../src/engine/passes/recipe';
import { findPass } from '../../../../src/engine/passes/registry';
import { seededRandom } from '../../../../src/engine/random';
import { subset } from '../../../../src/engine/train/samples';
import { passContext, testRuntime } from '../../../support/passContext';

/** The model with uniform noise on its matrices and kernels, of `share` of their own deviation. */
export async function damaged(model: Model, share: number): Promise<Model> {
  const copy = cloneModel(model);
  const random = seededRandom(5);
  for (const [name, tensor] of copy.graph.initializers) {
    if (tensor.type !== 'float32' || tensor.dims.length < 2) continue;
    const values = (await readTensor(tensor)).data as Float32Array;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    // Uniform in [-1, 1] has deviation 1 / sqrt(3).
    const data = values.map((value) => value + share * deviation * Math.sqrt(3) * (2 * random() - 1));
    copy.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data }));
  }
  return copy;
}

/** The data with fewer samples to train on, evenly spread; `change` replaces the split `train` as a whole. */
export function withTraining(data: Dataset, samples: number, change: (split: Split) => Split = (split) => split): Dataset {
  const whole = data.splits.get('train') as Split;
  const train = change(subset(whole, 'train', evenIndices(whole.size, samples)));
  return { ...data, splits: new Map([...data.splits, ['train', train]]) };
}

export function withoutLabels(split: Split): Split {
  const unlabelled = async (batch: ReturnType<Split['gather']>): ReturnType<Split['gather']> => {
    const { inputs, start, indices, size } = await batch;
    return { inputs, start, indices, size };
  };
  return { ...split, labelled: false, read: (start, end) => unlabelled(split.read(start, end)), gather: (indices) => unlabelled(split.gather(indices)) };
}

/** Runs a pass of the registry with its defaults under `options`. */
export function runPass(id: string, model: Model, options: Readonly<Record<string, unknown>>, overrides: Partial<PassContext>): Promise<PassOutcome> {
  const pass = findPass(id);
  return pass.run(model, validateOptions(pass, options), passContext(overrides));
}

/** Accuracy on the first `count` samples of the split `test`. */
export async function testAccuracy(model: Model, data: Dataset, count: number): Promise<number> {
  const session = await testRuntime.createSession(model, { threads: 2 });
  const metric = createMetric('top1', { file: data.path, split: 'test', labelled: true });
  const fixed = fixedBatch(model, {});
  try {
    for await (const { batch, outputs } of runBatches([session], data.splits.get('test') as Split, { limit: count, ...(fixed !== undefined && { fixedBatch: fixed }) })) metric.add(outputs[0] ?? {}, batch);
    return await metric.value();
  } finally {
    await session.release();
  }
}

export async function bytesOf({ model }: PassOutcome): Promise<Buffer> {
  return Buffer.from(await encodeModel(model));
}

/** Nodes, and weights by name, type and shape: what training must not change. */
export function shapeOf({ graph }: Model): unknown {
  return {
    nodes: graph.nodes.map(({ opType, name, inputs, outputs, attributes }) => ({ opType, name, inputs, outputs, attributes: [...attributes.keys()] })),
    weights: [...graph.initializers.values()].map(({ name, type, dims }) => ({ name, type, dims })),
    inputs: graph.inputs,
    outputs: graph.outputs,
  };
}

export async function weightOf(model: Model, name: string): Promise<Float32Array> {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no weight ${name}`);
  return (await readTensor(tensor)).data as Float32Array;
}

export const codes = ({ findings }: PassOutcome): string[] => findings.map(({ code }) => code);
