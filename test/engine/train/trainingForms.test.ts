// Training forms where BatchNormalization is used in unusual ways: shared by two layers, or fed a single value a channel.

import assert from 'node:assert/strict';
import { int } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Model } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { testRuntime } from '../../support/passContext';

const MOMENTUM = 0.9;

/** x [N, 2] -> BatchNormalization -> times 3 -> the same BatchNormalization -> Gemm. */
function twice(): Model {
  const floats = (name: string, dims: readonly number[], values: readonly number[]): ReturnType<typeof tensorFrom> => tensorFrom(name, { type: 'float32', dims, data: Float32Array.from(values) });
  const norm = ['scale', 'shift', 'mean', 'variance'];
  return makeModel(makeGraph({
    nodes: [
      makeNode('Gemm', ['x', 'identity'], ['first'], { transB: int(1) }),
      makeNode('BatchNormalization', ['first', ...norm], ['normal'], {}, { name: 'norm' }),
      makeNode('Gemm', ['normal', 'triple'], ['second'], { transB: int(1) }),
      makeNode('BatchNormalization', ['second', ...norm], ['y'], {}, { name: 'norm again' }),
    ],
    inputs: [makeValue('x', 'float32', ['N', 2])],
    outputs: [makeValue('y', 'float32', ['N', 2])],
    initializers: [
      floats('identity', [2, 2], [1, 0, 0, 1]), floats('triple', [2, 2], [3, 0, 0, 3]), floats('scale', [2], [1, 1]), floats('shift', [2], [5, 5]),
      floats('mean', [2], [0, 0]), floats('variance', [2], [1, 1]),
    ],
  }));
}

const prepared = (batch: number): ReturnType<typeof prepareTraining> => prepareTraining(twice(), { batch, dims: {}, isFrozen: () => false, batchNorm: 'train' });

describe('BatchNormalization while training', () => {
  it('that two layers share moves its running averages twice, one after the other', async () => {
    const { model, statistics } = await prepared(4);
    assert.deepEqual(statistics.map(({ running }) => running), ['mean', 'variance']);
    const outputs = statistics.map(({ update }) => makeValue(update, 'float32', null));
    const session = await testRuntime.createSession({ ...model, graph: { ...model.graph, outputs } }, { threads: 1 });
    // Means 2.5 and 0, variances 1.25 and 4; unbiased 5/3 and 16/3.
    const results = await session.run({ x: { type: 'float32', dims: [4, 2], data: Float32Array.of(1, -2, 2, 2, 3, 2, 4, -2) } });
    await session.release();
    const found = statistics.map(({ update }) => Array.from(results[update]?.data as Float32Array));
    const moved = (start: number, first: number, second: number): number => MOMENTUM * (MOMENTUM * start + (1 - MOMENTUM) * first) + (1 - MOMENTUM) * second;
    // Behind the first: mean 5, variance 1 (short of epsilon). Times 3: mean 15, variance 9, unbiased 12.
    const expected = [[moved(0, 2.5, 15), moved(0, 0, 15)], [moved(1, 5 / 3, 12), moved(1, 16 / 3, 12)]];
    found.flat().forEach((value, at) => { assert.ok(Math.abs(value - (expected.flat()[at] ?? NaN)) < 1e-4, `${found.join(' | ')} for ${expected.join(' | ')}`); });
  });

  it('is refused where one value is all a channel gets, naming the node', async () => {
    await assert.rejects(prepared(1), { code: 'batchNormOneValue', params: { node: 'norm', batch: 1 } });
  });
});

describe('Dropout while training', () => {
  /** x [N, 2] -> Gemm -> Dropout, which names its mask. */
  const withMask = (outputs: readonly string[]): Model => {
    const floats = (name: string, dims: readonly number[], values: readonly number[]): ReturnType<typeof tensorFrom> => tensorFrom(name, { type: 'float32', dims, data: Float32Array.from(values) });
    return makeModel(makeGraph({
      nodes: [makeNode('Gemm', ['x', 'w'], ['h']), makeNode('Dropout', ['h', 'ratio'], ['y', 'mask'])],
      inputs: [makeValue('x', 'float32', ['N', 2])],
      outputs: outputs.map((name) => makeValue(name, name === 'mask' ? 'bool' : 'float32', ['N', 2])),
      initializers: [floats('w', [2, 2], [1, 0, 0, 1]), floats('ratio', [], [0.5])],
    }));
  };
  const seedOf = async (outputs: readonly string[]): Promise<string | undefined> =>
    (await prepareTraining(withMask(outputs), { batch: 4, dims: {}, isFrozen: () => false, batchNorm: 'train' })).seedInput;

  it('drops where its mask has a name that nothing uses', async () => {
    assert.equal(await seedOf(['y']), 'train/seed');
  });

  it('stays as it is where its mask is used', async () => {
    assert.equal(await seedOf(['y', 'mask']), undefined);
  });
});
