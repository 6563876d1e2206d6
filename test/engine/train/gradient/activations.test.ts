// Gradients of activation functions: values on both sides of every kink, none within a difference's step of one.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, string } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import { broadcastArbitrary, seedArbitrary, shapeArbitrary } from '../../../support/gradientCases';
import { analyticGradients, checkAgainst, distinct, floats, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { activationCases, softmax } from './reference/activations';
import { broadcastReference, unaryReference } from './reference/elementwise';
import { mapped } from './reference/tensors';

const attributesOf = (given: Readonly<Record<string, number | string>>): Record<string, Attribute> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === 'number' ? float(value) : string(value)]));

describe('gradients: activations', () => {
  for (const { op, attributes, map, opset } of activationCases) {
    it(`${op} ${JSON.stringify(attributes)}`, () => fc.assert(fc.asyncProperty(shapeArbitrary(), seedArbitrary, fc.constantFrom(0.13, 0.29, 0.41), async (dims, seed, gap) => {
      await checkAgainst({ op, attributes: attributesOf(attributes), inputs: [distinct(dims, seed, gap)], ...(opset !== undefined && { opset }) }, unaryReference(map));
    }), { numRuns: 12 }));
  }

  it('PRelu with a slope that broadcasts', () => fc.assert(fc.asyncProperty(broadcastArbitrary(2), seedArbitrary, async ({ shape, inputs }, seed) => {
    // Unidirectional: x has the whole shape.
    const slope = inputs[0] === shape ? (inputs[1] ?? []) : (inputs[0] ?? []);
    await checkAgainst({ op: 'PRelu', inputs: [distinct(shape, seed), uniform(slope, seed + 1)] }, broadcastReference(shape, [shape, slope], (x, s) => (x >= 0 ? x : s * x)));
  }), { numRuns: 25 }));

  it('nothing is NaN or infinite far from 0', async () => {
    const x = floats([8], [-1e4, -200, -40, -12, 12, 40, 200, 1e4]);
    for (const { op, attributes, opset } of activationCases) {
      const found = await analyticGradients({ op, attributes: attributesOf(attributes), inputs: [x], ...(opset !== undefined && { opset }) });
      const gradient = found.get(0);
      assert.ok(gradient?.every(Number.isFinite), `${op} ${JSON.stringify(attributes)}: ${gradient?.join()}`);
    }
  });

  it('Relu passes nothing at 0', async () => {
    const found = await analyticGradients({ op: 'Relu', inputs: [floats([3], [0, -0, 0])] });
    assert.ok(found.get(0)?.every((value) => value === 0));
  });
});

describe('gradients: softmax', () => {
  const cases = shapeArbitrary(4, 1).chain((dims) => fc.record({ dims: fc.constant(dims), axis: fc.option(fc.integer({ min: -dims.length, max: dims.length - 1 })) }));
  for (const [op, change] of [['Softmax', softmax], ['LogSoftmax', (values: readonly number[]) => softmax(values).map(Math.log)]] as const) {
    it(`${op} along any axis`, () => fc.assert(fc.asyncProperty(cases, seedArbitrary, async ({ dims, axis }, seed) => {
      const from = axis === null ? dims.length - 1 : (axis + dims.length) % dims.length;
      await checkAgainst({ op, attributes: axis === null ? {} : { axis: int(axis) }, inputs: [uniform(dims, seed)] }, ([x]) => [mapped(x as Float64Array, dims, [from], change)]);
    }), { numRuns: 20 }));
  }

  it('SwiGLU is refused by name', async () => {
    await assert.rejects(analyticGradients({ op: 'SwiGLU', inputs: [wholeNumbers([2], 1), wholeNumbers([2], 2)], opset: 28 }));
  });
});
