// Eigenvalues and eigenvectors of symmetric matrices by a library; fast enough for some hundred rows (512: 1 s, 1024: 7 s).

import { EigenvalueDecomposition } from 'ml-matrix';
import { denseSymmetric } from './dense';
import type { Matrix } from './matrix';

/** Of a symmetric matrix m = vectors diag(values) vectorsᵀ. */
export interface Eigen {
  /** Falling. */
  readonly values: Float64Array;
  /** Orthonormal columns in the order of the values. */
  readonly vectors: Matrix;
}

/** @param m symmetric, finite, [n, n] with n > 0; its lower half is read */
export function symmetricEigen(m: Matrix): Eigen {
  const size = m.rows;
  // The library's values rise.
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(denseSymmetric(m), { assumeSymmetric: true });
  const data = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) for (let column = 0; column < size; column += 1) data[row * size + column] = eigenvectorMatrix.get(row, size - 1 - column);
  return { values: Float64Array.from(realEigenvalues).reverse(), vectors: { rows: size, columns: size, data } };
}
