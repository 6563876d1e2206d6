import assert from 'node:assert/strict';
import { beside, columnNorms, leadingColumns, type Matrix, normalMatrix, part, scaledColumns, squaredNorm, transposed } from '../../../src/engine/linalg/matrix';
import { seededRandom } from '../../../src/engine/random';

const matrix = (...rows: readonly (readonly number[])[]): Matrix => ({ rows: rows.length, columns: rows[0]?.length ?? 0, data: Float64Array.from(rows.flat()) });

describe('matrices', () => {
  const m = matrix([1, 2, 3], [4, 5, 6]);

  it('are transposed, also beyond a tile', () => {
    assert.deepEqual(transposed(m), matrix([1, 4], [2, 5], [3, 6]));
    const large: Matrix = { rows: 33, columns: 70, data: Float64Array.from({ length: 33 * 70 }, (_, index) => index) };
    assert.equal(transposed(large).data[69 * 33 + 32], 32 * 70 + 69);
    assert.deepEqual(transposed(transposed(large)), large);
  });

  it('are cut and put side by side', () => {
    assert.deepEqual(part(m, 1, 2, 0, 2), matrix([4, 5]));
    assert.deepEqual(beside(leadingColumns(m, 1), part(m, 0, 2, 1, 3)), m);
  });

  it('have columns that can be scaled and measured', () => {
    assert.deepEqual(scaledColumns(m, [2, 0, -1]), matrix([2, 0, -3], [8, 0, -6]));
    assert.deepEqual([...columnNorms(matrix([3, 0], [4, 0]))], [5, 0]);
    assert.equal(squaredNorm(m), 91);
  });

  it('are drawn from the standard normal distribution, the same for a seed', () => {
    const { data } = normalMatrix(301, 101, seededRandom(7));
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    // Four standard errors: 1 and sqrt(2) over the root of 30,401.
    assert.ok(Math.abs(mean) < 0.023 && Math.abs(variance - 1) < 0.033, `${mean} ${variance}`);
    assert.ok(data.every((value) => value !== 0));
    assert.deepEqual(normalMatrix(301, 101, seededRandom(7)).data, data);
  });
});
