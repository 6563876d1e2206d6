// Orthonormal bases that keep most of a matrix: its leading left singular vectors, all at once where that is quick.

import { leadingColumns, type Matrix } from '../../../linalg/matrix';
import { completed } from '../../../linalg/orthonormal';
import { leftSingular, singularValues, truncatedSvd } from '../../../linalg/svd';
import { remembered } from './defineMethod';
import type { FactorTask } from './method';

/**
 * Up to this many vectors all are computed once and serve every rank (512 take a second, and time grows with the cube); of
 * larger matrices the leading ones are found anew for each rank.
 */
export const ALL_AT_ONCE = 512;

/**
 * The `rank` leading left singular vectors of a matrix as columns; any that complete the basis where it has not that many.
 *
 * @param name of the matrix among those of the task
 */
export async function leadingVectors(task: FactorTask, name: string, m: Matrix, rank: number): Promise<Matrix> {
  const full = Math.min(m.rows, m.columns);
  const vectors = full <= ALL_AT_ONCE
    ? (await remembered(task, `vectors of ${name}`, () => leftSingular(m, task.products))).vectors
    : (await truncatedSvd(m, Math.min(rank, full), task.products, task.random)).u;
  return completed(leadingColumns(vectors, Math.min(rank, vectors.columns)), rank, task.products);
}

/** All singular values of a matrix, falling; `name` as above. */
export function spectrumOf(task: FactorTask, name: string, m: Matrix): Promise<Float64Array> {
  return remembered(task, `values of ${name}`, () => singularValues(m, task.products));
}
