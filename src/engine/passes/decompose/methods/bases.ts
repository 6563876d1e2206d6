// Orthonormal bases that keep most of a matrix: its leading left singular vectors, all at once where that is quick.

import { leadingColumns, type Matrix } from '../../../linalg/matrix';
import { leftSingular, singularValues, truncatedSvd } from '../../../linalg/svd';
import { remembered } from './defineMethod';
import type { FactorTask } from './method';

/**
 * Up to this many vectors all are computed once and serve every rank (512 take a second, and time grows with the cube); of
 * larger matrices the leading ones are found anew for each rank.
 */
export const ALL_AT_ONCE = 512;

/**
 * The `rank` leading left singular vectors of a matrix as columns; columns of zeros where it has not that many.
 *
 * @param name of the matrix among those of the task
 */
export async function leadingVectors(task: FactorTask, name: string, m: Matrix, rank: number): Promise<Matrix> {
  const full = Math.min(m.rows, m.columns);
  if (full <= ALL_AT_ONCE) return widened((await allVectors(task, name, m)).vectors, rank);
  return widened((await truncatedSvd(m, Math.min(rank, full), task.products, task.random)).u, rank);
}

/** All singular values of a matrix, falling; `name` as above. */
export async function spectrumOf(task: FactorTask, name: string, m: Matrix): Promise<Float64Array> {
  if (Math.min(m.rows, m.columns) > ALL_AT_ONCE) return remembered(task, `values of ${name}`, () => singularValues(m, task.products));
  return (await allVectors(task, name, m)).values;
}

/** The first `columns` columns; columns of zeros where there are fewer: directions that hold nothing. */
export function widened(m: Matrix, columns: number): Matrix {
  if (m.columns >= columns) return leadingColumns(m, columns);
  const data = new Float64Array(m.rows * columns);
  for (let row = 0; row < m.rows; row += 1) data.set(m.data.subarray(row * m.columns, (row + 1) * m.columns), row * columns);
  return { rows: m.rows, columns, data };
}

function allVectors(task: FactorTask, name: string, m: Matrix): ReturnType<typeof leftSingular> {
  return remembered(task, `vectors of ${name}`, () => leftSingular(m, task.products));
}
