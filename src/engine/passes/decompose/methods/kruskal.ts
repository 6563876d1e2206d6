// Tensors as sums of rank-one components, one matrix of columns a mode. No fitting.

import { columnNorms, type Matrix, scaledColumns } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';

/**
 * For each mode (outputs, inputs, then each spatial axis) [length of the mode, components]: component r is the outer product of
 * columns r. The columns of all modes but the first are of length 1 or 0.
 */
export type Kruskal = readonly [outputs: Matrix, inputs: Matrix, ...axes: readonly Matrix[]];

/** Columnwise outer products, [rows of a x rows of b, columns]: the rows of b run fastest (Khatri-Rao). */
export function columnwise(a: Matrix, b: Matrix): Matrix {
  const { columns } = a;
  const data = new Float64Array(a.rows * b.rows * columns);
  for (let row = 0, at = 0; row < a.rows; row += 1) {
    for (let inner = 0; inner < b.rows; inner += 1) {
      for (let column = 0; column < columns; column += 1, at += 1) data[at] = (a.data[row * columns + column] as number) * (b.data[inner * columns + column] as number);
    }
  }
  return { rows: a.rows * b.rows, columns, data };
}

/** Of the spatial axes together, [taps, components]. */
export function tapColumns(axes: readonly Matrix[], components: number): Matrix {
  return axes.reduce(columnwise, { rows: 1, columns: components, data: new Float64Array(components).fill(1) });
}

/** Inner products between the components, without the modes left out: the entrywise product of the Gram matrices of the others. */
export async function innerProducts(modes: readonly Matrix[], products: Products): Promise<Matrix> {
  const components = (modes[0] as Matrix).columns;
  const data = new Float64Array(components * components).fill(1);
  for (const mode of modes) (await products.transposeMultiply(mode, mode)).data.forEach((value, at) => void (data[at] = (data[at] as number) * value));
  return { rows: components, columns: components, data };
}

/** Columns of length 1 (columns of zeros stay), and what they were long. */
export function normalised(m: Matrix): { readonly unit: Matrix; readonly norms: Float64Array } {
  const norms = columnNorms(m);
  return { unit: scaledColumns(m, norms.map((norm) => (norm > 0 ? 1 / norm : 0))), norms };
}
