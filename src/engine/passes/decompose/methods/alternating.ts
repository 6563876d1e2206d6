// Alternating least squares for sums of rank-one components (CP): one run from one start. No choice between runs.

import { dampedFactor } from '../../../linalg/inverseFactor';
import { type Matrix, squaredNorm } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';
import { columnwise, innerProducts, type Kruskal, normalised, tapColumns } from './kruskal';

/** Of norm 1 or so. */
export interface Tensor {
  /** [outputs, inputs x taps], taps in the order of the spatial axes. */
  readonly rows: Matrix;
  readonly inputs: number;
}

export interface Fit {
  readonly modes: Kruskal;
  /** Square of the Frobenius norm of what the components miss. */
  readonly missed: number;
}

export interface FitSettings {
  /**
   * What is added to the diagonals of the normal equations (all 1 before), over what the fit misses: it holds components back from
   * growing against each other where the kernel has no such rank, and vanishes where it has.
   */
  readonly damping: number;
  readonly sweeps: number;
  /** A run ends when a sweep lowers `missed` by less than this share of it. */
  readonly still: number;
  readonly products: Products;
}

interface Conditions {
  readonly damping: number;
  readonly products: Products;
}

/** `missed` below this share of the square of the norm is rounding of the sum it is computed by. */
const EXACT = 1e-14;
/** Damping that rounding of the normal equations needs in any case. */
const LEAST_DAMPING = 1e-14;

/**
 * ALS (Carroll and Chang 1970, Harshman 1970) with Nesterov momentum, dropped whenever the error grows (Mitchell, Ye and De Sterck
 * 2020): plain sweeps crawl where components are nearly parallel. Two products with the whole tensor a sweep.
 */
export async function fitted(tensor: Tensor, start: Kruskal, settings: FitSettings): Promise<Fit> {
  const norm = squaredNorm(tensor.rows);
  const conditions = (missed: number): Conditions => ({ damping: Math.max(LEAST_DAMPING, settings.damping * missed / norm), products: settings.products });
  let best = await swept(tensor, start, conditions(norm));
  let [from, momentum] = [best.modes, 0];
  for (let sweep = 1; sweep < settings.sweeps; sweep += 1) {
    const next = await swept(tensor, from, conditions(best.missed));
    if (next.missed > best.missed && momentum > 0) {
      [momentum, from] = [0, best.modes];
      continue;
    }
    const gain = best.missed - next.missed;
    momentum += 1;
    const before = best.modes;
    best = next;
    if (next.missed < EXACT * norm || gain < settings.still * next.missed) break;
    from = extrapolated(before, next.modes, (momentum - 1) / (momentum + 2));
  }
  return best;
}

/** All modes once: inputs, axes, outputs. The start gives outputs and axes. */
async function swept({ rows: whole, inputs }: Tensor, [outputs, , ...axes]: Kruskal, conditions: Conditions): Promise<Fit> {
  const { products } = conditions;
  const taps = whole.columns / inputs;
  const components = outputs.columns;

  // Every update of the other modes reads the tensor through the outputs: [inputs x taps, components].
  const unitOutputs = normalised(outputs).unit;
  const read = await products.transposeMultiply(whole, unitOutputs);
  const target = summed(read, tapColumns(axes, components), inputs, taps, 'taps');
  const newInputs = normalised(await solved(target, await innerProducts([unitOutputs, ...axes], products), conditions)).unit;

  const byTap = summed(read, newInputs, inputs, taps, 'inputs');
  const newAxes = [...axes];
  for (const axis of newAxes.keys()) {
    const others = newAxes.filter((_, other) => other !== axis);
    const along = alongAxis(byTap, newAxes, axis);
    newAxes[axis] = normalised(await solved(along, await innerProducts([unitOutputs, newInputs, ...others], products), conditions)).unit;
  }

  const columns = columnwise(newInputs, tapColumns(newAxes, components));
  const inner = await innerProducts([newInputs, ...newAxes], products);
  const last = await products.multiply(whole, columns);
  const newOutputs = await solved(last, { ...inner, data: Float64Array.from(inner.data) }, conditions);
  return { modes: [newOutputs, newInputs, ...newAxes], missed: await missedBy(whole, newOutputs, last, inner, products) };
}

/** |T|² - 2 <T, sum> + |sum|². */
async function missedBy(tensor: Matrix, outputs: Matrix, last: Matrix, inner: Matrix, products: Products): Promise<number> {
  const gram = await products.transposeMultiply(outputs, outputs);
  const cross = outputs.data.reduce((sum, value, at) => sum + value * (last.data[at] as number), 0);
  const own = gram.data.reduce((sum, value, at) => sum + value * (inner.data[at] as number), 0);
  return Math.max(0, squaredNorm(tensor) - 2 * cross + own);
}

/** The x with x (inner + damping) = target. */
async function solved(target: Matrix, inner: Matrix, { damping, products }: Conditions): Promise<Matrix> {
  const factor = await dampedFactor(inner, damping, products);
  return products.multiply(await products.multiply(target, factor, 'transposed'), factor);
}

/** Sums `read` [inputs x taps, components], times `weights`, over taps (weights [taps, components]) or over inputs ([inputs, components]). */
function summed(read: Matrix, weights: Matrix, inputs: number, taps: number, over: 'taps' | 'inputs'): Matrix {
  const { columns } = read;
  const rows = over === 'taps' ? inputs : taps;
  const data = new Float64Array(rows * columns);
  for (let input = 0, at = 0; input < inputs; input += 1) {
    for (let tap = 0; tap < taps; tap += 1) {
      const [to, by] = over === 'taps' ? [input * columns, tap * columns] : [tap * columns, input * columns];
      for (let column = 0; column < columns; column += 1, at += 1) data[to + column] = (data[to + column] as number) + (read.data[at] as number) * (weights.data[by + column] as number);
    }
  }
  return { rows, columns, data };
}

/** Sums [taps, components] over all axes but one, times the columns of those: [length of the axis, components]. */
function alongAxis(byTap: Matrix, axes: readonly Matrix[], axis: number): Matrix {
  const { columns } = byTap;
  const ones = (m: Matrix): Matrix => ({ ...m, data: new Float64Array(m.data.length).fill(1) });
  const weights = tapColumns(axes.map((m, index) => (index === axis ? ones(m) : m)), columns);
  const inner = axes.slice(axis + 1).reduce((all, m) => all * m.rows, 1);
  const length = (axes[axis] as Matrix).rows;
  const data = new Float64Array(length * columns);
  for (let at = 0; at < byTap.data.length; at += 1) {
    const tap = Math.floor(at / columns);
    const to = (Math.floor(tap / inner) % length) * columns + (at % columns);
    data[to] = (data[to] as number) + (byTap.data[at] as number) * (weights.data[at] as number);
  }
  return { rows: length, columns, data };
}

function extrapolated(before: Kruskal, after: Kruskal, by: number): Kruskal {
  const [outputs, inputs, ...axes] = after.map((mode, index) => {
    const old = (before[index] as Matrix).data;
    return { ...mode, data: mode.data.map((value, at) => value + by * (value - (old[at] as number))) };
  });
  return [outputs as Matrix, inputs as Matrix, ...axes.map((axis) => normalised(axis).unit)];
}
