import assert from 'node:assert/strict';
import type { Matrix } from '../../../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { quota } from '../../../../../src/engine/passes/prune/weights/select';
import { sparseGpt } from '../../../../../src/engine/passes/prune/weights/sparseGpt';
import { seededRandom } from '../../../../../src/engine/random';
import { testRuntime } from '../../../../support/passContext';

/** The algorithm of the paper word for word, one column at a time, with the inverse by Gauss and its factor by Cholesky. */
function reference(weights: Matrix, gram: Matrix, share: number, blockSize: number): Float64Array {
  const { rows, columns } = weights;
  const mean = Array.from({ length: columns }, (_, index) => gram.data[index * columns + index] ?? 0).reduce((sum, value) => sum + value / columns, 0);
  const h = Array.from({ length: columns }, (_, row) => Array.from({ length: columns }, (_unused, column) => (gram.data[row * columns + column] ?? 0) + (row === column ? 0.01 * mean : 0)));
  const upper = transposed(cholesky(inverse(h)));
  const w = Array.from({ length: rows }, (_, row) => [...weights.data.subarray(row * columns, (row + 1) * columns)]);
  const at = (matrix: number[][], row: number, column: number): number => matrix[row]?.[column] ?? NaN;
  const mask = new Set<string>();
  const next = quota(share);
  for (let column = 0; column < columns; column += 1) {
    if (column % blockSize === 0) {
      const end = Math.min(column + blockSize, columns);
      const scored = w.flatMap((row, index) => row.slice(column, end).map((value, offset) => ({ key: `${index} ${column + offset}`, score: (value / at(upper, column + offset, column + offset)) ** 2 })));
      const gone = next(scored.length);
      scored.sort((one, other) => one.score - other.score).slice(0, gone).forEach(({ key }) => mask.add(key));
    }
    for (const [index, row] of w.entries()) {
      if (!mask.has(`${index} ${column}`)) continue;
      const error = (row[column] ?? 0) / at(upper, column, column);
      for (let later = column; later < columns; later += 1) row[later] = (row[later] ?? 0) - error * at(upper, column, later);
      row[column] = 0;
    }
  }
  return Float64Array.from(w.flat());
}

function inverse(matrix: number[][]): number[][] {
  const size = matrix.length;
  const work = matrix.map((row, index) => [...row, ...row.map((_, column) => (index === column ? 1 : 0))]);
  for (let pivot = 0; pivot < size; pivot += 1) {
    const row = work[pivot] as number[];
    const by = row[pivot] as number;
    work[pivot] = row.map((value) => value / by);
    for (let other = 0; other < size; other += 1) {
      const factor = other === pivot ? 0 : (work[other]?.[pivot] as number);
      if (factor !== 0) work[other] = (work[other] as number[]).map((value, column) => value - factor * (work[pivot]?.[column] as number));
    }
  }
  return work.map((row) => row.slice(size));
}

function cholesky(matrix: number[][]): number[][] {
  const lower = matrix.map((row) => row.map(() => 0));
  for (const [row, values] of matrix.entries()) {
    for (let column = 0; column <= row; column += 1) {
      let sum = values[column] as number;
      for (let k = 0; k < column; k += 1) sum -= (lower[row]?.[k] as number) * (lower[column]?.[k] as number);
      (lower[row] as number[])[column] = row === column ? Math.sqrt(sum) : sum / (lower[column]?.[column] as number);
    }
  }
  return lower;
}

function transposed(matrix: number[][]): number[][] {
  return matrix.map((row, index) => row.map((_, column) => matrix[column]?.[index] as number));
}

describe('SparseGPT', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  /** Inputs that hang together, as activations do. */
  async function problem(rows: number, columns: number): Promise<{ readonly weights: Matrix; readonly gram: Matrix }> {
    const random = seededRandom(columns);
    const drawn = (count: number): Float64Array => Float64Array.from({ length: count }, () => random() - 0.4);
    const mixed = await products.multiply({ rows: columns, columns: 40, data: drawn(columns * 40) }, { rows: 40, columns: 400, data: drawn(40 * 400) });
    const noise = drawn(mixed.data.length);
    mixed.data.forEach((value, index) => { mixed.data[index] = value + (noise[index] as number); });
    return { weights: { rows, columns, data: drawn(rows * columns) }, gram: await products.multiply(mixed, mixed, 'transposed') };
  }
  const copyOf = (matrix: Matrix): Matrix => ({ ...matrix, data: matrix.data.slice() });
  async function error(before: Matrix, after: Matrix, gram: Matrix): Promise<number> {
    const difference = { ...before, data: before.data.map((value, index) => value - (after.data[index] as number)) };
    const half = await products.multiply(difference, gram);
    return half.data.reduce((sum, value, index) => sum + value * (difference.data[index] as number), 0);
  }

  for (const [columns, share] of [[24, 0.5], [300, 0.5], [300, 0.8]] as const) {
    it(`does what the paper says on ${columns} columns, ${share} zeros`, async () => {
      const { weights, gram } = await problem(6, columns);
      const expected = reference(weights, gram, share, 128);
      const found = copyOf(weights);
      const marks = await sparseGpt(found, copyOf(gram), { kind: 'share', share }, quota(share), products);
      assert.equal(marks.reduce((sum, mark) => sum + mark, 0), Math.round(share * 6 * columns));
      found.data.forEach((value, index) => assert.ok(Math.abs(value - (expected[index] ?? NaN)) < 1e-6, `${index}: ${value}, expected ${expected[index]}`));
    });
  }

  it('keeps patterns whole, also where blocks end, and errs less than zeros without update', async () => {
    for (const [zeros, group, columns] of [[2, 4, 260], [1, 3, 261]] as const) {
      const { weights, gram } = await problem(5, columns);
      const found = copyOf(weights);
      const marks = await sparseGpt(found, copyOf(gram), { kind: 'pattern', zeros, group }, () => 0, products);
      for (let start = 0; start < marks.length; start += group) assert.equal(marks.subarray(start, start + group).reduce((sum, mark) => sum + mark, 0), zeros);
      const plain = { ...weights, data: weights.data.map((value, index) => (marks[index] === 1 ? 0 : value)) };
      assert.ok(await error(weights, found, gram) < 0.7 * await error(weights, plain, gram));
    }
  });

  it('works where inputs are always zero or always equal', async () => {
    for (const fill of [0, 1]) {
      const gram = { rows: 8, columns: 8, data: new Float64Array(64).fill(fill) };
      const weights = { rows: 2, columns: 8, data: Float64Array.from({ length: 16 }, (_, index) => index + 1) };
      const marks = await sparseGpt(weights, gram, { kind: 'share', share: 0.5 }, quota(0.5), products);
      assert.equal(marks.reduce((sum, mark) => sum + mark, 0), 8);
      assert.ok(weights.data.every(Number.isFinite));
    }
  });
});
