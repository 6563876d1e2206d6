import assert from 'node:assert/strict';
import { solvePositive } from '../../../src/engine/linalg/solve';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { drawn, farthest } from '../../support/matrices';
import { testRuntime } from '../../support/passContext';

describe('equations with a positive definite matrix', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  for (const size of [1, 2, 30]) {
    it(`are solved for several right-hand sides: ${size} unknowns`, async () => {
      const x = drawn(size, size + 5);
      const a = await products.multiply(x, x, 'transposed');
      const expected = drawn(size, 4, 2);
      assert.ok(farthest(solvePositive(a, await products.multiply(a, expected)).data, expected.data) < 1e-8);
    });
  }

  it('are refused where the matrix is not positive definite', () => {
    const b = { rows: 2, columns: 1, data: Float64Array.of(1, 1) };
    assert.throws(() => solvePositive({ rows: 2, columns: 2, data: Float64Array.of(1, 2, 2, 1) }, b), /not positive definite/);
    assert.throws(() => solvePositive({ rows: 2, columns: 2, data: new Float64Array(4) }, b), /not positive definite/);
  });
});
