// The upper triangular U with inverse(H) = UᵀU of a positive definite H, without ever forming the inverse: with H = RRᵀ,
// R upper triangular, U is the inverse of R. By halves, so that nearly all arithmetic is matrix products.

import { part, type Matrix } from './matrix';
import type { Products } from './products';

/** Below this many columns the loops here are faster than handing matrices over. */
const LEAF = 128;

/** Undefined when H is not positive definite in float64. H is symmetric; only its upper half is read. */
export async function inverseFactor(h: Matrix, products: Products): Promise<Matrix | undefined> {
  const size = h.rows;
  if (size <= LEAF) return smallFactor(h);
  const half = Math.ceil(size / 2 / LEAF) * LEAF;
  const lower = await inverseFactor(part(h, half, size, half, size), products);
  if (lower === undefined) return undefined;
  const corner = await products.multiply(part(h, 0, half, half, size), lower, 'transposed');
  const upper = await inverseFactor(await products.subtract(part(h, 0, half, 0, half), corner, corner, 'transposed'), products);
  if (upper === undefined) return undefined;
  const inverseCorner = await products.multiply(upper, await products.multiply(corner, lower));

  const data = new Float64Array(size * size);
  for (let row = 0; row < half; row += 1) {
    data.set(upper.data.subarray(row * half, (row + 1) * half), row * size);
    const from = row * inverseCorner.columns;
    for (let column = 0; column < inverseCorner.columns; column += 1) data[row * size + half + column] = -(inverseCorner.data[from + column] as number);
  }
  for (let row = 0; row < size - half; row += 1) {
    data.set(lower.data.subarray(row * lower.columns, (row + 1) * lower.columns), (half + row) * size + half);
  }
  return { rows: size, columns: size, data };
}

/** How often damping is raised tenfold for a Gram matrix that rounding has left indefinite. */
const DAMPING_TRIES = 6;

/**
 * The factor of a Gram matrix with a share of the mean of its diagonal added to that; changes `gram`.
 *
 * @param damping the share; raised where the sum is still not positive definite
 */
export async function dampedFactor(gram: Matrix, damping: number, products: Products): Promise<Matrix> {
  const { rows: size, data } = gram;
  let mean = 0;
  for (let index = 0; index < size; index += 1) mean += (data[index * size + index] as number) / size;
  // Inputs that are always zero: every weight is as good as any other.
  let added = mean > 0 ? damping * mean : 1;
  for (let attempt = 0; attempt < DAMPING_TRIES; attempt += 1, added *= 10) {
    for (let index = 0; index < size; index += 1) data[index * size + index] = (data[index * size + index] as number) + added;
    const factor = await inverseFactor(gram, products);
    if (factor !== undefined) return factor;
  }
  throw new Error('the Gram matrix of a layer has no inverse however much it is damped');
}

function smallFactor({ rows: size, data: h }: Matrix): Matrix | undefined {
  const at = (matrix: Float64Array, row: number, column: number): number => matrix[row * size + column] as number;
  const r = new Float64Array(size * size);
  // Last column first: row i of R needs the columns to its right only.
  for (let column = size - 1; column >= 0; column -= 1) {
    for (let row = column; row >= 0; row -= 1) {
      let sum = at(h, row, column);
      for (let k = column + 1; k < size; k += 1) sum -= at(r, row, k) * at(r, column, k);
      if (row !== column) r[row * size + column] = sum / at(r, column, column);
      else if (sum > 0) r[row * size + column] = Math.sqrt(sum);
      else return undefined;
    }
  }
  const u = new Float64Array(size * size);
  for (let column = 0; column < size; column += 1) {
    u[column * size + column] = 1 / at(r, column, column);
    for (let row = column - 1; row >= 0; row -= 1) {
      let sum = 0;
      for (let k = row + 1; k <= column; k += 1) sum += at(r, row, k) * at(u, k, column);
      u[row * size + column] = -sum / at(r, row, row);
    }
  }
  return { rows: size, columns: size, data: u };
}
