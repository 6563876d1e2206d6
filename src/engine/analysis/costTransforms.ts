// Multiply-accumulates of Fourier transforms and of dense linear algebra on single matrices: those of the usual algorithm.

import { intAttribute } from '../ir/attributes';
import { type Formula, product } from './costFormula';

/** A radix-2 transform of n points: n/2 log2 n complex multiplications (4 MACs each), the logarithm rounded up. */
function transformMacs(points: number): number {
  return points <= 1 ? 0 : 2 * points * Math.ceil(Math.log2(points));
}

/** The axis is an attribute (opset 17, 1 by default) or an input (opset 20, -2 by default); all other elements make one transform. */
const dft: Formula = (node, dims, output, first) => {
  const x = dims(0);
  if (x === undefined || output === undefined) return null;
  const chosen = (node.inputs[2] ?? '') !== '' ? first(2) : (intAttribute(node, 'axis') ?? -2);
  if (chosen === undefined) return null;
  const axis = chosen < 0 ? chosen + x.length : chosen;
  const points = Math.max(x[axis] ?? 1, output[axis] ?? 1);
  return (product(output.slice(0, -1)) / Math.max(output[axis] ?? 1, 1)) * transformMacs(points);
};

/** output [batch, frames, bins, 2]; a one-sided result holds half of the points and one. */
const stft: Formula = (node, _, output) => {
  if (output === undefined) return null;
  const [batch = 0, frames = 0, bins = 0] = output;
  const points = intAttribute(node, 'onesided', 1) === 1 ? 2 * (bins - 1) : bins;
  return batch * frames * transformMacs(points);
};

/** com.microsoft Rfft [..., n] to [..., n/2 + 1, 2]. */
const realTransform: Formula = (_, dims) => {
  const x = dims(0);
  return x === undefined ? null : product(x.slice(0, -1)) * transformMacs(x.at(-1) ?? 1);
};

const inverseRealTransform: Formula = (_, __, output) => (output === undefined ? null : product(output.slice(0, -1)) * transformMacs(output.at(-1) ?? 1));

/** Elimination of an n by n matrix: the sum of k^2 for k below n. */
const determinant: Formula = (_, dims) => {
  const x = dims(0);
  const n = x?.at(-1) ?? 0;
  return x === undefined ? null : product(x.slice(0, -2)) * (((n - 1) * n * (2 * n - 1)) / 6);
};

/** Gauss-Jordan elimination of an n by n matrix. */
const inverse: Formula = (_, dims) => {
  const x = dims(0);
  return x === undefined ? null : product(x) * (x.at(-1) ?? 0);
};

export const transformFormulas = {
  DFT: dft, STFT: stft, Rfft: realTransform, Irfft: inverseRealTransform, Det: determinant, Inverse: inverse,
} as const satisfies Record<string, Formula>;
