import assert from 'node:assert/strict';
import fc from 'fast-check';
import { columnNorms, identity, leadingColumns, type Matrix, scaledColumns, squaredNorm, transposed } from '../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { leftSingular, singularValues, type TruncatedSvd, truncatedSvd } from '../../../src/engine/linalg/svd';
import { seededRandom } from '../../../src/engine/random';
import { drawn, farthest, withSpectrum } from '../../support/matrices';
import { testRuntime } from '../../support/passContext';

describe('singular values', () => {
  const products = matrixProducts(testRuntime, 2);
  after(() => products.release());

  const assertOrthonormal = async (m: Matrix): Promise<void> => {
    const distance = farthest((await products.transposeMultiply(m, m)).data, identity(m.columns).data);
    assert.ok(distance < 1e-12, `orthonormal but for ${distance}`);
  };
  /** Frobenius norm of what the approximation misses. */
  const error = async (m: Matrix, { u, values, v }: TruncatedSvd): Promise<number> => Math.sqrt(squaredNorm(await products.subtract(m, scaledColumns(u, values), v, 'transposed')));
  const approximated = (m: Matrix, rank: number, seed = 1): Promise<TruncatedSvd> => truncatedSvd(m, rank, products, seededRandom(seed));
  const tail = (values: Float64Array, rank: number): number => Math.sqrt(values.slice(rank).reduce((sum, value) => sum + value ** 2, 0));

  const shape = fc.record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 1, max: 40 }), seed: fc.integer({ min: 1, max: 1e6 }) });

  it('come with vectors that give the matrix back at full rank', async () => {
    await fc.assert(fc.asyncProperty(shape, async ({ rows, columns, seed }) => {
      const m = drawn(rows, columns, seed);
      const full = await approximated(m, Math.min(rows, columns));
      await assertOrthonormal(full.u);
      assert.deepEqual([full.u.rows, full.v.rows, full.v.columns], [rows, columns, full.values.length]);
      assert.ok(await error(m, full) < 1e-10);
    }), { numRuns: 60 });
  });

  it('are those that the matrix was made with, and the error of a rank is that of Eckart and Young', async () => {
    await fc.assert(fc.asyncProperty(shape, fc.double({ min: 0, max: 1, noNaN: true }), async ({ rows, columns, seed }, share) => {
      const count = Math.min(rows, columns);
      const values = Float64Array.from({ length: count }, (_, index) => 2 ** (-index / 3));
      const m = await withSpectrum(rows, columns, values, products, seed);
      assert.ok(farthest(await singularValues(m, products), values) < 1e-7);
      const rank = Math.max(1, Math.round(share * count));
      const found = await approximated(m, rank);
      assert.ok(farthest(found.values, values.subarray(0, rank)) < 1e-7);
      assert.ok(Math.abs(await error(m, found) - tail(values, rank)) < 1e-10);
    }), { numRuns: 60 });
  });

  for (const [rows, columns] of [[20, 90], [90, 20], [30, 30]] as const) {
    it(`have left vectors that are orthonormal also where values are zero: ${rows} x ${columns}`, async () => {
      for (const rank of [1, 7, 19]) {
        const m = await withSpectrum(rows, columns, Float64Array.from({ length: rank }, (_, index) => rank - index), products, rank);
        const { values, vectors } = await leftSingular(m, products);
        assert.deepEqual([vectors.rows, vectors.columns, values.length], [rows, Math.min(rows, columns), Math.min(rows, columns)]);
        await assertOrthonormal(vectors);
        // What they map to is as long as the values say, and the first hold the whole matrix.
        const lengths = columnNorms(await products.transposeMultiply(m, vectors));
        assert.ok(farthest(lengths, values) < 1e-6);
        const kept = leadingColumns(vectors, rank);
        const missed = await products.subtract(m, kept, await products.transposeMultiply(kept, m));
        assert.ok(Math.sqrt(squaredNorm(missed)) < 1e-10);
      }
    });
  }

  it('of nothing are zero, and of a rank beyond that of the matrix nothing is added', async () => {
    const nothing: Matrix = { rows: 4, columns: 6, data: new Float64Array(24) };
    assert.deepEqual([...await singularValues(nothing, products)], [0, 0, 0, 0]);
    const found = await approximated(nothing, 3);
    await assertOrthonormal(found.u);
    assert.deepEqual([...found.values], [0, 0, 0]);
    assert.ok(found.v.data.every((value) => value === 0));
    await assertOrthonormal((await leftSingular(transposed(nothing), products)).vectors);
  });

  describe('of large matrices, by a sketch', () => {
    it('give a known low rank back to within rounding, also where more is wanted', async () => {
      const m = await withSpectrum(700, 500, Float64Array.from({ length: 30 }, (_, index) => 3 ** (-index / 4)), products);
      for (const rank of [30, 50]) {
        const found = await approximated(m, rank);
        assert.equal(found.u.columns, rank);
        await assertOrthonormal(found.u);
        assert.ok(await error(m, found) < 1e-10, `rank ${rank}`);
      }
    });

    const spectra = { 'Gaussian': undefined, 'like 1/sqrt(i)': (index: number) => (index + 1) ** -0.5, 'like 1/i': (index: number) => 1 / (index + 1), 'like exp(-i/20)': (index: number) => Math.exp(-index / 20) };
    for (const [name, spectrum] of Object.entries(spectra)) {
      it(`miss at most a hundredth more than the best of the rank: ${name}`, async () => {
        for (const [rows, columns, rank] of [[520, 640, 64], [640, 520, 20]] as const) {
          const m = spectrum === undefined ? drawn(rows, columns) : await withSpectrum(rows, columns, Float64Array.from({ length: 520 }, (_, index) => spectrum(index)), products);
          const best = tail(await singularValues(m, products), rank);
          const found = await approximated(m, rank);
          await assertOrthonormal(found.u);
          const missed = await error(m, found);
          assert.ok(missed <= 1.01 * best, `${missed / best} times the least at rank ${rank}`);
        }
      });
    }

    it('are the same for the same seed, and hardly others for another', async () => {
      const m = drawn(400, 500);
      const [first, again, other] = [await approximated(m, 10, 5), await approximated(m, 10, 5), await approximated(m, 10, 6)];
      assert.deepEqual(again.u.data, first.u.data);
      assert.deepEqual(again.v.data, first.v.data);
      assert.notDeepEqual(other.u.data, first.u.data);
    });
  });
});
