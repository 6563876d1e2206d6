// Refitting behind decomposition: the last factor of every kind of layer gets the numbers back that it lost.

import assert from 'node:assert/strict';
import { int, ints } from '../../../../src/engine/ir/attributes';
import { cloneModel } from '../../../../src/engine/ir/clone';
import type { Model } from '../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import { matrixProducts } from '../../../../src/engine/linalg/products';
import type { Method } from '../../../../src/engine/passes/decompose/factors';
import { methodTable } from '../../../../src/engine/passes/decompose/methods/index';
import { everythingKept } from '../../../../src/engine/passes/refit/kept';
import { refit } from '../../../../src/engine/passes/refit/refit';
import { seededRandom } from '../../../../src/engine/random';
import { testRuntime } from '../../../support/passContext';
import { decomposed } from '../decompose/surgery/surgerySupport';
import { contextFor, floats, node, samples, small } from '../quantize/staticSupport';
import { differs } from './refitSupport';

/** The model with a factor of noise in the place of the last one of its only layer. */
async function spoiled(model: Model, method: Method, ranks: readonly number[]): Promise<Model> {
  const products = matrixProducts(testRuntime, 1);
  const { model: result } = await decomposed(model, async (kernel) => (await methodTable[method].factorize({ kernel, products, random: seededRandom(1) }, ranks)).factors);
  await products.release();
  const last = [...result.graph.initializers].findLast(([name]) => name.includes('/factor'));
  assert.ok(last !== undefined);
  result.graph.initializers.set(last[0], tensorFrom(last[0], floats(last[1].dims, 9)));
  return result;
}

/** Rows that are sums of few: [rows, columns] of rank `rank`. */
function lowRank(rows: number, columns: number, rank: number): ReturnType<typeof floats> {
  const [a, b] = [floats([rows, rank], 4), floats([rank, columns], 5)];
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let inner = 0; inner < rank; inner += 1) sum += (a.data[Math.floor(at / columns) * rank + inner] ?? NaN) * (b.data[inner * columns + (at % columns)] ?? NaN);
    return sum;
  });
  return { type: 'float32', dims: [rows, columns], data };
}

describe('refitting gives the last factor back what it lost', () => {
  const cases: readonly (readonly [string, Model, readonly number[], Method, readonly number[]])[] = [
    ['svd of MatMul', small({ nodes: [node('MatMul', ['x', 'w'], ['y'])], constants: { w: lowRank(6, 5, 2) }, shape: ['N', 3, 6] }), [3, 6], 'svd', [2]],
    ['svd of Gemm', small({ nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB: int(1) })], constants: { w: lowRank(5, 6, 2), b: floats([5], 2) }, shape: ['N', 6] }), [6], 'svd', [2]],
    ['svd of an embedding', small({
      nodes: [node('Abs', ['x'], ['a']), node('Mul', ['a', 'size'], ['m']), node('Cast', ['m'], ['ids'], { to: int(7) }), node('Gather', ['table', 'ids'], ['y'])],
      constants: { size: { type: 'float32', dims: [], data: Float32Array.of(20) }, table: lowRank(21, 6, 2) }, shape: ['N', 9],
    }), [9], 'svd', [2]],
    ['tucker of a strided convolution', small({
      nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { strides: ints([2, 1]), pads: ints([1, 0, 0, 2]) })],
      constants: { w: { ...lowRank(5, 36, 3), dims: [5, 4, 3, 3] }, b: floats([5], 2) }, shape: ['N', 4, 8, 8],
    }), [4, 8, 8], 'tucker', [4, 3]],
    ['channel svd of groups', small({
      nodes: [node('Conv', ['x', 'w'], ['y'], { group: int(2) })], constants: { w: { ...lowRank(8, 18, 2), dims: [8, 2, 3, 3] } }, shape: ['N', 4, 6, 6],
    }), [4, 6, 6], 'svd', [2]],
    ['spatial of a kernel of one channel', small({
      nodes: [node('Conv', ['x', 'w'], ['y'], { pads: ints([1, 1, 1, 1]) })], constants: { w: { ...lowRank(3, 3, 1), dims: [1, 1, 3, 3] } }, shape: ['N', 1, 6, 6],
    }), [1, 6, 6], 'spatial', [1]],
  ];
  for (const [title, model, shape, method, ranks] of cases) {
    it(title, async () => {
      const smaller = await spoiled(model, method, ranks);
      assert.ok(await differs(model, smaller, shape) > 0.1);
      const given = cloneModel(smaller);
      const data = samples(48, shape);
      const split = data.splits.get('train');
      assert.ok(split !== undefined);
      const { model: fitted, layers, left } = await refit({ original: model, smaller, kept: everythingKept, split, samples: 48, activity: 'progress.decomposing', damping: 1e-9 }, contextFor(model, data));
      assert.deepEqual([layers.map(({ id }) => id), left], [['y'], 0]);
      assert.ok(await differs(model, fitted, shape) < 1e-4);
      // What was handed over is as it was.
      for (const [name, tensor] of given.graph.initializers) assert.deepEqual(await readTensor(smaller.graph.initializers.get(name) ?? tensor), await readTensor(tensor));
    });
  }
});
