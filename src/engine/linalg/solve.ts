// Linear equations with a symmetric positive definite matrix, such as the normal equations of least squares.

import { CholeskyDecomposition } from 'ml-matrix';
import { dense, denseSymmetric, plain } from './dense';
import type { Matrix } from './matrix';

/**
 * The x with a x = b.
 *
 * @param a symmetric positive definite, [n, n]; its lower half is read
 * @param b [n, right-hand sides]
 * @throws Error when `a` is not positive definite in float64
 */
export function solvePositive(a: Matrix, b: Matrix): Matrix {
  const factor = new CholeskyDecomposition(denseSymmetric(a));
  if (!factor.isPositiveDefinite()) throw new Error('the matrix of a linear equation is not positive definite');
  return plain(factor.solve(dense(b)));
}
