// Gradients of reductions, cumulative sums and the loss operators.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, string } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import type { NdArray } from '../../../../src/engine/ports';
import { seededRandom } from '../../../../src/engine/random';
import { changed, seedArbitrary, shapeArbitrary } from '../../../support/gradientCases';
import { analyticGradients, checkAgainst, distinct, floats, int64s, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { cumulativeReference, folds, type LossCase, lossReference, product, reduceReference } from './reference/reduce';
import { sum } from './reference/tensors';

const numRuns = 15;

/** Axes omitted, empty or some of them, counted from either end. */
const reductions = shapeArbitrary(4).chain((shape) => fc.record({
  shape: fc.constant(shape),
  axes: fc.option(fc.subarray(shape.map((_, axis) => axis)).chain((axes) => fc.tuple(...axes.map((axis) => fc.constantFrom(axis, axis - shape.length))))),
  keep: fc.option(fc.boolean()),
  noop: fc.boolean(),
}));

describe('gradients: reductions', () => {
  for (const op of Object.keys(folds)) {
    it(`${op} over any axes`, () => fc.assert(fc.asyncProperty(reductions, seedArbitrary, async ({ shape, axes, keep, noop }, seed) => {
      const attributes: Record<string, Attribute> = { ...(keep !== null && { keepdims: int(keep ? 1 : 0) }), ...(noop && { noop_with_empty_axes: int(1) }) };
      const none = axes === null || axes.length === 0;
      const over = none ? (noop ? [] : shape.map((_, axis) => axis)) : axes.map((axis) => (axis + shape.length) % shape.length);
      const x = op === 'ReduceLogSum' ? uniform(shape, seed, 0.3, 2) : op === 'ReduceProd' ? uniform(shape, seed, -1.3, 1.3) : distinct(shape, seed);
      await checkAgainst({ op, attributes, inputs: [x, axes === null ? null : int64s([axes.length], axes)], by: [0] }, reduceReference(op, shape, over));
    }), { numRuns }));
  }

  it('without axes nothing is reduced when the attribute says so; squares, roots and logarithms are still taken', async () => {
    const shape = [2, 3];
    for (const op of Object.keys(folds)) {
      await checkAgainst({ op, attributes: { noop_with_empty_axes: int(1) }, inputs: [changed(distinct(shape, 3), op === 'ReduceLogSum' ? Math.abs : (value) => value)] }, reduceReference(op, shape, []));
    }
  });

  it('ReduceProd with zeros in a group: none, one, several', () => checkAgainst(
    { op: 'ReduceProd', inputs: [floats([3, 3], [1, 2, 3, 0, 2, 3, 0, 0, 3]), int64s([1], [1])], by: [0] }, reduceReference('ReduceProd', [3, 3], [1])));

  it('ReduceL2 passes nothing where all is 0', async () => {
    const found = await analyticGradients({ op: 'ReduceL2', inputs: [floats([2, 2], [0, 0, 3, 4]), int64s([1], [1])], by: [0] });
    assert.deepEqual(Array.from(found.get(0) ?? []).slice(0, 2), [0, 0]);
  });

  for (const op of ['ReduceMax', 'ReduceMin']) {
    it(`${op}: equal extremes share`, async () => {
      const found = await analyticGradients({ op, inputs: [floats([4, 2], [1, 1, 2, 2, 3, 3, 4, 4]), int64s([1], [1])], by: [0] });
      const whole = await analyticGradients({ op: 'Identity', inputs: [floats([4, 1], [0, 0, 0, 0])] });
      assert.deepEqual(Array.from(found.get(0) ?? []), Array.from(whole.get(0) ?? []).flatMap((value) => [value / 2, value / 2]));
    });
  }
});

describe('gradients: cumulative sums and products', () => {
  const cases = shapeArbitrary(3, 1).chain((shape) => fc.record({
    shape: fc.constant(shape), axis: fc.integer({ min: -shape.length, max: shape.length - 1 }), exclusive: fc.boolean(), reverse: fc.boolean(), seed: seedArbitrary,
  }));
  const check = async (op: string, fold: typeof sum, x: NdArray, { shape, axis, exclusive, reverse }: { shape: number[]; axis: number; exclusive: boolean; reverse: boolean }): Promise<void> => {
    const attributes = { exclusive: int(exclusive ? 1 : 0), reverse: int(reverse ? 1 : 0) };
    // CumProd is of opset 26.
    await checkAgainst({ op, opset: op === 'CumProd' ? 26 : 21, attributes, inputs: [x, int64s([], [axis])], by: [0] },
      cumulativeReference({ shape, axis: (axis + shape.length) % shape.length, exclusive, reverse, fold }));
  };

  it('CumSum in both directions, with and without the element itself', () => fc.assert(fc.asyncProperty(cases, (test) =>
    check('CumSum', sum, wholeNumbers(test.shape, test.seed), test)), { numRuns }));

  it('CumProd in both directions, with and without the element itself', () => fc.assert(fc.asyncProperty(cases, (test) =>
    check('CumProd', product, uniform(test.shape, test.seed, 0.5, 1.5), test)), { numRuns }));

  it('CumProd with zeros: none, one, several', () => fc.assert(fc.asyncProperty(cases, (test) =>
    check('CumProd', product, wholeNumbers(test.shape, test.seed, 1), test)), { numRuns: 40 }));
});

const lossCases: fc.Arbitrary<LossCase & { readonly seed: number; readonly small: boolean }> = fc.record({
  batch: fc.integer({ min: 1, max: 4 }), classes: fc.integer({ min: 2, max: 5 }), rest: shapeArbitrary(2), weighted: fc.boolean(), small: fc.boolean(),
  ignored: fc.constantFrom(undefined, 1, -100), reduction: fc.constantFrom('none', 'sum', 'mean'), seed: seedArbitrary,
}).map(({ batch, classes, rest, weighted, ignored, reduction, seed, small }) => {
  const random = seededRandom(seed);
  const samples = batch * rest.reduce((product, size) => product * size, 1);
  // The first target counts: a mean over nothing is no number.
  const targets = Array.from({ length: samples }, (_, sample) => (sample > 0 && ignored !== undefined && random() < 0.3 ? ignored : sample === 0 ? 0 : Math.floor(random() * classes)));
  return {
    shape: [batch, classes, ...rest], targets, ignored, reduction, seed, small,
    weights: weighted ? Array.from({ length: classes }, () => 0.5 + random()) : undefined,
  };
});

describe('gradients: loss operators', () => {
  const inputsOf = ({ shape, targets, weights, seed, small }: LossCase & { readonly seed: number; readonly small: boolean }): (ReturnType<typeof floats>)[] => {
    const dims = [shape[0] ?? 1, ...shape.slice(2)];
    const labels = small ? { type: 'int32' as const, dims, data: Int32Array.from(targets) } : int64s(dims, targets);
    return [uniform(shape, seed), labels, ...(weights === undefined ? [] : [floats([weights.length], weights)])];
  };
  const attributesOf = ({ ignored, reduction }: LossCase): Record<string, Attribute> => ({ reduction: string(reduction), ...(ignored !== undefined && { ignore_index: int(ignored) }) });
  const inFloat32 = (test: LossCase): LossCase => ({ ...test, ...(test.weights !== undefined && { weights: Array.from(Float32Array.from(test.weights)) }) });

  it('NegativeLogLikelihoodLoss', () => fc.assert(fc.asyncProperty(lossCases, async (test) => {
    await checkAgainst({ op: 'NegativeLogLikelihoodLoss', attributes: attributesOf(test), inputs: inputsOf(test), by: [0] }, lossReference(inFloat32(test), false));
  }), { numRuns: 40 }));

  it('SoftmaxCrossEntropyLoss, with log-probabilities as second output', () => fc.assert(fc.asyncProperty(lossCases, fc.constantFrom([0], [1], [0, 1], undefined), async (test, lossOutputs) => {
    await checkAgainst({
      op: 'SoftmaxCrossEntropyLoss', attributes: attributesOf(test), inputs: inputsOf(test), by: [0], outputs: lossOutputs === undefined ? 1 : 2,
      ...(lossOutputs !== undefined && { lossOutputs }),
    }, lossReference(inFloat32(test), true));
  }), { numRuns: 40 }));

  it('refuses a gradient of class weights', () => assert.rejects(
    analyticGradients({ op: 'NegativeLogLikelihoodLoss', inputs: [uniform([2, 3], 1), int64s([2], [0, 1]), changed(uniform([3], 2), Math.abs)], by: [0, 2] }),
    { code: 'gradientFormUnsupported' },
  ));
});
