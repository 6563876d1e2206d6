// To the matrices of ml-matrix and back.

import { Matrix as Dense } from 'ml-matrix';
import type { Matrix } from './matrix';

export function dense({ rows, columns, data }: Matrix): Dense {
  const copy = new Dense(rows, columns);
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) copy.set(row, column, data[row * columns + column] as number);
  return copy;
}

/** A symmetric matrix from its lower half: sums in another order leave the halves of a Gram matrix a last bit apart. */
export function denseSymmetric({ rows, data }: Matrix): Dense {
  const copy = new Dense(rows, rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      const value = data[row * rows + column] as number;
      copy.set(row, column, value);
      copy.set(column, row, value);
    }
  }
  return copy;
}

export function plain(m: Dense): Matrix {
  const data = new Float64Array(m.rows * m.columns);
  for (let row = 0; row < m.rows; row += 1) for (let column = 0; column < m.columns; column += 1) data[row * m.columns + column] = m.get(row, column);
  return { rows: m.rows, columns: m.columns, data };
}
