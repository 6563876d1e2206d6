// Gradients of normalizations. Values are spread, four or more a group: the results of one or two are constant
// but for rounding, and close ones lose digits in float32.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, ints } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import type { NdArray } from '../../../../src/engine/ports';
import { seedArbitrary, shapeArbitrary } from '../../../support/gradientCases';
import { analyticGradients, checkAgainst, distinct, floats, uniform } from '../../../support/gradientCheck';
import { groupReference, lastAxesReference, localResponseReference, lpReference, meanVarianceReference } from './reference/normalization';

const numRuns = 25;
const shifted = (array: NdArray, by: number): NdArray => ({ ...array, data: Float32Array.from(array.data as Float32Array, (value) => value + by) });

/** Normalized axes from `axis` on; the last is at least 4. */
const lastAxes = shapeArbitrary(4, 1).chain((shape) => fc.record({
  shape: fc.constant([...shape.slice(0, -1), (shape.at(-1) ?? 1) + 3]), axis: fc.option(fc.integer({ min: 0, max: shape.length - 1 })), fromEnd: fc.boolean(),
  epsilon: fc.constantFrom(undefined, 0.1), withBias: fc.boolean(), seed: seedArbitrary,
}));

function attributesOf(shape: readonly number[], axis: number | null, fromEnd: boolean, epsilon: number | undefined): Record<string, Attribute> {
  return { ...(axis !== null && { axis: int(fromEnd ? axis - shape.length : axis) }), ...(epsilon !== undefined && { epsilon: float(epsilon) }) };
}

describe('gradients: layer normalization', () => {
  it('LayerNormalization from any axis, with and without bias', () => fc.assert(fc.asyncProperty(lastAxes, async ({ shape, axis, fromEnd, epsilon, withBias, seed }) => {
    const first = axis ?? shape.length - 1;
    const inner = shape.slice(first);
    const inputs = [shifted(distinct(shape, seed), 0.7), uniform(inner, seed + 1), ...(withBias ? [uniform(inner, seed + 2)] : [])];
    await checkAgainst({ op: 'LayerNormalization', attributes: attributesOf(shape, axis, fromEnd, epsilon), inputs },
      lastAxesReference({ shape, axis: first, epsilon: epsilon ?? 1e-5, scaleShape: inner, ...(withBias && { biasShape: inner }), centred: true }));
  }), { numRuns }));

  for (const scaleShape of [[], [1], [4], [3, 1], [1, 3, 4], [2, 1, 4], [2, 3, 4]]) {
    it(`a scale of shape [${scaleShape.join()}] for [2,3,4] normalized from axis 1`, async () => {
      const shape = [2, 3, 4];
      const [x, scale] = [distinct(shape, 1), uniform(scaleShape, 2)];
      const expected = { shape, axis: 1, epsilon: 1e-5, scaleShape };
      await checkAgainst({ op: 'LayerNormalization', attributes: { axis: int(1) }, inputs: [x, scale, uniform(scaleShape, 3)] }, lastAxesReference({ ...expected, biasShape: scaleShape, centred: true }));
      await checkAgainst({ op: 'LayerNormalization', attributes: { axis: int(1) }, inputs: [x, scale, uniform([4], 3)] }, lastAxesReference({ ...expected, biasShape: [4], centred: true }));
      await checkAgainst({ op: 'RMSNormalization', opset: 23, attributes: { axis: int(1) }, inputs: [x, scale] }, lastAxesReference({ ...expected, centred: false }));
    });
  }

  it('uses mean and deviation where the node gives them already', () => checkAgainst({ op: 'LayerNormalization', outputs: 3, lossOutputs: [0], inputs: [uniform([3, 5], 1), uniform([5], 2), uniform([5], 3)] },
    lastAxesReference({ shape: [3, 5], axis: 1, epsilon: 1e-5, scaleShape: [5], biasShape: [5], centred: true })));

  it('refuses gradients through the mean', () => assert.rejects(
    analyticGradients({ op: 'LayerNormalization', outputs: 3, lossOutputs: [0, 1], inputs: [uniform([3, 5], 1), uniform([5], 2)] }), { code: 'gradientFormUnsupported' }));

  it('is exact for values far from 0', () => checkAgainst({ op: 'LayerNormalization', inputs: [shifted(uniform([2, 8], 4), 30), uniform([8], 5), uniform([8], 6)] },
    lastAxesReference({ shape: [2, 8], axis: 1, epsilon: 1e-5, scaleShape: [8], biasShape: [8], centred: true })));

  it('RMSNormalization from any axis', () => fc.assert(fc.asyncProperty(lastAxes, async ({ shape, axis, fromEnd, epsilon, seed }) => {
    const first = axis ?? shape.length - 1;
    const inner = shape.slice(first);
    await checkAgainst({ op: 'RMSNormalization', opset: 23, attributes: attributesOf(shape, axis, fromEnd, epsilon), inputs: [distinct(shape, seed), uniform(inner, seed + 1)] },
      lastAxesReference({ shape, axis: first, epsilon: epsilon ?? 1e-5, scaleShape: inner, centred: false }));
  }), { numRuns }));
});

