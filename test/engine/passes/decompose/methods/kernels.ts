// Kernels for tests of methods: drawn ones, ones of known rank, and tasks around them.

import { normalMatrix, type Matrix } from '../../../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import type { Factor, Kernel } from '../../../../../src/engine/passes/decompose/factors';
import { composed } from '../../../../../src/engine/passes/decompose/methods';
import { relativeError } from '../../../../../src/engine/passes/decompose/methods/arrange';
import type { FactorShape, FactorTask, KernelShape } from '../../../../../src/engine/passes/decompose/methods/method';
import { seededRandom } from '../../../../../src/engine/random';
import { testRuntime } from '../../../../support/passContext';

export const products = matrixProducts(testRuntime, 2);

export function drawnKernel({ outputs, inputs, kernel }: KernelShape, seed: number): Kernel {
  const taps = kernel.reduce((all, one) => all * one, 1);
  return { outputs, inputs, kernel, data: normalMatrix(outputs, inputs * taps, seededRandom(seed)).data };
}

/** The kernel that drawn factors of these shapes stand for. */
export function kernelOfFactors(shapes: readonly FactorShape[], seed: number): Kernel {
  return composed(shapes.map((shape, index): Factor => ({ kernel: drawnKernel(shape, seed + index), isDepthwise: shape.isDepthwise, axes: shape.axes })));
}

/** A covariance of columns that depend on each other, of which one hundredth is seen hundred times as much. */
export function drawnCovariance(columns: number, samples: number, seed: number): Promise<Matrix> {
  const x = normalMatrix(samples, columns, seededRandom(seed));
  const scaled = { ...x, data: x.data.map((value, at) => value * Math.exp(-3 * ((at % columns) / columns))) };
  return products.transposeMultiply(scaled, scaled);
}

export function taskOf(kernel: Kernel, covariance?: Matrix): FactorTask {
  return { kernel, products, random: seededRandom(7), ...(covariance && { covariance }) };
}

export function errorOf(kernel: Kernel, factors: readonly Factor[]): number {
  return relativeError(kernel.data, composed(factors).data);
}

/** tr((W - W') C (W - W')ᵀ). */
export async function seenError({ kernel, covariance }: FactorTask, factors: readonly Factor[]): Promise<number> {
  const made = composed(factors).data;
  const missed: Matrix = { rows: kernel.outputs, columns: kernel.data.length / kernel.outputs, data: kernel.data.map((value, at) => value - (made[at] as number)) };
  const seen = await products.multiply(missed, covariance as Matrix);
  return seen.data.reduce((sum, value, at) => sum + value * (missed.data[at] as number), 0);
}
