// SparseGPT (Frantar and Alistarh 2023, algorithm 1): goes through the columns of a weight matrix, puts zeros where they
// cost least, and moves what each zero takes away onto the columns that are still to come.

import { type Cut, cutOf, markBelow } from './select';
import { dampedFactor } from '../../../linalg/inverseFactor';
import { part, type Matrix } from '../../../linalg/matrix';
import type { Zeros } from './options';
import type { Products } from '../../../linalg/products';

/** Columns whose zeros are chosen together, and updated before the rest (the paper's B and Bs). */
const BLOCK = 128;
/** Share of the mean of the Hessian's diagonal that is added to it (the paper's code, `percdamp`). */
const DAMPING = 0.01;

/**
 * Prunes `weights` (rows: output channels) in place and gives the marks of the zeros.
 *
 * @param gram X Xᵀ of the inputs, columns by columns; changed
 * @param next how many zeros the next so many weights get (`quota`); not asked for patterns
 */
export async function sparseGpt(weights: Matrix, gram: Matrix, zeros: Zeros, next: (size: number) => number, products: Products): Promise<Uint8Array> {
  const { rows, columns } = weights;
  const factor = await dampedFactor(gram, DAMPING, products);
  const marks = new Uint8Array(rows * columns);
  // Whole groups of a pattern in a block.
  const width = zeros.kind === 'pattern' ? Math.floor(BLOCK / zeros.group) * zeros.group : BLOCK;
  for (let start = 0; start < columns; start += width) {
    const end = Math.min(start + width, columns);
    const block: Block = { weights, factor, marks, start, end };
    if (zeros.kind === 'share') markBlock(block, next(rows * (end - start)));
    const errors = pruneBlock(block, zeros);
    if (end < columns) await passOn(block, errors, products);
  }
  return marks;
}

interface Block {
  readonly weights: Matrix;
  readonly factor: Matrix;
  readonly marks: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Loss that a zero costs when the columns behind make up for it: w² / U_jj². */
function scoreOf({ weights, factor }: Block, row: number, column: number): number {
  const weight = weights.data[row * weights.columns + column] as number;
  const diagonal = factor.data[column * factor.columns + column] as number;
  return (weight / diagonal) ** 2;
}

function markBlock(block: Block, count: number): void {
  const { weights: { rows, columns }, marks, start, end } = block;
  const width = end - start;
  const scores = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < width; column += 1) scores[row * width + column] = scoreOf(block, row, start + column);
  const cut = cutOf(scores.slice(), count);
  for (let row = 0; row < rows; row += 1) markBelow(scores.subarray(row * width, (row + 1) * width), cut, marks, row * columns + start);
}

/** The best zeros of a pattern depend on what came before: they are chosen when their columns are reached. */
function markGroup(block: Block, row: number, column: number, { zeros, group }: Extract<Zeros, { kind: 'pattern' }>): void {
  const scores = Float32Array.from({ length: group }, (_, index) => scoreOf(block, row, column + index));
  const cut: Cut = cutOf(scores.slice(), zeros);
  markBelow(scores, cut, block.marks, row * block.weights.columns + column);
}

/** Sets the zeros of a block; gives the error of each column, over the factor's diagonal, as the update wants it. */
function pruneBlock(block: Block, zeros: Zeros): Matrix {
  const { weights, factor, marks, start, end } = block;
  const { rows, columns, data } = weights;
  const width = end - start;
  const errors = new Float64Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    for (let column = start; column < end; column += 1) {
      if (zeros.kind === 'pattern' && (column - start) % zeros.group === 0) markGroup(block, row, column, zeros);
      const at = row * columns + column;
      if (marks[at] === 0) continue;
      const from = column * columns;
      const error = (data[at] as number) / (factor.data[from + column] as number);
      errors[row * width + column - start] = error;
      data[at] = 0;
      for (let later = column + 1; later < end; later += 1) {
        const place = row * columns + later;
        data[place] = (data[place] as number) - error * (factor.data[from + later] as number);
      }
    }
  }
  return { rows, columns: width, data: errors };
}

/** Moves the errors of a block onto all columns behind it. */
async function passOn({ weights, factor, start, end }: Block, errors: Matrix, products: Products): Promise<void> {
  const { rows, columns } = weights;
  const updated = await products.subtract(part(weights, 0, rows, end, columns), errors, part(factor, start, end, end, columns));
  for (let row = 0; row < rows; row += 1) weights.data.set(updated.data.subarray(row * (columns - end), (row + 1) * (columns - end)), row * columns + end);
}
