// Higher-order orthogonal iteration: the bases of few inputs and few outputs that keep most of a kernel together.

import { type Matrix, squaredNorm } from '../../../linalg/matrix';
import { completed, orthonormalised } from '../../../linalg/orthonormal';
import { inputRows, outputRows, permuted, tapsOf } from './arrange';
import { leadingVectors } from './bases';
import type { FactorTask } from './method';

/**
 * Sweeps end when one lowers the square of the error by less than this share of it. On weights of networks and on noise (whose
 * spectrum falls slowest) the gain falls with the square of the sweep: 1 in 5,000 comes after about 10 sweeps, and what is then left
 * is some 10 times that, a thousandth of the error.
 */
const STILL = 2e-4;
/** A square of the error below this share of the square of the kernel's norm is rounding: bases are exact to about 1e-8. */
const EXACT = 1e-15;
/** Sweeps at most; none measured needed half as many (512 x 512 x 3 x 3 of noise: 16). */
const MOST_SWEEPS = 50;

export interface Tucker {
  /** Orthonormal columns, [inputs, rank of inputs]. */
  readonly inputs: Matrix;
  /** Orthonormal columns, [outputs, rank of outputs]. */
  readonly outputs: Matrix;
  /** [rank of outputs, rank of inputs x taps]. */
  readonly core: Matrix;
}

/**
 * From the bases of each mode alone (HOSVD) by sweeps until they gain no more (De Lathauwer, De Moor and Vandewalle 2000).
 *
 * Each half of a sweep is one step of subspace iteration from the basis before instead of an eigendecomposition. With G the Gram
 * matrix that the other basis leaves, tr(XᵀGX) is convex in X, so the orthonormal X that maximises its tangent at U, the span of G U,
 * has no smaller trace than U: the error never grows, and the points where it rests are those of HOOI.
 */
export async function hooi(task: FactorTask, fewInputs: number, fewOutputs: number): Promise<Tucker> {
  const { kernel, products } = task;
  const taps = tapsOf(kernel);
  const [byInputs, byOutputs] = [inputRows(kernel), outputRows(kernel)];
  let inputs = await leadingVectors(task, 'inputs', byInputs, fewInputs);
  let outputs = await leadingVectors(task, 'outputs', byOutputs, fewOutputs);

  /** The kernel in few inputs, by outputs: [outputs, rank of inputs x taps]. */
  const inFewInputs = async (): Promise<Matrix> => {
    const { data } = await products.transposeMultiply(inputs, byInputs);
    return { rows: kernel.outputs, columns: fewInputs * taps, data: permuted(data, [fewInputs, kernel.outputs, taps], [1, 0, 2]) };
  };
  /** The kernel in few outputs, by inputs: [inputs, rank of outputs x taps]. */
  const inFewOutputs = async (): Promise<Matrix> => {
    const { data } = await products.transposeMultiply(outputs, byOutputs);
    return { rows: kernel.inputs, columns: fewOutputs * taps, data: permuted(data, [fewOutputs, kernel.inputs, taps], [1, 0, 2]) };
  };
  const stepped = async (basis: Matrix, rows: Matrix, core: Matrix): Promise<Matrix> =>
    completed(await orthonormalised(await products.multiply(rows, core, 'transposed'), products), basis.columns, products);

  const whole = squaredNorm(byOutputs);
  const isWhole = inputs.columns === inputs.rows && outputs.columns === outputs.rows;
  let rows = await inFewInputs();
  let core = await products.transposeMultiply(outputs, rows);
  let missed = whole - squaredNorm(core);
  for (let sweep = 0; sweep < MOST_SWEEPS && !isWhole; sweep += 1) {
    outputs = await stepped(outputs, rows, core);
    const byFew = await inFewOutputs();
    inputs = await stepped(inputs, byFew, await products.transposeMultiply(inputs, byFew));
    rows = await inFewInputs();
    core = await products.transposeMultiply(outputs, rows);
    const before = missed;
    missed = whole - squaredNorm(core);
    if (missed < EXACT * whole || before - missed < STILL * missed) break;
  }
  return { inputs, outputs, core };
}
