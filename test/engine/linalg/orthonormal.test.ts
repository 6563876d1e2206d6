import assert from 'node:assert/strict';
import { beside, identity, leadingColumns, type Matrix, scaledColumns } from '../../../src/engine/linalg/matrix';
import { completed, orthonormalised } from '../../../src/engine/linalg/orthonormal';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { drawn, farthest } from '../../support/matrices';
import { testRuntime } from '../../support/passContext';

describe('orthonormal bases', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  const assertOrthonormal = async (basis: Matrix): Promise<void> => {
    assert.ok(farthest((await products.transposeMultiply(basis, basis)).data, identity(basis.columns).data) < 1e-13);
  };
  /** How far the columns of m are from the span of the basis. */
  const outside = async (basis: Matrix, m: Matrix): Promise<number> => {
    const { data } = await products.subtract(m, basis, await products.transposeMultiply(basis, m));
    return farthest(data, new Float64Array(data.length));
  };

  for (const [rows, columns] of [[1, 1], [40, 1], [40, 40], [300, 140]] as const) {
    it(`span what the columns span: ${rows} x ${columns}`, async () => {
      const m = drawn(rows, columns);
      const basis = await orthonormalised(m, products);
      assert.equal(basis.columns, columns);
      await assertOrthonormal(basis);
      assert.ok(await outside(basis, m) < 1e-12);
    });
  }

  it('hold where columns differ in length by 1e6, and where they nearly depend on each other', async () => {
    const m = drawn(100, 30);
    const uneven = scaledColumns(m, Float64Array.from({ length: 30 }, (_, index) => 10 ** (-index / 5)));
    const near = { ...m, data: m.data.map((value, index) => value * 1e-5 + (m.data[Math.floor(index / 30) * 30] ?? 0)) };
    for (const [name, of] of Object.entries({ uneven, near })) {
      const basis = await orthonormalised(of, products);
      assert.equal(basis.columns, 30, name);
      await assertOrthonormal(basis);
      assert.ok(await outside(basis, of) < 1e-10, name);
    }
  });

  it('have fewer columns where some depend on others, and none of nothing', async () => {
    const m = drawn(100, 20);
    const dependent = beside(m, await products.multiply(m, drawn(20, 15, 2)));
    const basis = await orthonormalised(dependent, products);
    assert.equal(basis.columns, 20);
    await assertOrthonormal(basis);
    assert.ok(await outside(basis, dependent) < 1e-6);
    assert.equal((await orthonormalised({ rows: 5, columns: 3, data: new Float64Array(15) }, products)).columns, 0);
  });

  it('are completed, what was there first', async () => {
    const basis = await orthonormalised(drawn(50, 10), products);
    for (const count of [10, 11, 50]) {
      const all = await completed(basis, count, products);
      assert.equal(all.columns, count);
      await assertOrthonormal(all);
      assert.ok(farthest(leadingColumns(all, 10).data, basis.data) < 1e-12, String(count));
    }
    await assertOrthonormal(await completed({ rows: 7, columns: 0, data: new Float64Array(0) }, 7, products));
  });
});
