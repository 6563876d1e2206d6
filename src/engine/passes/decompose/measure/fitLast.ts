// The last factor of a layer by least squares on what the layer reads: of all last factors the one whose outputs come closest to
// the layer's, and what share of their squares is still missed. One layer on its own inputs; refit/ does it again in order, on
// inputs that the layers before have changed.

import { elementCount } from '../../../ir/model';
import { type Matrix, scaledColumns } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';
import { solvePositive } from '../../../linalg/solve';
import { DAMPING } from '../../refit/leastSquares';
import type { Factor, Kernel } from '../factors';
import { composedFast } from '../methods/index';

/** Rows of the equations that are solved here: 1024 take about a second. */
const MOST_ROWS = 1024;

export interface LastFit {
  readonly factors: readonly Factor[];
  /** Share of the squares of the layer's outputs that the factors miss. */
  readonly missed: number;
  /** Squares of the layer's outputs, in the scale of the covariance. */
  readonly energy: number;
}

/**
 * @param covariance of the kernel's columns, square or a diagonal as one column
 * @param fits whether the last factor may change; else the share alone is found
 */
export async function fitLast(kernel: Kernel, factors: readonly Factor[], covariance: Matrix, products: Products, fits: boolean): Promise<LastFit> {
  const last = factors.at(-1);
  if (last === undefined || last.isDepthwise) throw new Error('the last factor has to mix');
  const inner = await innerMatrix(factors.slice(0, -1), last, kernel, products);
  const weight: Matrix = { rows: kernel.outputs, columns: inner.columns, data: kernel.data };
  const weighted = async (m: Matrix): Promise<Matrix> => (covariance.columns === 1 ? scaledColumns(m, covariance.data) : products.multiply(m, covariance));
  const seen = await weighted(inner);
  const gram = await products.multiply(seen, inner, 'transposed');
  const target = await products.multiply(weight, seen, 'transposed');
  const energy = innerProduct(weight.data, (await weighted(weight)).data);
  const old: Matrix = { rows: kernel.outputs, columns: inner.rows, data: last.kernel.data };
  const damping = (DAMPING * traceOf(gram)) / gram.rows;
  const isSolved = fits && gram.rows <= MOST_ROWS && damping > 0;
  const found = isSolved ? solved(gram, target, old, damping) : old;
  const explained = 2 * innerProduct(found.data, target.data) - innerProduct((await products.multiply(found, gram)).data, found.data);
  return {
    factors: isSolved ? [...factors.slice(0, -1), { ...last, kernel: { ...last.kernel, data: found.data } }] : factors,
    missed: energy > 0 ? Math.max(0, 1 - explained / energy) : 0,
    energy,
  };
}

/** b with b (gram + damping) = target + damping old. */
function solved(gram: Matrix, target: Matrix, old: Matrix, damping: number): Matrix {
  const left = gram.data.slice();
  for (let row = 0; row < gram.rows; row += 1) left[row * gram.columns + row] = (left[row * gram.columns + row] as number) + damping;
  // Right-hand sides are columns.
  const right = new Float64Array(target.data.length);
  for (let row = 0; row < target.rows; row += 1) {
    for (let column = 0; column < target.columns; column += 1) {
      const at = row * target.columns + column;
      right[column * target.rows + row] = (target.data[at] as number) + damping * (old.data[at] as number);
    }
  }
  const solution = solvePositive({ ...gram, data: left }, { rows: target.columns, columns: target.rows, data: right });
  const data = new Float64Array(right.length);
  for (let row = 0; row < target.rows; row += 1) for (let column = 0; column < target.columns; column += 1) data[row * target.columns + column] = solution.data[column * target.rows + row] as number;
  return { rows: target.rows, columns: target.columns, data };
}

/**
 * What the last factor multiplies, as rows over the columns of the whole kernel: one row for each of its inputs and taps. Where
 * the last factor has taps of its own (spatial), each of them sees the factors before at its own place.
 */
async function innerMatrix(before: readonly Factor[], { kernel: last }: Factor, whole: Kernel, products: Products): Promise<Matrix> {
  const inner = await composedFast(before, products);
  const [taps, own, innerTaps] = [elementCount(whole.kernel), elementCount(last.kernel), elementCount(inner.kernel)];
  const columns = whole.inputs * taps;
  if (own === 1) return { rows: inner.outputs, columns, data: inner.data };
  const data = new Float64Array(inner.outputs * own * columns);
  for (let tap = 0; tap < taps; tap += 1) {
    const [lastTap, innerTap] = splitTap(tap, whole.kernel, last.kernel, inner.kernel);
    for (let row = 0; row < inner.outputs; row += 1) {
      for (let input = 0; input < whole.inputs; input += 1) {
        data[(row * own + lastTap) * columns + input * taps + tap] = inner.data[(row * whole.inputs + input) * innerTaps + innerTap] as number;
      }
    }
  }
  return { rows: inner.outputs * own, columns, data };
}

/** The tap of the last factor and that of the ones before which a tap of the whole kernel goes through. */
function splitTap(tap: number, whole: readonly number[], last: readonly number[], inner: readonly number[]): readonly [last: number, inner: number] {
  let [rest, lastTap, innerTap, lastStride, innerStride] = [tap, 0, 0, 1, 1];
  for (let axis = whole.length - 1; axis >= 0; axis -= 1) {
    const place = rest % (whole[axis] ?? 1);
    rest = Math.floor(rest / (whole[axis] ?? 1));
    if ((last[axis] ?? 1) > 1) lastTap += place * lastStride;
    if ((inner[axis] ?? 1) > 1) innerTap += place * innerStride;
    lastStride *= last[axis] ?? 1;
    innerStride *= inner[axis] ?? 1;
  }
  return [lastTap, innerTap];
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] as number) * (b[at] as number);
  return sum;
}

function traceOf({ rows, columns, data }: Matrix): number {
  let sum = 0;
  for (let row = 0; row < rows; row += 1) sum += data[row * columns + row] as number;
  return sum;
}
