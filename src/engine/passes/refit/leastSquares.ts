// Weights that give the wanted outputs of a linear layer from its inputs with the least squared error, from sums over
// samples and places.

import { dampedFactor } from '../../linalg/inverseFactor';
import { columnsOf, type MatrixLayout } from '../linear/layout';
import type { Matrix } from '../../linalg/matrix';
import type { Products } from '../../linalg/products';

/**
 * Share of the mean of the inputs' variances by which a change of weights is held back, as in SparseGPT. With 256 samples
 * 1e-3 to 3e-2 differ by less than a point (resnet20-cifar10 by taylor: 65.9 % with 1e-3, 66.4 % with 1e-2; fashion-mobilenetv2
 * by l2: 84.5 and 84.3 %); with 64 the larger one is better (resnet20-cifar10: 52.8 and 59.2 %).
 */
export const DAMPING = 1e-2;

/** Sums over samples and places of inputs x (columns) and wanted outputs y (rows), group after group. */
export interface FitSums {
  /** x xᵀ: [groups, columns, columns] */
  readonly gram: Float64Array;
  /** y xᵀ: [groups, rows, columns] */
  readonly cross: Float64Array;
  /** [groups * columns] */
  readonly columnSums: Float64Array;
  /** [groups * rows] */
  readonly rowSums: Float64Array;
  readonly rowSquares: Float64Array;
  readonly count: number;
}

export interface Fit {
  /** In matrix order. */
  readonly weights: Float64Array;
  /** What is added to every output; zeros where it has to be. */
  readonly bias: Float64Array;
  /** Mean squared error over samples and places, summed over outputs: as it was, and now; and the variance of the outputs. */
  readonly before: number;
  readonly after: number;
  readonly variance: number;
}

export interface FitTask {
  readonly layout: MatrixLayout;
  /** As they are, in matrix order. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly sums: FitSums;
  /** Outputs may get another constant. */
  readonly shifts: boolean;
  /** Share of the mean of the diagonal of the inputs' covariance by which moving weights is held back. */
  readonly damping: number;
}

export async function leastSquares({ layout, weights, bias, sums, shifts, damping }: FitTask, products: Products): Promise<Fit> {
  const { groups, rows } = layout;
  const columns = columnsOf(layout);
  const fitted = weights.slice();
  const offsets = bias.slice();
  let [before, after, variance] = [0, 0, 0];
  for (let group = 0; group < groups; group += 1) {
    const moments = momentsOf(sums, group, rows, columns, shifts);
    const at = group * rows * columns;
    const old: Matrix = { rows, columns, data: weights.slice(at, at + rows * columns) };
    const factor = await dampedFactor({ ...moments.gram, data: moments.gram.data.slice() }, damping, products);
    const given = await products.multiply(old, moments.gram);
    const missing: Matrix = { rows, columns, data: moments.cross.data.map((value, index) => value - (given.data[index] as number)) };
    const change = await products.multiply(await products.multiply(missing, factor, 'transposed'), factor);
    const now: Matrix = { rows, columns, data: old.data.map((value, index) => value + (change.data[index] as number)) };
    fitted.set(now.data, at);
    const wanted = (matrix: Matrix, row: number): number => {
      let value = moments.rowMeans[row] as number;
      for (let column = 0; column < columns; column += 1) value -= (matrix.data[row * columns + column] as number) * (moments.columnMeans[column] as number);
      return value;
    };
    before += errorOf(old, given, moments);
    after += errorOf(now, await products.multiply(now, moments.gram), moments);
    variance += moments.rowVariance.reduce((sum, value) => sum + value, 0);
    for (let row = 0; shifts && row < rows; row += 1) {
      const output = group * rows + row;
      before += (wanted(old, row) - (bias[output] as number)) ** 2;
      offsets[output] = wanted(now, row);
    }
  }
  return { weights: fitted, bias: offsets, before, after, variance };
}

/** Mean of |y - W x|², of the values about their means: y² - 2 W (y xᵀ) + W (x xᵀ) Wᵀ; `given` is W (x xᵀ). */
function errorOf({ rows, columns, data }: Matrix, given: Matrix, { cross, rowVariance }: Moments): number {
  let error = 0;
  for (let row = 0; row < rows; row += 1) {
    error += rowVariance[row] as number;
    for (let place = row * columns; place < (row + 1) * columns; place += 1) error += (data[place] as number) * ((given.data[place] as number) - 2 * (cross.data[place] as number));
  }
  // Rounding can leave a fit without error a little below it.
  return Math.max(0, error);
}

interface Moments {
  readonly gram: Matrix;
  readonly cross: Matrix;
  readonly columnMeans: Float64Array;
  readonly rowMeans: Float64Array;
  readonly rowVariance: Float64Array;
}

/** Means over samples and places, about the means of inputs and outputs where the constant takes these up. */
function momentsOf({ gram, cross, columnSums, rowSums, rowSquares, count }: FitSums, group: number, rows: number, columns: number, centred: boolean): Moments {
  const mean = (sums: Float64Array, size: number): Float64Array =>
    sums.slice(group * size, (group + 1) * size).map((sum) => (centred ? sum / count : 0));
  const [columnMeans, rowMeans] = [mean(columnSums, columns), mean(rowSums, rows)];
  const about = (sums: Float64Array, height: number, means: Float64Array): Matrix => {
    const data = sums.slice(group * height * columns, (group + 1) * height * columns);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const place = row * columns + column;
        data[place] = (data[place] as number) / count - (means[row] as number) * (columnMeans[column] as number);
      }
    }
    return { rows: height, columns, data };
  };
  return {
    gram: about(gram, columns, columnMeans), cross: about(cross, rows, rowMeans), columnMeans, rowMeans,
    rowVariance: rowSquares.slice(group * rows, (group + 1) * rows).map((sum, row) => sum / count - (rowMeans[row] as number) ** 2),
  };
}
