// Labels of data become targets of training, or a clear refusal.

import assert from 'node:assert/strict';
import type { Batch, Label } from '../../../src/engine/data/dataset';
import { EngineError } from '../../../src/engine/error';
import { classAxisOf, labelFormOf, targetsOf, type TargetPlan } from '../../../src/engine/train/targets';
import type { TrainableOutput } from '../../../src/engine/train/trainable';

const output = (dims: readonly number[], activation: TrainableOutput['activation'] = 'none'): TrainableOutput =>
  ({ name: 'y', logits: 'y', activation, axis: dims.length > 2 ? 1 : dims.length - 1, dims });
const batchOf = (labels: readonly Label[]): Batch => ({ inputs: {}, labels, start: 7, indices: labels.map((_, index) => 7 + index), size: labels.length });
const plan = (shape: TrainableOutput, form: TargetPlan['form'], smoothing = 0): TargetPlan => ({ form, output: shape, batch: shape.dims[0] ?? 1, smoothing, file: 'train' });
const codeOf = (run: () => unknown): readonly [string, unknown] => {
  try {
    run();
  } catch (error) {
    if (error instanceof EngineError) return [error.code, error.params];
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('what labels are', () => {
  it('follows from the activation where there is one', () => {
    assert.equal(labelFormOf(output([2, 3], 'softmax'), 2, [1.5]), 'classes');
    assert.equal(labelFormOf(output([2, 1], 'sigmoid'), 2, [1]), 'binary');
  });
  it('follows from the labels where there is none', () => {
    assert.equal(labelFormOf(output([2, 3]), 2, [0, 2]), 'classes');
    assert.equal(labelFormOf(output([2, 3]), 2, [[0, 1, 0]]), 'classes');
    assert.equal(labelFormOf(output([2, 3]), 2, [[0.5, 1, 0]]), 'values');
    assert.equal(labelFormOf(output([2, 1]), 2, [3, 4]), 'values');
    assert.equal(labelFormOf(output([1, 3, 2, 2]), 1, [{ type: 'uint8', dims: [2, 2], data: Uint8Array.of(0, 1, 2, 255) }]), 'classes');
  });
});

describe('the axis of the classes', () => {
  const numbers = (count: number): Label => Array<number>(count).fill(0);
  const bare = (dims: readonly number[], axis: number): TrainableOutput => ({ name: 'y', logits: 'y', activation: 'none', axis, dims });
  it('is the one that leaves a position for every element of a label', () => {
    assert.equal(classAxisOf(bare([2, 5, 3], 2), 2, [numbers(5)]), 2);
    assert.equal(classAxisOf(bare([2, 5, 3], 2), 2, [numbers(3)]), 1);
    assert.equal(classAxisOf(bare([2, 4, 6, 3], 1), 2, [numbers(24)]), 3);
    assert.equal(classAxisOf(bare([2, 3, 4, 6], 1), 2, [{ type: 'uint8', dims: [4, 6], data: new Uint8Array(24) }]), 1);
    assert.equal(classAxisOf(bare([2, 7, 1], 1), 2, [3]), 1);
  });
  it('is the usual one where labels do not tell, and that of the activation where there is one', () => {
    assert.equal(classAxisOf(bare([2, 4, 4], 2), 2, [numbers(4)]), 2);
    assert.equal(classAxisOf(bare([2, 5, 3], 2), 2, []), 2);
    assert.equal(classAxisOf(bare([2, 5, 3], 2), 2, [numbers(15)]), 2);
    assert.equal(classAxisOf({ ...bare([2, 5, 3], 2), activation: 'softmax' }, 2, [numbers(3)]), 2);
  });
});

describe('targets', () => {
  it('are distributions over classes, smoothed as PyTorch does', () => {
    const { soft, hard } = targetsOf(batchOf([2, 0]), plan(output([2, 4]), 'classes', 0.2));
    [0.05, 0.05, 0.85, 0.05, 0.85, 0.05, 0.05, 0.05].forEach((value, at) => { assert.ok(Math.abs((soft[at] ?? NaN) - value) < 1e-7); });
    assert.deepEqual([...(hard ?? [])], [0, 0, 1, 0, 1, 0, 0, 0]);
  });
  it('lie along axis 1 for pixels, and 255 counts for nothing', () => {
    const mask = { type: 'uint8', dims: [1, 3], data: Uint8Array.of(1, 255, 0) } as const;
    assert.deepEqual([...targetsOf(batchOf([mask]), plan(output([1, 2, 1, 3]), 'classes')).soft], [0, 0, 1, 1, 0, 0]);
  });
  it('-100 counts for nothing too, for tokens but not for whole samples', () => {
    const tokens: TrainableOutput = { name: 'y', logits: 'y', activation: 'none', axis: 2, dims: [1, 3, 2] };
    assert.equal(labelFormOf(tokens, 1, [[1, 0, -100]]), 'classes');
    assert.deepEqual([...targetsOf(batchOf([[1, 0, -100]]), plan(tokens, 'classes', 0.5)).soft], [0.25, 0.75, 0.75, 0.25, 0, 0]);
    assert.equal(codeOf(() => targetsOf(batchOf([-100]), plan(output([1, 4]), 'classes')))[0], 'labelOutOfRange');
  });
  it('lie along the last axis for tokens', () => {
    const tokens: TrainableOutput = { name: 'y', logits: 'y', activation: 'none', axis: 2, dims: [1, 2, 3] };
    assert.deepEqual([...targetsOf(batchOf([[2, 0]]), plan(tokens, 'classes')).soft], [0, 0, 1, 1, 0, 0]);
  });
  it('are numbers for values and for Sigmoid outputs', () => {
    assert.deepEqual([...targetsOf(batchOf([[1.5, -2]]), plan(output([1, 2]), 'values')).soft], [1.5, -2]);
    assert.deepEqual([...targetsOf(batchOf([1, 0]), plan(output([2, 1], 'sigmoid'), 'binary', 0.5)).soft], [0.75, 0.25]);
    assert.deepEqual([...targetsOf(batchOf([2]), plan(output([1, 3], 'sigmoid'), 'binary')).soft], [0, 0, 1]);
  });
});

describe('labels that do not fit', () => {
  it('out of range: names value, sample and number of classes', () => {
    assert.deepEqual(codeOf(() => targetsOf(batchOf([1, 4]), plan(output([2, 4]), 'classes'))), ['labelOutOfRange', { index: 8, file: 'train', label: 4, classes: 4 }]);
    for (const label of [-1, 0.5, NaN]) assert.equal(codeOf(() => targetsOf(batchOf([label]), plan(output([1, 4]), 'classes')))[0], 'labelOutOfRange');
    assert.equal(codeOf(() => targetsOf(batchOf([2]), plan(output([1, 1], 'sigmoid'), 'binary')))[0], 'labelOutOfRange');
  });
  it('of another kind: says what was found and what is wanted', () => {
    const [code, params] = codeOf(() => targetsOf(batchOf(['cat']), plan(output([1, 4]), 'classes')));
    assert.equal(code, 'labelUnfit');
    assert.match(new EngineError('labelUnfit', params as Record<string, string>).message, /Sample 7 has the text "cat" .*"classes".* shape \[1, 4\] wants a class/);
    assert.equal(codeOf(() => targetsOf(batchOf([[1, 2, 3]]), plan(output([1, 2]), 'values')))[0], 'labelUnfit');
  });
  it('not finite: names the sample', () => {
    assert.deepEqual(codeOf(() => targetsOf(batchOf([1, Infinity]), plan(output([2, 1]), 'values'))), ['dataNotFinite', { sample: 8, split: 'train', value: Infinity, input: 'labels' }]);
  });
});
