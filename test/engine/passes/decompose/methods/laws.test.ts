// What holds for every method and every shape: exactness at full rank, recovery of kernels of known rank, answers to odd kernels.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Method, methods } from '../../../../../src/engine/passes/decompose/factors';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods';
import type { KernelShape } from '../../../../../src/engine/passes/decompose/methods/method';
import { drawnKernel, errorOf, kernelOfFactors, products, taskOf } from './kernels';

/** Matrices, and kernels of one to three axes, some only 1 long. */
const shape: fc.Arbitrary<KernelShape> = fc.record({
  outputs: fc.integer({ min: 1, max: 7 }),
  inputs: fc.integer({ min: 1, max: 6 }),
  kernel: fc.oneof(fc.constant<number[]>([]), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })),
});
const seed = fc.integer({ min: 1, max: 1e6 });

/** Only shapes that the method takes. */
function shapeFor(method: Method): fc.Arbitrary<KernelShape> {
  return shape.filter((drawn) => methodTable[method].refusal(drawn) === undefined);
}

describe('methods of decomposition', () => {
  after(() => products.release());

  for (const method of methods) {
    const record = methodTable[method];

    it(`${method} reproduces any kernel at full rank and takes no rank above it`, async () => {
      await fc.assert(fc.asyncProperty(shapeFor(method), seed, async (drawn, from) => {
        const kernel = drawnKernel(drawn, from);
        const full = record.fullRanks(drawn);
        const { factors, weightError } = await record.factorize(taskOf(kernel), full);
        assert.ok(errorOf(kernel, factors) < 1e-6, `${errorOf(kernel, factors)}`);
        assert.ok(weightError < 1e-6);
        await assert.rejects(record.factorize(taskOf(kernel), full.map((rank) => rank + 1)), /no ranks/);
      }), { numRuns: 60 });
    });

    it(`${method} gives factors of the shapes it announces, and the error they have`, async () => {
      await fc.assert(fc.asyncProperty(shapeFor(method), seed, fc.double({ min: 0, max: 1, noNaN: true }), async (drawn, from, share) => {
        const kernel = drawnKernel(drawn, from);
        const ranks = record.fullRanks(drawn).map((full) => 1 + Math.floor(share * (full - 1)));
        assert.equal(ranks.length, record.modes.length);
        const { factors, weightError } = await record.factorize(taskOf(kernel), ranks);
        const seen = factors.map(({ kernel: { outputs, inputs, kernel: lengths, data }, isDepthwise, axes }) => {
          assert.equal(data.length, lengths.reduce((all, one) => all * one, outputs * inputs));
          return { outputs, inputs, kernel: lengths, isDepthwise, axes };
        });
        assert.deepEqual(seen, record.shapes(drawn, ranks));
        // Every spatial axis is taken over exactly once.
        assert.deepEqual(factors.flatMap(({ axes }) => axes).sort(), drawn.kernel.map((_, axis) => axis));
        assert.ok(Math.abs(errorOf(kernel, factors) - weightError) < 1e-9);
        assert.ok(weightError < 1);
      }), { numRuns: 60 });
    });

    it(`${method} answers for a kernel of zeros with zeros`, async () => {
      const zeros = { outputs: 4, inputs: 3, kernel: method === 'svd' ? [] : [3, 3], data: new Float64Array(method === 'svd' ? 12 : 108) };
      const ranks = record.fullRanks(zeros).map(() => 2);
      const { factors, weightError } = await record.factorize(taskOf(zeros), ranks);
      assert.equal(weightError, 0);
      assert.ok(factors.every(({ kernel }) => kernel.data.every((value) => value === 0)));
      for (const spectrum of await record.spectra(taskOf(zeros))) assert.ok(spectrum.every((value) => value === 0));
    });

    it(`${method} gives the same numbers again for the same draws`, async () => {
      const kernel = drawnKernel({ outputs: 6, inputs: 5, kernel: [3, 3] }, 3);
      const ranks = record.fullRanks(kernel).map(() => 3);
      assert.deepEqual(await record.factorize(taskOf(kernel), ranks), await record.factorize(taskOf(kernel), ranks));
    });
  }

  const known: readonly [Method, KernelShape, number[], number][] = [
    ['svd', { outputs: 40, inputs: 30, kernel: [] }, [7], 1e-6],
    ['svd', { outputs: 20, inputs: 12, kernel: [3, 3] }, [5], 1e-6],
    ['spatial', { outputs: 20, inputs: 12, kernel: [3, 3] }, [6], 1e-6],
    ['spatial', { outputs: 1, inputs: 1, kernel: [5, 5] }, [2], 1e-6],
    ['spatial', { outputs: 6, inputs: 4, kernel: [3, 3, 3] }, [4], 1e-6],
    ['tucker', { outputs: 24, inputs: 16, kernel: [3, 3] }, [5, 7], 1e-6],
    ['tucker', { outputs: 12, inputs: 9, kernel: [5] }, [3, 4], 1e-6],
    ['tucker', { outputs: 9, inputs: 8, kernel: [2, 3, 2] }, [3, 4], 1e-6],
    ['cp', { outputs: 16, inputs: 12, kernel: [3, 3] }, [4], 1e-4],
    ['cp', { outputs: 12, inputs: 14, kernel: [5] }, [6], 1e-4],
    ['cp', { outputs: 8, inputs: 9, kernel: [3, 2, 3] }, [5], 1e-4],
    ['cp', { outputs: 30, inputs: 20, kernel: [3, 3] }, [12], 1e-4],
  ];
  for (const [method, drawn, ranks, limit] of known) {
    it(`${method} recovers ${drawn.outputs} x ${drawn.inputs} x [${drawn.kernel.join(', ')}] of rank ${ranks.join(', ')}`, async () => {
      for (let from = 1; from <= 5; from += 1) {
        const kernel = kernelOfFactors(methodTable[method].shapes(drawn, ranks), 100 * from);
        const { factors } = await methodTable[method].factorize(taskOf(kernel), ranks);
        assert.ok(errorOf(kernel, factors) < limit, `${errorOf(kernel, factors)} from seed ${from}`);
      }
    });
  }

  it('tell by name which kernels they can do nothing for', () => {
    const why = (method: Method, outputs: number, inputs: number, kernel: readonly number[]): string | undefined => methodTable[method].refusal({ outputs, inputs, kernel });
    for (const method of ['spatial', 'tucker', 'cp'] as const) {
      assert.equal(why(method, 8, 8, [1, 1]), 'why.onePlace');
      assert.equal(why(method, 8, 8, []), 'why.onePlace');
    }
    assert.equal(why('spatial', 8, 8, [3]), 'why.oneAxis');
    assert.equal(why('spatial', 8, 8, [1, 5]), 'why.oneAxis');
    for (const method of ['svd', 'tucker', 'cp'] as const) assert.equal(why(method, 1, 1, [3, 3]), 'why.channelAlone');
    assert.equal(why('spatial', 1, 1, [3, 3]), undefined);
    assert.equal(why('svd', 1, 1, []), undefined);
    for (const method of methods) assert.equal(why(method, 8, 3, [3, 3]), undefined);
  });

  it('take no ranks below 1, no halves and not too few of them', async () => {
    const task = taskOf(drawnKernel({ outputs: 4, inputs: 4, kernel: [3, 3] }, 1));
    for (const ranks of [[0, 1], [1.5, 2], [2], [Number.NaN, 1]]) await assert.rejects(methodTable.tucker.factorize(task, ranks), /no ranks/);
    await assert.rejects(methodTable.spatial.factorize(taskOf(drawnKernel({ outputs: 4, inputs: 4, kernel: [3] }, 1)), [1]), /why\.oneAxis/);
  });
});
