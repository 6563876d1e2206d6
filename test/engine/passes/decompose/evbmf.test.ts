import assert from 'node:assert/strict';
import fc from 'fast-check';
import { singularValues } from '../../../../src/engine/linalg/svd';
import { type Matrix, normalMatrix } from '../../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../../src/engine/linalg/products';
import { evbmf } from '../../../../src/engine/passes/decompose/ranks/evbmf';
import { seededRandom } from '../../../../src/engine/random';
import { noisyLowRank, withSpectrum } from '../../../support/matrices';
import { testRuntime } from '../../../support/passContext';

describe('ranks by variational Bayes', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  const rankOf = async (m: Matrix, variance?: number): Promise<ReturnType<typeof evbmf>> => evbmf(await singularValues(m, products), m.rows, m.columns, variance);

  for (const ratio of [1, 2, 8]) {
    it(`are the true ones where the smallest signal is 1.3 times the edge of the noise: 1:${ratio}`, async () => {
      const drawnCase = fc.record({
        size: fc.integer({ min: 32, max: 96 }), share: fc.double({ min: 0.01, max: 1, noNaN: true }),
        noise: fc.double({ min: -6, max: 3, noNaN: true }), seed: fc.integer({ min: 1, max: 1e6 }), tall: fc.boolean(),
      });
      await fc.assert(fc.asyncProperty(drawnCase, async ({ size, share, noise, seed, tall }) => {
        // Square matrices have a rank below half their rows; from there on signals are told from noise by none.
        const rank = Math.max(1, Math.round(share * size * 0.45));
        const [rows, columns] = tall ? [size * ratio, size] : [size, size * ratio];
        const sigma = 10 ** noise;
        const m = await noisyLowRank({ rows, columns, rank, sigma, smallest: 1.3, seed }, products);
        const found = await rankOf(m);
        assert.equal(found.rank, rank);
        // The few values that are no signals tell it roughly only.
        assert.ok(Math.abs(Math.sqrt(found.variance) / sigma - 1) < 0.25, `noise ${Math.sqrt(found.variance)} for ${sigma}`);
        assert.equal((await rankOf(m, sigma ** 2)).rank, rank);
      }), { numRuns: 40 });
    });
  }

  it('are 0 for noise alone', async () => {
    for (let seed = 1; seed <= 20; seed += 1) assert.equal((await rankOf(normalMatrix(50, 50 * (1 + (seed % 3)), seededRandom(seed)))).rank, 0, `seed ${seed}`);
  });

  it('leave signals away that are below the edge', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const m = await noisyLowRank({ rows: 60, columns: 120, rank: 3, sigma: 1, smallest: 0.4, largest: 0.5, seed }, products);
      assert.equal((await rankOf(m)).rank, 0, `seed ${seed}`);
    }
  });

  it('scale with the values: the same rank, the variance by the square', async () => {
    const m = await noisyLowRank({ rows: 40, columns: 80, rank: 5, sigma: 1, smallest: 1.3, seed: 3 }, products);
    const singular = await singularValues(m, products);
    const [one, small] = [evbmf(singular, 40, 80), evbmf(singular.map((value) => value * 1e-8), 40, 80)];
    assert.equal(small.rank, one.rank);
    assert.ok(Math.abs(small.variance / (one.variance * 1e-16) - 1) < 1e-6);
  });

  it('are those of matrices without noise, and 0 for nothing', async () => {
    for (const rank of [1, 4, 12]) assert.equal((await rankOf(await withSpectrum(40, 90, Float64Array.from({ length: rank }, (_, index) => 1 + index), products))).rank, rank);
    assert.deepEqual(evbmf(new Float64Array(8), 8, 9), { rank: 0, variance: 0 });
    assert.equal(evbmf(Float64Array.of(2), 1, 1).rank, 0);
  });
});
