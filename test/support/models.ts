// Models for tests: assets opened once, small graphs, and the comparison of two models on the same inputs.

import assert from 'node:assert/strict';
import { encodeModel, readModel, releaseModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import type { NdArray, SessionOptions } from '../../src/engine/ports';
import { nodeFiles } from '../../src/runtime/files';
import { sampleInputs } from '../../src/runtime/sampleInputs';
import { assetPath } from './assets';
import { testRuntime } from './passContext';

/** Sizes of the open dimensions of the assets. A batch of 2 shows where a graph was fixed to 1 by mistake. */
export const assetDims: Readonly<Record<string, number>> = {
  N: 2,
  batch: 2,
  unk__132: 2,
  'p2o.DynamicDimension.0': 2,
  'p2o.DynamicDimension.1': 48,
  'p2o.DynamicDimension.2': 192,
  sequence: 576,
};

const opened: Model[] = [];

/** Opens an asset; a suite that does ends with `after(closeAssets)`. */
export async function openAsset(relative: string): Promise<Model> {
  const model = await readModel(await nodeFiles.open(assetPath(relative)), nodeFiles);
  opened.push(model);
  return model;
}

export async function closeAssets(): Promise<void> {
  for (const model of opened.splice(0)) await releaseModel(model);
}

/** The model written and read again. */
export async function decodedCopy(model: Model): Promise<Model> {
  const bytes = await encodeModel(model);
  return readModel({
    name: 'copy.onnx',
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  });
}

/** Outputs of a model for inputs drawn with `seed`. */
export async function outputsOf(model: Model, inputs?: Readonly<Record<string, NdArray>>, options: SessionOptions & { readonly seed?: number } = {}): Promise<Record<string, NdArray>> {
  const session = await testRuntime.createSession(model, { optimization: 'disabled', threads: 2, ...options });
  try {
    return await session.run(inputs ?? sampleInputs(model, session.inputs, { dims: assetDims, seed: options.seed ?? 1 }));
  } finally {
    await session.release();
  }
}

/** Largest difference of two arrays, relative to the largest magnitude of the first. */
export function relativeDifference(expected: NdArray, found: NdArray): number {
  assert.deepEqual(found.dims, expected.dims);
  assert.equal(found.type, expected.type);
  const [left, right] = [expected.data as ArrayLike<number | bigint>, found.data as ArrayLike<number | bigint>];
  let largest = 0;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    largest = Math.max(largest, Math.abs(Number(left[index])));
    difference = Math.max(difference, Math.abs(Number(left[index]) - Number(right[index])));
  }
  return difference === 0 ? 0 : difference / (largest || 1);
}

/** Signal to quantization noise of an output in decibels. */
export function sqnr(expected: NdArray, found: NdArray): number {
  const [left, right] = [expected.data as Float32Array, found.data as Float32Array];
  let signal = 0;
  let noise = 0;
  left.forEach((value, index) => {
    signal += value ** 2;
    noise += (value - (right[index] ?? NaN)) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

/** Both models give the same outputs, under the same names, within `tolerance` (relative). */
export async function assertSameOutputs(before: Model, after: Model, tolerance: number, inputs?: Readonly<Record<string, NdArray>>): Promise<void> {
  const session = await testRuntime.createSession(before, { optimization: 'disabled', threads: 2 });
  const feeds = inputs ?? sampleInputs(before, session.inputs, { dims: assetDims, seed: 7 });
  const expected = await session.run(feeds);
  await session.release();
  const found = await outputsOf(after, feeds);
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  for (const [name, array] of Object.entries(expected)) {
    const difference = relativeDifference(array, found[name] as NdArray);
    assert.ok(difference <= tolerance, `${name} differs by ${difference}`);
  }
}
