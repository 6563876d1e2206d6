import assert from 'node:assert/strict';
import { symmetricEigen } from '../../../src/engine/linalg/eigen';
import { symmetricEigenvalues } from '../../../src/engine/linalg/eigenvalues';
import { identity, type Matrix, scaledColumns } from '../../../src/engine/linalg/matrix';
import { orthonormalised } from '../../../src/engine/linalg/orthonormal';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { drawn, farthest } from '../../support/matrices';
import { testRuntime } from '../../support/passContext';

/** Spectra by their value at a place among so many. */
const spectra: Readonly<Record<string, (index: number, size: number) => number>> = {
  'that fall slowly': (index, size) => size - index,
  'that fall fast': (index) => Math.exp(-index / 4),
  'with zeros': (index) => (index < 3 ? index + 1 : 0),
  'in two clusters': (index, size) => (index < size / 4 ? 2 : 1),
  'of both signs': (index) => (-1) ** index * (index + 1),
  'that are all the same': () => 3,
  'of nothing': () => 0,
};

describe('eigenvalues of symmetric matrices', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  const made = async (size: number, spectrum: (index: number, size: number) => number): Promise<{ m: Matrix; values: Float64Array }> => {
    const values = Float64Array.from({ length: size }, (_, index) => spectrum(index, size)).sort().reverse();
    const vectors = await orthonormalised(drawn(size, size, size), products);
    return { m: await products.multiply(scaledColumns(vectors, values), vectors, 'transposed'), values };
  };

  for (const [name, spectrum] of Object.entries(spectra)) {
    for (const size of [1, 2, 3, 17, 60]) {
      it(`${name} are found, falling, with orthonormal vectors: ${size} rows`, async () => {
        const { m, values } = await made(size, spectrum);
        const tolerance = 1e-13 * size * Math.max(1, Math.abs(values[0] ?? 0), Math.abs(values.at(-1) ?? 0));
        const eigen = symmetricEigen(m);
        assert.ok(farthest(eigen.values, values) < tolerance);
        assert.ok(farthest(symmetricEigenvalues(m), values) < tolerance);
        assert.ok(farthest((await products.transposeMultiply(eigen.vectors, eigen.vectors)).data, identity(size).data) < 1e-12);
        assert.ok(farthest((await products.multiply(scaledColumns(eigen.vectors, eigen.values), eigen.vectors, 'transposed')).data, m.data) < tolerance);
      });
    }
  }

  it('are the same with and without vectors where rounding is all there is', async () => {
    const x = drawn(150, 20);
    const gram = await products.multiply(x, x, 'transposed');
    const [alone, beside] = [symmetricEigenvalues(gram), symmetricEigen(gram).values];
    assert.ok(farthest(alone, beside) < 1e-12 * (beside[0] ?? 0));
    assert.ok(alone.slice(20).every((value) => Math.abs(value) < 1e-13 * (alone[0] ?? 0)));
  });

  for (const scale of [1e-200, 1e200]) {
    it(`scale with the matrix, to ${scale}`, async () => {
      const { m, values } = await made(20, (index) => index + 1);
      const scaled = symmetricEigenvalues({ ...m, data: m.data.map((value) => value * scale) });
      assert.ok(farthest(scaled.map((value) => value / scale), values) < 1e-11);
    });
  }

  it('of a matrix that is not finite are refused or not finite, and it ends', () => {
    const m: Matrix = { rows: 3, columns: 3, data: Float64Array.of(1, NaN, 0, NaN, 2, 1, 0, 1, 3) };
    let values: Float64Array | undefined;
    try {
      values = symmetricEigenvalues(m);
    } catch (error) {
      assert.match(String(error), /not finite/);
    }
    assert.ok(values === undefined || values.some(Number.isNaN));
  });
});