describe('gradients: channel normalization', () => {
  const cases = fc.record({
    batch: fc.integer({ min: 1, max: 3 }), groups: fc.integer({ min: 1, max: 3 }), size: fc.integer({ min: 1, max: 3 }),
    rest: fc.constantFrom([4], [5], [2, 2], [2, 3], [4, 2], [1, 4]), epsilon: fc.constantFrom(undefined, 0.1), seed: seedArbitrary,
  });
  const inputsOf = (shape: readonly number[], channels: number, seed: number): NdArray[] => [shifted(distinct(shape, seed), 0.4), uniform([channels], seed + 1), uniform([channels], seed + 2)];

  it('GroupNormalization', () => fc.assert(fc.asyncProperty(cases, async ({ batch, groups, size, rest, epsilon, seed }) => {
    const shape = [batch, groups * size, ...rest];
    await checkAgainst({ op: 'GroupNormalization', attributes: { num_groups: int(groups), ...(epsilon !== undefined && { epsilon: float(epsilon) }) }, inputs: inputsOf(shape, groups * size, seed) },
      groupReference(shape, groups, epsilon ?? 1e-5));
  }), { numRuns }));

  it('InstanceNormalization', () => fc.assert(fc.asyncProperty(cases, async ({ batch, size, rest, epsilon, seed }) => {
    const shape = [batch, size, ...rest];
    await checkAgainst({ op: 'InstanceNormalization', attributes: epsilon === undefined ? {} : { epsilon: float(epsilon) }, inputs: inputsOf(shape, size, seed) },
      groupReference(shape, size, epsilon ?? 1e-5));
  }), { numRuns }));
});

describe('gradients: other normalizations', () => {
  const withAxis = shapeArbitrary(3, 1).chain((shape) => fc.record({ shape: fc.constant(shape), axis: fc.option(fc.integer({ min: -shape.length, max: shape.length - 1 })) }));
  for (const p of [undefined, 1, 2]) {
    it(`LpNormalization p=${p ?? 'default'}`, () => fc.assert(fc.asyncProperty(withAxis, seedArbitrary, async ({ shape, axis }, seed) => {
      const from = axis === null ? shape.length - 1 : (axis + shape.length) % shape.length;
      await checkAgainst({ op: 'LpNormalization', attributes: { ...(axis !== null && { axis: int(axis) }), ...(p !== undefined && { p: int(p) }) }, inputs: [distinct(shape, seed)] },
        lpReference(shape, from, p ?? 2));
    }), { numRuns }));
  }

  it('LpNormalization passes nothing where all is 0', async () => {
    const found = await analyticGradients({ op: 'LpNormalization', inputs: [floats([2, 2], [0, 0, 3, 4])] });
    assert.deepEqual(Array.from(found.get(0) ?? []).slice(0, 2).map(Math.abs), [0, 0]);
  });

  // onnxruntime's kernel takes images and odd windows only.
  it('LRN with windows of any size', () => fc.assert(fc.asyncProperty(shapeArbitrary(4, 4), fc.constantFrom(1, 3, 5), fc.boolean(), seedArbitrary, async (shape, size, given, seed) => {
    const numbers = given ? { alpha: 0.4, beta: 0.6, bias: 1.5 } : { alpha: 1e-4, beta: 0.75, bias: 1 };
    const attributes = { size: int(size), ...(given && { alpha: float(numbers.alpha), beta: float(numbers.beta), bias: float(numbers.bias) }) };
    await checkAgainst({ op: 'LRN', attributes, inputs: [uniform(shape, seed)] }, localResponseReference(shape, { size, ...numbers }));
  }), { numRuns }));

  it('MeanVarianceNormalization over any axes', () => fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 2, max: 3 }), { minLength: 4, maxLength: 4 }), fc.constantFrom(undefined, [0, 2, 3], [2, 3], [0, 1, 2, 3]), seedArbitrary, async (shape, axes, seed) => {
    await checkAgainst({ op: 'MeanVarianceNormalization', attributes: axes === undefined ? {} : { axes: ints(axes) }, inputs: [distinct(shape, seed)] },
      meanVarianceReference(shape, axes ?? [0, 2, 3]));
  }), { numRuns }));
});
