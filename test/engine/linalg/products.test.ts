import assert from 'node:assert/strict';
import { identity, type Matrix, narrowed, transposed, widened } from '../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { drawn, farthest } from '../../support/matrices';
import { testRuntime } from '../../support/passContext';

function written({ rows, columns, data }: Matrix, b: Matrix): Float64Array {
  const product = new Float64Array(rows * b.columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < b.columns; column += 1) {
      for (let k = 0; k < columns; k += 1) product[row * b.columns + column] = (product[row * b.columns + column] ?? 0) + (data[row * columns + k] ?? 0) * (b.data[k * b.columns + column] ?? 0);
    }
  }
  return product;
}

describe('products of matrices', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  // The first three are done here, the last two by onnxruntime.
  for (const [rows, inner, columns] of [[1, 1, 1], [3, 5, 2], [32, 32, 32], [33, 32, 32], [70, 41, 130]] as const) {
    it(`are those written out, in every form: ${rows} x ${inner} by ${inner} x ${columns}`, async () => {
      const a = drawn(rows, inner);
      const b = drawn(inner, columns, 2);
      const c = drawn(rows, columns, 3);
      const expected = written(a, b);
      const rest = c.data.map((value, index) => value - (expected[index] ?? 0));
      for (const product of [await products.multiply(a, b), await products.multiply(a, transposed(b), 'transposed'), await products.transposeMultiply(transposed(a), b)]) {
        assert.deepEqual([product.rows, product.columns], [rows, columns]);
        assert.ok(farthest(product.data, expected) < 1e-13);
      }
      assert.ok(farthest((await products.subtract(c, a, b)).data, rest) < 1e-13);
      assert.ok(farthest((await products.subtract(c, a, transposed(b), 'transposed')).data, rest) < 1e-13);
      for (const product of [await products.multiplyNarrow(narrowed(a), narrowed(b)), await products.transposeMultiplyNarrow(narrowed(transposed(a)), narrowed(b))]) {
        assert.deepEqual([product.rows, product.columns], [rows, columns]);
        assert.ok(farthest(widened(product).data, expected) < 1e-4);
      }
    });
  }

  it('with nothing to add up are zero', async () => {
    assert.deepEqual([...(await products.multiply({ rows: 2, columns: 0, data: new Float64Array(0) }, { rows: 0, columns: 1, data: new Float64Array(0) })).data], [0, 0]);
  });

  it('leave a matrix alone when the other is the identity', async () => {
    const a = drawn(60, 50);
    assert.deepEqual((await products.multiply(a, identity(50))).data, a.data);
  });
});
