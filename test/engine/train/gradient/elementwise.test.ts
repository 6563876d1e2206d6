// Gradients of arithmetic and elementary functions.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { NdArray } from '../../../../src/engine/ports';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { broadcastArbitrary, changed, seedArbitrary, shapeArbitrary } from '../../../support/gradientCases';
import { analyticGradients, checkAgainst, checkLinear, distinct, floats, int64s, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';
import { broadcastReference, unaryCases, unaryReference } from './reference/elementwise';
import { at } from './reference/tensors';

const numRuns = 20;
const bools = (dims: readonly number[], seed: number): NdArray => ({ type: 'bool', dims, data: Uint8Array.from(wholeNumbers(dims, seed).data as Float32Array, (value) => (value > 0 ? 1 : 0)) });
const off = (array: NdArray, by: number): NdArray => changed(array, (value) => value + by);
const gradientAt = async (...[test]: Parameters<typeof analyticGradients>): Promise<number[][]> => {
  const found = await analyticGradients(test);
  return [...found.values()].map((gradient) => Array.from(gradient ?? []));
};

describe('gradients: arithmetic', () => {
  for (const op of ['Add', 'Sub', 'Mul']) {
    it(`${op} with broadcasting`, () => fc.assert(fc.asyncProperty(broadcastArbitrary(2), seedArbitrary, async ({ inputs: [a = [], b = []] }, seed) => {
      await checkLinear({ op, inputs: [wholeNumbers(a, seed), wholeNumbers(b, seed + 1)] });
    }), { numRuns }));
  }

  for (const op of ['Sum', 'Mean']) {
    it(`${op} of any number of inputs`, () => fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }).chain((count) => broadcastArbitrary(count)), seedArbitrary, async ({ inputs }, seed) => {
      await checkLinear({ op, inputs: inputs.map((dims, position) => wholeNumbers(dims, seed + position)) });
    }), { numRuns }));
  }

  it('Div with broadcasting', () => fc.assert(fc.asyncProperty(broadcastArbitrary(2), seedArbitrary, async ({ shape, inputs: [a = [], b = []] }, seed) => {
    await checkAgainst({ op: 'Div', inputs: [uniform(a, seed), uniform(b, seed + 1, 0.5, 2)] }, broadcastReference(shape, [a, b], (x, y) => x / y));
  }), { numRuns }));

  it('Mod of floats with broadcasting', () => fc.assert(fc.asyncProperty(broadcastArbitrary(2), seedArbitrary, async ({ shape, inputs: [a = [], b = []] }, seed) => {
    // Quotients away from whole numbers: a is k b + something around b / 2, for one b.
    const divisor = changed(wholeNumbers(b, seed + 1), () => (seed % 2 === 0 ? 1.5 : -1.5));
    const dividend = changed(wholeNumbers(a, seed), (value) => value * 1.5 + (value < 0 ? -0.6 : 0.6));
    await checkAgainst({ op: 'Mod', attributes: { fmod: int(1) }, inputs: [dividend, divisor] }, broadcastReference(shape, [a, b], (x, y) => x % y));
  }), { numRuns }));

  it('Neg, Identity and Abs', () => fc.assert(fc.asyncProperty(shapeArbitrary(), seedArbitrary, async (dims, seed) => {
    await checkLinear({ op: 'Neg', inputs: [wholeNumbers(dims, seed)] });
    await checkLinear({ op: 'Identity', inputs: [wholeNumbers(dims, seed)] });
    await checkAgainst({ op: 'Abs', inputs: [distinct(dims, seed)] }, unaryReference(Math.abs));
  }), { numRuns }));
});

describe('gradients: elementary functions', () => {
  for (const [op, { map, domain }] of Object.entries(unaryCases)) {
    it(op, () => fc.assert(fc.asyncProperty(shapeArbitrary(), seedArbitrary, async (dims, seed) => {
      await checkAgainst({ op, inputs: [uniform(dims, seed, ...domain)] }, unaryReference(map));
    }), { numRuns: 10 }));
  }
});

describe('gradients: powers', () => {
  it('variable base and exponent with broadcasting', () => fc.assert(fc.asyncProperty(broadcastArbitrary(2), seedArbitrary, async ({ shape, inputs: [a = [], b = []] }, seed) => {
    await checkAgainst({ op: 'Pow', inputs: [uniform(a, seed, 0.3, 2), uniform(b, seed + 1)] }, broadcastReference(shape, [a, b], Math.pow));
  }), { numRuns }));

  for (const exponent of [-2, -1, 0, 0.5, 1, 1.7, 2, 3, 4]) {
    it(`constant exponent ${exponent}`, () => fc.assert(fc.asyncProperty(shapeArbitrary(), seedArbitrary, async (dims, seed) => {
      const x = uniform(dims, seed, Number.isInteger(exponent) && exponent > 0 ? -2 : 0.5, 2);
      await checkAgainst({ op: 'Pow', inputs: [x, floats([], [exponent])], by: [0] }, broadcastReference(dims, [dims, []], Math.pow));
    }), { numRuns: 5 }));
  }

  it('whole-number exponents of another type, not all equal', async () => {
    const dims = [2, 3];
    await checkAgainst({ op: 'Pow', inputs: [uniform(dims, 4), int64s([3], [0, 2, 3])], by: [0] }, broadcastReference(dims, [dims, [3]], Math.pow));
  });

  it('is finite at 0: exponents 0, 1 and 2', async () => {
    const x = floats([3], [0, 0, 0]);
    const p = floats([3], [0, 1, 2]);
    const [byBase = [], byExponent = []] = await gradientAt({ op: 'Pow', inputs: [x, p] });
    assert.ok(byExponent.every((value) => value === 0), `dL/dp at 0: ${byExponent.join()}`);
    const [whole = []] = await gradientAt({ op: 'Identity', inputs: [x] });
    assert.deepEqual(byBase.map(Math.abs), [0, Math.abs(whole[1] ?? NaN), 0]);
  });
});

