// dL/dweights of a convolution as matrix products, sample by sample or channel by channel. weightsByConvolution
// (linearMaps.ts) covers every shape; these are faster where they apply (forms.ts).

import { elementCount } from '../../../ir/model';
import type { GraphBuilder } from '../../graphBuilder';
import type { Convolution } from './linearMaps';
import { endOf, type SlidingAxis } from './slidingAxis';

/**
 * Strides of one, one group. dW[m, c, i, j] = sum over o, w of dY[m, o, w + begin - j] * X[c, o - begin + i, w]: dL/dy is
 * shifted along the last axis, x along the others, and one product a tap of those gives all taps of the last axis. For a
 * 3 x 3 kernel that copies 2 + 2 tensors where unfolding copies nine.
 */
export function weightsByShifts(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  const { batch, channels, filters, axes } = convolution;
  const last = axes[axes.length - 1] as SlidingAxis;
  const others = axes.slice(0, -1);
  const positions = elementCount(others.map((axis) => axis.output)) * last.input;
  const columns = range(last.kernel).map((tap) => {
    const before = tap * last.dilation - last.begin;
    return moved(build, dy, [...others.map(() => [0, 0] as const), [before, last.input - last.output - before]]);
  });
  const left = build.reshape(build.concat(columns, 1), [batch, last.kernel * filters, positions]);
  const rows = combinations(others).map((taps) => {
    const shifted = moved(build, x, [...others.map((axis, index) => {
      const before = axis.begin - (taps[index] as number) * axis.dilation;
      return [before, axis.output - axis.input - before] as const;
    }), [0, 0]]);
    return sampleProduct(build, left, build.reshape(shifted, [batch, channels, positions]));
  });
  return arranged(build, rows, convolution, [last.kernel, filters, channels]);
}

/** One group, any stride: one strided view of x and one product a tap. */
export function weightsByTaps(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  const { batch, channels, filters, axes } = convolution;
  const positions = elementCount(axes.map((axis) => axis.output));
  const padded = moved(build, x, axes.map((axis) => [axis.begin, endOf(axis)] as const));
  const left = build.reshape(dy, [batch, filters, positions]);
  const taps = combinations(axes).map((offsets) =>
    sampleProduct(build, left, build.reshape(view(build, padded, axes, offsets), [batch, channels, positions])));
  return arranged(build, taps, convolution, [1, filters, channels]);
}

/**
 * One filter a channel. For each channel and each tap of the leading axes, the product of all rows of x with all rows of
 * dL/dy: [last.input, last.output], of which a tap of the last axis sums one diagonal. It computes more than is needed,
 * and still passes over memory far less often than a product and a sum a tap.
 */
export function weightsByRows(build: GraphBuilder, x: string, dy: string, { batch, channels, axes }: Convolution): string {
  const last = axes[axes.length - 1] as SlidingAxis;
  const others = axes.slice(0, -1);
  const order = [1, 0, ...axes.map((_, axis) => axis + 2)];
  const rowCount = batch * elementCount(others.map((axis) => axis.output));
  const right = build.reshape(build.transpose(dy, order), [channels, rowCount, last.output]);
  const padded = moved(build, build.transpose(x, order), [...others.map((axis) => [axis.begin, endOf(axis)] as const), [0, 0]]);
  const products = combinations(others).map((offsets) => {
    const rows = build.reshape(view(build, padded, others, offsets), [channels, rowCount, last.input]);
    const product = build.matmul(build.transpose(rows, [0, 2, 1]), right);
    return build.reshape(product, [1, channels, last.input * last.output]);
  });
  const sums = build.matmul(build.concat(products, 0), diagonals(build, last));
  return build.reshape(build.transpose(sums, [1, 0, 2]), [channels, 1, ...axes.map((axis) => axis.kernel)]);
}

/** [input * output, kernel]: one where the tap of the column joins input and output position of the row. */
function diagonals(build: GraphBuilder, { input, output, kernel, stride, dilation, begin }: SlidingAxis): string {
  const data = new Float32Array(input * output * kernel);
  for (let position = 0; position < output; position += 1) {
    for (let tap = 0; tap < kernel; tap += 1) {
      const at = position * stride - begin + tap * dilation;
      if (at >= 0 && at < input) data[(at * output + position) * kernel + tap] = 1;
    }
  }
  return build.constant({ type: 'float32', dims: [input * output, kernel], data }, 'train/diagonals');
}

/** Sum over samples of left [batch, a, positions] x right [batch, b, positions] transposed: [1, a, b]. */
function sampleProduct(build: GraphBuilder, left: string, right: string): string {
  return build.reduceSum(build.matmul(left, build.transpose(right, [0, 2, 1])), [0]);
}

/** Products [1, columns * filters, channels] by tap of the leading axes to [filters, channels, ...kernel]. */
function arranged(build: GraphBuilder, parts: readonly string[], { axes }: Convolution, [columns, filters, channels]: readonly [number, number, number]): string {
  const stacked = build.reshape(build.concat(parts, 0), [parts.length, columns, filters, channels]);
  return build.reshape(build.transpose(stacked, [2, 3, 0, 1]), [filters, channels, ...axes.map((axis) => axis.kernel)]);
}

/** Pads spatial axes with zeros before and behind; negative amounts cut off. */
function moved(build: GraphBuilder, tensor: string, amounts: readonly (readonly [number, number])[]): string {
  if (amounts.every(([before, behind]) => before === 0 && behind === 0)) return tensor;
  return build.node('Pad', [tensor, build.ints([0, 0, ...amounts.map(([before]) => before), 0, 0, ...amounts.map(([, behind]) => behind)])]);
}

/** The elements of padded x that a tap sees: [.., .., ...axes.output]. */
function view(build: GraphBuilder, padded: string, axes: readonly SlidingAxis[], taps: readonly number[]): string {
  const starts = axes.map((axis, index) => (taps[index] as number) * axis.dilation);
  if (axes.every((axis) => axis.kernel === 1 && axis.stride === 1)) return padded;
  return build.node('Slice', [
    padded, build.ints(starts), build.ints(axes.map((axis, index) => (starts[index] as number) + (axis.output - 1) * axis.stride + 1)),
    build.ints(axes.map((_, index) => index + 2)), build.ints(axes.map((axis) => axis.stride)),
  ]);
}

/** All taps of some axes, the last axis fastest. */
function combinations(axes: readonly SlidingAxis[]): number[][] {
  return axes.reduce<number[][]>((lists, axis) => lists.flatMap((list) => range(axis.kernel).map((tap) => [...list, tap])), [[]]);
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
