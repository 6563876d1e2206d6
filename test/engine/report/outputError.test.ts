// Output errors against cases with a known answer, with the real runtime.

import assert from 'node:assert/strict';
import type { Split } from '../../../src/engine/data/dataset';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Model } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { outputErrors } from '../../../src/engine/report/outputError';
import { testRuntime } from '../../support/passContext';

const WIDTH = 16;
const SAMPLES = 20;

/** y = x * w, z = relu(y). */
function scaled(weight: number): Model {
  return makeModel(makeGraph({
    inputs: [makeValue('x', 'float32', ['N', WIDTH])],
    outputs: [makeValue('z', 'float32', ['N', WIDTH])],
    nodes: [makeNode('Mul', ['x', 'w'], ['y']), makeNode('Relu', ['y'], ['z'])],
    initializers: [tensorFrom('w', { type: 'float32', dims: [], data: Float32Array.of(weight) })],
  }));
}

const split: Split = {
  name: 'test',
  size: SAMPLES,
  labelled: false,
  read: (start, end) => split.gather(Array.from({ length: end - start }, (_, index) => start + index)),
  gather: (indices) => Promise.resolve({
    inputs: { x: { type: 'float32', dims: [indices.length, WIDTH], data: Float32Array.from({ length: indices.length * WIDTH }, (_, at) => Math.sin(at + 1)) } },
    start: indices[0] ?? 0,
    indices,
    size: indices.length,
  }),
};

const layers = [{ id: 'first', output: 'y' }, { id: 'second', output: 'z' }, { id: 'gone', output: 'nowhere' }];
const options = { samples: SAMPLES, batch: 8 };

describe('output errors', () => {
  it('finds none between a model and itself', async () => {
    const errors = await outputErrors(testRuntime, scaled(2), scaled(2), layers, split, options);
    assert.deepEqual([...errors.keys()], ['first', 'second']);
    for (const { sqnrDb, cosine } of errors.values()) {
      assert.equal(sqnrDb, 200);
      assert.ok(Math.abs(cosine - 1) < 1e-6);
    }
  });

  it('measures a relative error of 1 % as 40 dB', async () => {
    const errors = await outputErrors(testRuntime, scaled(1), scaled(1.01), layers, split, options);
    for (const { sqnrDb } of errors.values()) assert.ok(Math.abs(sqnrDb - 40) < 0.01, String(sqnrDb));
  });

  it('sees an inverted output', async () => {
    const errors = await outputErrors(testRuntime, scaled(1), scaled(-1), layers, split, options);
    const first = errors.get('first');
    assert.ok(first && Math.abs(first.cosine + 1) < 1e-6 && Math.abs(first.sqnrDb - 10 * Math.log10(1 / 4)) < 0.01);
  });
});