describe('gradients: min, max, clip', () => {
  for (const [op, fold] of [['Max', Math.max], ['Min', Math.min]] as const) {
    it(`${op} of any number of inputs`, () => fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }).chain((count) => broadcastArbitrary(count)), seedArbitrary, async ({ shape, inputs }, seed) => {
      // A step of its own for each input: no two inputs have equal elements.
      const arrays = inputs.map((dims, position) => off(distinct(dims, seed + position), position * 0.03));
      await checkAgainst({ op, inputs: arrays }, broadcastReference(shape, inputs, fold));
    }), { numRuns }));

    it(`${op}: of equal inputs the first gets the gradient`, async () => {
      const same = wholeNumbers([4], 3);
      for (const count of [2, 3]) {
        const [first = [], ...others] = await gradientAt({ op, inputs: Array.from({ length: count }, () => same) });
        const [whole = []] = await gradientAt({ op: 'Identity', inputs: [same] });
        assert.deepEqual(first, whole);
        for (const other of others) assert.ok(other.every((value) => value === 0));
      }
    });
  }

  it('Clip, with gradients of its bounds', () => fc.assert(fc.asyncProperty(shapeArbitrary(), seedArbitrary, fc.constantFrom([-0.5, 0.7], [0, undefined], [undefined, 0.3], [undefined, undefined], [0.5, -0.6]), async (dims, seed, [low, high]) => {
    const x = distinct(dims, seed, 0.1);
    const bound = (value: number | undefined): NdArray | null => (value === undefined ? null : floats([], [value]));
    await checkAgainst({ op: 'Clip', inputs: [x, bound(low), bound(high)] }, ([data, lower, upper]) =>
      [(data as Float64Array).map((value) => Math.min(Math.max(value, low === undefined ? -Infinity : at(lower as Float64Array, 0)), high === undefined ? Infinity : at(upper as Float64Array, 0)))]);
  }), { numRuns }));
});

describe('gradients: choice and casts', () => {
  it('Where with broadcasting of all three', () => fc.assert(fc.asyncProperty(broadcastArbitrary(3), seedArbitrary, async ({ inputs: [condition = [], a = [], b = []] }, seed) => {
    await checkLinear({ op: 'Where', inputs: [bools(condition, seed), wholeNumbers(a, seed + 1), wholeNumbers(b, seed + 2)] });
  }), { numRuns }));

  it('CastLike', () => checkLinear({ op: 'CastLike', inputs: [wholeNumbers([2, 3], 1), wholeNumbers([1], 2)], by: [0] }));

  it('Cast to the same type', () => checkLinear({ op: 'Cast', attributes: { to: int(1) }, inputs: [wholeNumbers([2, 3], 1)] }));

  it('there and back through float64 and float16', async () => {
    for (const wire of [11, 10]) await checkCastChain(wire);
  });

  it('nothing comes back through an integer', async () => {
    await assert.rejects(checkCastChain(7), { code: 'parametersDetached' });
  });
});

/** float32 to the type of `wire` and back. */
async function checkCastChain(wire: number): Promise<void> {
  const x = wholeNumbers([3], 5);
  const model = makeModel(makeGraph({
    nodes: [
      makeNode('Cast', ['x'], ['other'], { to: int(wire) }), makeNode('Cast', ['other'], ['back'], { to: int(1) }),
      makeNode('LeakyRelu', ['back'], ['y'], { alpha: float(0.5) }), makeNode('ReduceSum', ['y'], ['loss'], { keepdims: int(0) }),
    ],
    inputs: [makeValue('x', 'float32', [3])],
    outputs: [],
  }), { '': 21 }, 10);
  const { model: trained, gradients } = await differentiate(model, 'loss', ['x']);
  const name = gradients.get('x') ?? '';
  trained.graph.outputs.push(makeValue(name, 'float32', null));
  const session = await testRuntime.createSession(trained, { threads: 1 });
  try {
    const found = (await session.run({ x }))[name];
    assert.equal(found?.type, 'float32');
    assert.deepEqual(Array.from(found.data as Float32Array), Array.from(x.data as Float32Array, (value) => (value > 0 ? 1 : 0.5)));
  } finally {
    await session.release();
  }
}
