// Gradients of BatchNormalization, frozen and through the statistics of the batch, against float64.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeValue } from '../../../../src/engine/ir/build';
import { elementCount } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import type { NdArray } from '../../../../src/engine/ports';
import { trainingBatchNorm } from '../../../../src/engine/train/batchStatistics';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { GraphBuilder } from '../../../../src/engine/train/graphBuilder';
import { assertClose, checkAgainst, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';
import { batchStatistics, normalize } from './reference/batchNormalization';

const dims = fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 }))
  .map(([batch, channels, space]) => [batch, channels, ...space]);
/**
 * Two values a channel are normalised to -1 and 1 wherever they lie: their gradient is the difference of two equal
 * numbers, of which float32 keeps no digit where the values are close. Four do not fall together.
 */
const severalValues = dims.filter(([batch = 1, , ...space]) => batch * elementCount(space) >= 4);
const epsilon = fc.constantFrom(1e-5, 1e-3);

describe('gradients: BatchNormalization', () => {
  it('frozen: an affine map of x, with gradients of all five inputs', async () => {
    await fc.assert(fc.asyncProperty(dims, epsilon, fc.integer({ min: 0, max: 999 }), async (shape, eps, seed) => {
      const channels = [shape[1] as number];
      await checkAgainst({
        op: 'BatchNormalization', attributes: { epsilon: float(eps) },
        inputs: [uniform(shape, seed), uniform(channels, seed + 1), uniform(channels, seed + 2), uniform(channels, seed + 3), uniform(channels, seed + 4, 0.3, 2)],
      }, (inputs) => [normalize(shape, eps, inputs)]);
    }), { numRuns: 25 });
  }).timeout(60_000);

  it('through the statistics of the batch, with an offset that cancels', async () => {
    await fc.assert(fc.asyncProperty(severalValues, epsilon, fc.integer({ min: 0, max: 999 }), fc.constantFrom(0, 10), async (shape, eps, seed, offset) => {
      const channels = [shape[1] as number];
      await checkBatch(shape, eps, [uniform(shape, seed, offset - 2, offset + 2), uniform(channels, seed + 1, 0.5, 2), uniform(channels, seed + 2)]);
    }), { numRuns: 25 });
  }).timeout(60_000);

  it('keeps the digits of the variance where the mean is large', async () => {
    const shape = [8, 2, 8, 8];
    const x = uniform(shape, 5, 999, 1001);
    const { statistics } = await run(shape, 1e-5, [x, uniform([2], 1), uniform([2], 2)]);
    const expected = batchStatistics(shape, Float64Array.from(x.data as Float32Array));
    assertClose(expected.variance, statistics.variance, 1e-4, 'variance');
    assertClose(expected.mean, statistics.mean, 1e-6, 'mean');
  });
});

type Operands = readonly [x: NdArray, scale: NdArray, bias: NdArray];
const names = ['x', 'scale', 'bias'] as const;

interface Results {
  readonly y: Float32Array;
  readonly statistics: { readonly mean: Float32Array; readonly variance: Float32Array };
  readonly gradients: readonly Float32Array[];
  readonly weights: Float32Array;
}

/** Runs the normalization and the gradient of a weighted sum of its result. */
async function run(shape: readonly number[], eps: number, operands: Operands): Promise<Results> {
  const weights = wholeNumbers(shape, 77);
  const graph = makeGraph({
    nodes: [], outputs: [], initializers: [tensorFrom('weights', weights)],
    inputs: names.map((name, index) => makeValue(name, 'float32', operands[index]?.dims ?? [])),
  });
  const build = new GraphBuilder(graph);
  const { y, mean, variance } = trainingBatchNorm(build, { x: 'x', scale: 'scale', bias: 'bias', epsilon: eps, shape });
  const loss = build.node('ReduceSum', [build.mul(y, 'weights')], { keepdims: { kind: 'int', value: 0n } });
  const { model, gradients } = await differentiate(makeModel(graph), loss, names);
  const wanted = [y, mean, variance, ...names.map((name) => gradients.get(name) ?? '')];
  const session = await testRuntime.createSession({ ...model, graph: { ...model.graph, outputs: wanted.map((name) => makeValue(name, 'float32', null)) } }, { threads: 1 });
  try {
    const found = await session.run(Object.fromEntries(names.map((name, index) => [name, operands[index] as NdArray])));
    const at = (index: number): Float32Array => found[wanted[index] ?? '']?.data as Float32Array;
    return { y: at(0), statistics: { mean: at(1), variance: at(2) }, gradients: [at(3), at(4), at(5)], weights: weights.data as Float32Array };
  } finally {
    await session.release();
  }
}

async function checkBatch(shape: readonly number[], eps: number, operands: Operands): Promise<void> {
  const { y, gradients, weights } = await run(shape, eps, operands);
  const values = operands.map(({ data }) => Float64Array.from(data as Float32Array));
  const forward = (inputs: readonly Float64Array[]): Float64Array => {
    const { mean, variance } = batchStatistics(shape, inputs[0] as Float64Array);
    return normalize(shape, eps, [...inputs, mean, variance]);
  };
  assertClose(forward(values), y, 1e-4, 'y');
  const loss = (inputs: readonly Float64Array[]): number => forward(inputs).reduce((sum, value, index) => sum + value * (weights[index] as number), 0);
  values.forEach((array, position) => {
    assert.equal(array.length, elementCount(operands[position]?.dims ?? []));
    const expected = array.map((value, element) => {
      const h = 1e-5;
      const moved = (delta: number): number => loss(values.map((other, index) => (index === position ? other.map((old, place) => (place === element ? value + delta : old)) : other)));
      return (moved(h) - moved(-h)) / (2 * h);
    });
    // A mean that is large against the spread costs digits of x itself: 1e-4 of what float32 holds.
    assertClose(expected, gradients[position], 2e-4, `dL/d${names[position] ?? ''}`);
  });
}
