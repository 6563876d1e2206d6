// Orthonormal bases of the columns of tall matrices, by products only.

import { seededRandom } from '../random';
import { symmetricEigen } from './eigen';
import { inverseFactor } from './inverseFactor';
import { beside, leadingColumns, type Matrix, normalMatrix, scaledColumns } from './matrix';
import type { Products } from './products';

/**
 * Share of the largest eigenvalue of a Gram matrix below which a direction is noise of rounding: Gram matrices in float64 hold
 * eigenvalues to about their size times 2.2e-16 of the largest.
 */
const NOISE = 1e-13;
/** Directions that nothing asks for are the same in every run. */
const SEED = 1;

/**
 * An orthonormal basis of the columns of `m` (rows >= columns): as many columns, or fewer where those of `m` depend on each
 * other to within rounding.
 *
 * By Cholesky QR twice (Yamamoto et al. 2015): the first leaves orthogonality off by the square of the condition number, the
 * second does not. Where the condition is too high for that, by the eigenvectors of the Gram matrix.
 */
export async function orthonormalised(m: Matrix, products: Products): Promise<Matrix> {
  const once = await nearlyOrthonormal(m, products);
  return (await divided(once, products)) ?? once;
}

/** The first half of that: orthonormal up to the square of the condition number of m times rounding. Enough between powers. */
export async function nearlyOrthonormal(m: Matrix, products: Products): Promise<Matrix> {
  return (await divided(m, products)) ?? spanned(m, products);
}

/** An orthonormal basis with orthonormal columns added until there are `count`, at most as many as rows. */
export async function completed(basis: Matrix, count: number, products: Products): Promise<Matrix> {
  let all = basis;
  const random = seededRandom(SEED);
  // Drawn columns are nearly always independent of the others and of each other: once round.
  while (all.columns < count) {
    const drawn = normalMatrix(all.rows, count - all.columns, random);
    const rest = await products.subtract(drawn, all, await products.transposeMultiply(all, drawn));
    all = await orthonormalised(beside(all, await orthonormalised(rest, products)), products);
  }
  return all;
}

/** m times the inverse of the triangular factor of its Gram matrix; undefined when that has none. */
async function divided(m: Matrix, products: Products): Promise<Matrix | undefined> {
  const factor = await inverseFactor(await products.transposeMultiply(m, m), products);
  return factor && products.multiply(m, factor, 'transposed');
}

/** The directions of the columns of m that are not noise, about orthonormal. */
async function spanned(m: Matrix, products: Products): Promise<Matrix> {
  const { values, vectors } = symmetricEigen(await products.transposeMultiply(m, m));
  const kept = values.filter((value) => value > NOISE * (values[0] as number));
  return products.multiply(m, scaledColumns(leadingColumns(vectors, kept.length), kept.map((value) => 1 / Math.sqrt(value))));
}
