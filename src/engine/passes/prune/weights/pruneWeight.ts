// One stored weight with its zeros: from storage to matrix, the method, and back to the same type and shape.

import type { Tensor } from '../../../ir/model';
import type { LinearWeight } from '../../linear/findWeights';
import { columnsOf } from '../../linear/layout';
import { readMatrix, withMatrix } from '../../linear/matrixValues';
import type { Zeros } from './options';
import type { Products } from '../../../linalg/products';
import { type Cut, markBelow, markSmallest, quota } from './select';
import { sparseGpt } from './sparseGpt';

/** How the zeros of one weight are chosen; sums are those of statistics.ts. */
export type Choice =
  | { readonly method: 'magnitude'; readonly zeros: Zeros }
  /** Smaller than the weights of all layers; takes from the cut's ties. */
  | { readonly method: 'below'; readonly cut: Cut }
  | { readonly method: 'wanda'; readonly zeros: Zeros; readonly squaredNorms: Float64Array }
  | { readonly method: 'sparsegpt'; readonly zeros: Zeros; readonly grams: Float64Array; readonly parts: number; readonly products: Products };

export interface PrunedWeight {
  readonly tensor: Tensor;
  readonly zeros: number;
}

export async function pruneWeight(tensor: Tensor, weight: LinearWeight, choice: Choice): Promise<PrunedWeight> {
  const values = await readMatrix(tensor, weight);
  const marks = choice.method === 'sparsegpt' ? await compensated(values, weight, choice) : marksOf(values, weight, choice);
  let zeros = 0;
  // A loop by index: iterators cost several times the work on millions of weights.
  for (let index = 0; index < marks.length; index += 1) {
    zeros += marks[index] as number;
    if (marks[index] === 1) values[index] = 0;
  }
  return { tensor: withMatrix(tensor, weight, values), zeros };
}

/** Magnitudes in matrix order, as scores. */
export async function magnitudes(tensor: Tensor, weight: LinearWeight): Promise<Float32Array> {
  return magnitudesOf(await readMatrix(tensor, weight));
}

function magnitudesOf(values: Float64Array): Float32Array {
  const scores = new Float32Array(values.length);
  for (let index = 0; index < values.length; index += 1) scores[index] = Math.abs(values[index] as number);
  return scores;
}

function marksOf(values: Float64Array, { layout }: LinearWeight, choice: Exclude<Choice, { method: 'sparsegpt' }>): Uint8Array {
  const columns = columnsOf(layout);
  const scores = magnitudesOf(values);
  if (choice.method === 'below') return markBelow(scores, choice.cut);
  if (choice.method === 'magnitude') return markSmallest(scores, columns, choice.zeros, false);
  const norms = choice.squaredNorms.map(Math.sqrt);
  for (let row = 0; row < layout.groups * layout.rows; row += 1) {
    const own = Math.floor(row / layout.rows) * columns;
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      scores[index] = (scores[index] as number) * (norms[own + column] as number);
    }
  }
  // Outputs are compared each for itself (Sun 2023, section 3).
  return markSmallest(scores, columns, choice.zeros, true);
}

/** SparseGPT on every group and part of the columns; `values` get what makes up for the zeros. */
async function compensated(values: Float64Array, { layout }: LinearWeight, choice: Extract<Choice, { method: 'sparsegpt' }>): Promise<Uint8Array> {
  const { groups, rows } = layout;
  const columns = columnsOf(layout);
  const width = columns / choice.parts;
  const next = choice.zeros.kind === 'share' ? quota(choice.zeros.share) : () => 0;
  const marks = new Uint8Array(values.length);
  for (let block = 0; block < groups * choice.parts; block += 1) {
    const left = (block % choice.parts) * width;
    const top = Math.floor(block / choice.parts) * rows;
    const place = (row: number): number => (top + row) * columns + left;
    const data = new Float64Array(rows * width);
    for (let row = 0; row < rows; row += 1) data.set(values.subarray(place(row), place(row) + width), row * width);
    const gram = { rows: width, columns: width, data: choice.grams.subarray(block * width * width, (block + 1) * width * width) };
    const own = await sparseGpt({ rows, columns: width, data }, gram, choice.zeros, next, choice.products);
    for (let row = 0; row < rows; row += 1) {
      values.set(data.subarray(row * width, (row + 1) * width), place(row));
      marks.set(own.subarray(row * width, (row + 1) * width), place(row));
    }
  }
  return marks;
}
