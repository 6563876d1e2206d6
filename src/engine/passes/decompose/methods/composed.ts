// Multiplies factors out again to the one kernel they stand for: for errors and tests. The inverse of no method in particular.

import type { Matrix } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';
import type { Factor, Kernel } from '../factors';
import { permuted, product, tapsOf } from './arrange';

/** The kernel that factors stand for, in plain loops: for small ones. Each spatial axis may be longer than 1 in one factor only. */
export function composed(factors: readonly Factor[]): Kernel {
  return factors.slice(1).reduce((before, factor) => joined(before, factor, plainProduct), kernelOf(factors));
}

/** As `composed`, with the products on onnxruntime. */
export async function composedFast(factors: readonly Factor[], products: Products): Promise<Kernel> {
  let whole = kernelOf(factors);
  for (const factor of factors.slice(1)) {
    const taken = taking(whole, factor);
    whole = placed(whole, factor, factor.isDepthwise ? scaled(taken) : await products.multiply(taken.factor, taken.before));
  }
  return whole;
}

function kernelOf(factors: readonly Factor[]): Kernel {
  if (factors[0] === undefined) throw new Error('no factors to multiply out');
  return factors[0].kernel;
}

interface Taken {
  /** [outputs x own taps, outputs of the kernel before]; depthwise: [outputs, own taps]. */
  readonly factor: Matrix;
  /** [outputs of the kernel before, inputs x its taps]. */
  readonly before: Matrix;
}

function joined(before: Kernel, factor: Factor, multiply: (a: Matrix, b: Matrix) => Matrix): Kernel {
  const taken = taking(before, factor);
  return placed(before, factor, factor.isDepthwise ? scaled(taken) : multiply(taken.factor, taken.before));
}

function taking(before: Kernel, { kernel, isDepthwise }: Factor): Taken {
  const taps = tapsOf(kernel);
  if ((isDepthwise ? kernel.outputs : kernel.inputs) !== before.outputs) throw new Error('a factor does not read what the one before it makes');
  const rows = { rows: before.outputs, columns: before.inputs * tapsOf(before), data: before.data };
  if (isDepthwise) return { factor: { rows: kernel.outputs, columns: taps, data: kernel.data }, before: rows };
  const data = permuted(kernel.data, [kernel.outputs, kernel.inputs, taps], [0, 2, 1]);
  return { factor: { rows: kernel.outputs * taps, columns: kernel.inputs, data }, before: rows };
}

/** The kernel from a product [outputs x own taps, inputs x taps before]. */
function placed(before: Kernel, { kernel: own }: Factor, { data }: Matrix): Kernel {
  const axes = own.kernel.map((length, axis) => length * (before.kernel[axis] as number));
  if (axes.some((length, axis) => own.kernel[axis] !== 1 && length !== own.kernel[axis])) throw new Error('two factors share a spatial axis');
  const spatial = own.kernel.length;
  const order = [0, 1 + spatial, ...own.kernel.flatMap((_, axis) => [1 + axis, 2 + spatial + axis])];
  const lengths = [own.outputs, ...own.kernel, before.inputs, ...before.kernel];
  return { outputs: own.outputs, inputs: before.inputs, kernel: axes, data: permuted(data, lengths, order) };
}

/** The product of a depthwise factor: every row of the kernel before, times each tap of its own. */
function scaled({ factor, before }: Taken): Matrix {
  const data = new Float64Array(product([factor.rows, factor.columns, before.columns]));
  for (let row = 0, at = 0; row < factor.rows; row += 1) {
    for (let tap = 0; tap < factor.columns; tap += 1) {
      const scale = factor.data[row * factor.columns + tap] as number;
      for (let column = 0; column < before.columns; column += 1, at += 1) data[at] = scale * (before.data[row * before.columns + column] as number);
    }
  }
  return { rows: factor.rows * factor.columns, columns: before.columns, data };
}

function plainProduct(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.columns);
  for (let row = 0; row < a.rows; row += 1) {
    for (let inner = 0; inner < a.columns; inner += 1) {
      const scale = a.data[row * a.columns + inner] as number;
      for (let column = 0; column < b.columns; column += 1) {
        const at = row * b.columns + column;
        data[at] = (data[at] as number) + scale * (b.data[inner * b.columns + column] as number);
      }
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}
