import assert from 'node:assert/strict';
import { inverseFactor } from '../../../src/engine/linalg/inverseFactor';
import type { Matrix } from '../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { seededRandom } from '../../../src/engine/random';
import { testRuntime } from '../../support/passContext';

describe('the factor of an inverse', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  const drawn = (rows: number, columns: number): Matrix => {
    const random = seededRandom(rows);
    return { rows, columns, data: Float64Array.from({ length: rows * columns }, () => random() - 0.5) };
  };

  for (const size of [1, 2, 7, 128, 129, 300, 515]) {
    it(`is upper triangular and inverts ${size} columns: U H Uᵀ is the identity`, async () => {
      const x = drawn(size, size + 20);
      const h = await products.multiply(x, x, 'transposed');
      const u = await inverseFactor(h, products);
      assert.ok(u);
      for (let row = 0; row < size; row += 1) for (let column = 0; column < row; column += 1) assert.equal(u.data[row * size + column], 0);
      const identity = await products.multiply(await products.multiply(u, h), u, 'transposed');
      identity.data.forEach((value, index) => assert.ok(Math.abs(value - (index % (size + 1) === 0 ? 1 : 0)) < 1e-9, `${value} at ${index}`));
    });
  }

  it('says when a matrix is not positive definite', async () => {
    assert.equal(await inverseFactor({ rows: 2, columns: 2, data: Float64Array.of(1, 2, 2, 1) }, products), undefined);
    const x = drawn(200, 150);
    const singular = await products.multiply(x, x, 'transposed');
    for (let index = 0; index < 200; index += 1) singular.data[index * 201] = (singular.data[index * 201] ?? 0) - 1e-3;
    assert.equal(await inverseFactor(singular, products), undefined);
  });
});
