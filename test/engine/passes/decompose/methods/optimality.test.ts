// How good factors are: the laws of least squares with and without the covariance of the inputs, and what sweeps gain.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Matrix } from '../../../../../src/engine/linalg/matrix';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods';
import type { FactorTask } from '../../../../../src/engine/passes/decompose/methods/method';
import { drawnCovariance, drawnKernel, errorOf, products, seenError, taskOf } from './kernels';

const tail = (spectrum: Float64Array, rank: number): number => Math.sqrt(spectrum.subarray(rank).reduce((sum, value) => sum + value * value, 0));
const shape = fc.record({ outputs: fc.integer({ min: 2, max: 9 }), inputs: fc.integer({ min: 2, max: 5 }), kernel: fc.constantFrom([], [2], [3, 2]) });
const seed = fc.integer({ min: 1, max: 1e6 });
const columnsOf = ({ kernel }: FactorTask): number => kernel.data.length / kernel.outputs;

describe('the least error', () => {
  after(() => products.release());

  it('svd misses the tail of the spectrum at every rank, spatial too', async () => {
    await fc.assert(fc.asyncProperty(shape, seed, async (drawn, from) => {
      for (const method of ['svd', 'spatial'] as const) {
        const record = methodTable[method];
        if (record.refusal(drawn)) continue;
        const task = taskOf(drawnKernel(drawn, from));
        const [spectrum] = await record.spectra(task);
        const whole = tail(spectrum as Float64Array, 0);
        const full = record.fullRanks(drawn)[0] as number;
        assert.equal(spectrum?.length, full);
        for (let rank = 1; rank < full; rank += 1) {
          const { weightError } = await record.factorize(task, [rank]);
          assert.ok(Math.abs(weightError - tail(spectrum, rank) / whole) < 1e-7);
        }
      }
    }), { numRuns: 40 });
  });

  it('svd that knows the inputs misses the tail of the weighted spectrum, and never more than plain svd', async () => {
    await fc.assert(fc.asyncProperty(shape, seed, fc.constantFrom(3, 200), async (drawn, from, samples) => {
      const kernel = drawnKernel(drawn, from);
      const plain = taskOf(kernel);
      // Three samples leave most directions unseen: a singular covariance.
      const aware = taskOf(kernel, await drawnCovariance(columnsOf(plain), samples, from));
      const [spectrum] = await methodTable.svd.spectra(aware);
      const whole = tail(spectrum as Float64Array, 0) ** 2;
      for (let rank = 1; rank <= (methodTable.svd.fullRanks(drawn)[0] as number); rank += 1) {
        const made = await methodTable.svd.factorize(aware, [rank]);
        const error = await seenError(aware, made.factors);
        assert.ok(Math.abs(error - tail(spectrum as Float64Array, rank) ** 2) < 1e-6 * whole, `${error} at rank ${rank}`);
        assert.ok(error <= await seenError(aware, (await methodTable.svd.factorize(plain, [rank])).factors) + 1e-6 * whole);
      }
      const full = await methodTable.svd.factorize(aware, methodTable.svd.fullRanks(drawn));
      assert.ok(full.weightError < 1e-6, 'whatever the inputs, nothing is lost at full rank');
    }), { numRuns: 40 });
  });

  it('svd takes the variances of the columns alone, as for rows of an embedding', async () => {
    const kernel = drawnKernel({ outputs: 6, inputs: 50, kernel: [] }, 5);
    const variances = Float64Array.from({ length: 50 }, (_, index) => 1 / (1 + index));
    const diagonal: Matrix = { rows: 50, columns: 50, data: new Float64Array(2500) };
    variances.forEach((value, index) => void (diagonal.data[index * 51] = value));
    const short = await methodTable.svd.factorize(taskOf(kernel, { rows: 50, columns: 1, data: variances }), [3]);
    const long = await methodTable.svd.factorize(taskOf(kernel, diagonal), [3]);
    short.factors.forEach(({ kernel: { data } }, index) => data.forEach((value, at) => assert.ok(Math.abs(value - (long.factors[index]?.kernel.data[at] as number)) < 1e-9)));
  });

  for (const method of ['spatial', 'cp'] as const) {
    it(`${method} that knows the inputs makes the last factor the best for the others`, async () => {
      await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 6 }), seed, fc.constantFrom(3, 200), async (inputs, from, samples) => {
        const kernel = drawnKernel({ outputs: 6, inputs, kernel: [3, 2] }, from);
        const plain = taskOf(kernel);
        const aware = taskOf(kernel, await drawnCovariance(columnsOf(plain), samples, from));
        const [known, unknown] = [await methodTable[method].factorize(aware, [3]), await methodTable[method].factorize(plain, [3])];
        const [error, before] = [await seenError(aware, known.factors), await seenError(aware, unknown.factors)];
        assert.ok(error < before, `${error} against ${before}`);
        assert.ok(known.weightError >= unknown.weightError * (1 - 1e-9), 'it pays with weights that inputs do not use');
      }), { numRuns: 20 });
    });
  }

  it('tucker that knows the inputs misses less of what the layer puts out', async () => {
    let [better, all] = [0, 0];
    for (let from = 1; from <= 20; from += 1) {
      const kernel = drawnKernel({ outputs: 12, inputs: 8, kernel: [3, 3] }, from);
      const aware = taskOf(kernel, await drawnCovariance(72, from % 2 ? 20 : 400, from));
      const known = await methodTable.tucker.factorize(aware, [4, 5]);
      const unknown = await methodTable.tucker.factorize(taskOf(kernel), [4, 5]);
      all += 1;
      if (await seenError(aware, known.factors) < await seenError(aware, unknown.factors)) better += 1;
    }
    assert.equal(better, all);
  });

  it('tucker sweeps: less than the cut of each mode alone, more than the tail of either', async () => {
    await fc.assert(fc.asyncProperty(seed, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }), async (from, fewInputs, fewOutputs) => {
      const task = taskOf(drawnKernel({ outputs: 10, inputs: 8, kernel: [3, 3] }, from));
      const [inputs, outputs] = await methodTable.tucker.spectra(task) as [Float64Array, Float64Array];
      const { weightError, factors } = await methodTable.tucker.factorize(task, [fewInputs, fewOutputs]);
      const missed = weightError * tail(inputs, 0);
      const [byInputs, byOutputs] = [tail(inputs, fewInputs), tail(outputs, fewOutputs)];
      assert.ok(missed <= Math.hypot(byInputs, byOutputs) + 1e-9);
      assert.ok(missed >= Math.max(byInputs, byOutputs) - 1e-9);
      assert.ok(errorOf(task.kernel, factors) <= 1);
    }), { numRuns: 30 });
  });

  it('cp throws fits away whose components cancel each other', async () => {
    // a∘a∘b + a∘b∘a + b∘a∘a has rank 3, and fits of rank 2 that come as close as one likes while their components grow without
    // bound (de Silva and Lim 2008).
    const [a, b] = [[1, 0], [0, 1]] as const;
    const data = new Float64Array(8);
    for (const [x, y, z] of [[a, a, b], [a, b, a], [b, a, a]] as const) {
      for (let at = 0; at < 8; at += 1) data[at] = (data[at] as number) + (x[at >> 2] as number) * (y[(at >> 1) & 1] as number) * (z[at & 1] as number);
    }
    const { components, weightError } = await methodTable.cp.factorize(taskOf({ outputs: 2, inputs: 2, kernel: [2], data }), [2]);
    assert.ok(Math.hypot(...(components ?? [])) < 10 * Math.sqrt(3));
    assert.ok(weightError < 0.3, `${weightError}`);
  });
});
