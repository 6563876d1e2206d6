// dL/dweights of a convolution as matrix products, sample by sample or channel by channel. weightsByConvolution
// (linearMaps.ts) covers every shape; these are faster where they apply (forms.ts).

import { int } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import type { GraphBuilder } from '../../graphBuilder';
import type { Convolution } from './linearMaps';
import { endOf, type SlidingAxis } from './slidingAxis';

/**
 * Rows up to this long are shifted by products with matrices of zeros and ones: those run on all threads, where Pad and
 * Concat run on one; the work grows with the square of the length. Measured: bench/core/trainingForms.ts.
 */
export const LONGEST_SHIFTED_BY_PRODUCT = 32;

/**
 * One group; where the last axis has a stride its rows must be short. dW[m, c, i, j] = sum over o, w of dY[m, o, w + begin - j] * X[c, o - begin + i, w] (strides of one): dL/dy is
 * shifted along the last axis, x along the others, and products of all shifts with all shifts give all taps. For a 3 x 3
 * kernel that makes 3 + 3 copies where unfolding x makes nine.
 */
export function weightsByShifts(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  const { batch, channels, filters, axes } = convolution;
  const last = axes[axes.length - 1] as SlidingAxis;
  const others = axes.slice(0, -1);
  const kernel = axes.map((axis) => axis.kernel);
  const taps = elementCount(kernel.slice(0, -1));
  const merged = mergesSamples(convolution);
  // Either one product a sample, then summed, or samples side by side in one product.
  const [images, samples] = merged ? [1, batch] : [batch, 1];
  const channelsFirst = (tensor: string): string => (merged ? build.transpose(tensor, [1, 0, ...axes.map((_, axis) => axis + 2)]) : tensor);
  const positions = samples * elementCount(others.map((axis) => axis.output)) * last.input;

  const columns = shiftedColumns(build, channelsFirst(dy), convolution, [images, filters, positions]);
  const rows = shiftedRows(build, channelsFirst(x), others, { images, channels, samples, width: last.input });
  const product = build.matmul(columns, build.transpose(build.reshape(rows, [1, images, channels * taps, positions]), [0, 1, 3, 2]));
  const summed = images === 1 ? product : build.reduceSum(product, [1]);
  const byColumn = build.reshape(summed, [last.kernel, filters * channels * taps]);
  return build.reshape(build.transpose(byColumn, [1, 0]), [filters, channels, ...kernel]);
}

/** Whether products of single samples would write more than moving x and dL/dy once more does. */
function mergesSamples({ channels, filters, axes }: Convolution): boolean {
  const written = filters * channels * elementCount(axes.map((axis) => axis.kernel));
  return written > elementCount(axes.map((axis) => axis.output)) * (filters + channels);
}

/** dL/dy shifted by each tap of the last axis, rows as long as those of x: [last.kernel, ...to]. */
function shiftedColumns(build: GraphBuilder, dy: string, { batch, filters, axes }: Convolution, to: readonly number[]): string {
  const last = axes[axes.length - 1] as SlidingAxis;
  const others = axes.slice(0, -1);
  const { kernel, input, output } = last;
  if ((kernel > 1 || last.stride > 1) && input <= LONGEST_SHIFTED_BY_PRODUCT) {
    const rows = build.reshape(dy, [1, batch * filters * elementCount(others.map((axis) => axis.output)), output]);
    return build.reshape(build.matmul(rows, shifts(build, last)), [kernel, ...to]);
  }
  return build.concat(range(kernel).map((tap) => {
    const before = tap * last.dilation - last.begin;
    return build.reshape(moved(build, dy, [...others.map(() => [0, 0] as const), [before, input - output - before]]), [1, ...to]);
  }), 0);
}

/** [kernel, output, input]: one where the tap joins the positions. */
function shifts(build: GraphBuilder, axis: SlidingAxis): string {
  const { kernel, input, output } = axis;
  const data = new Float32Array(kernel * output * input);
  joined(axis, (at, position, tap) => { data[(tap * output + position) * input + at] = 1; });
  return build.constant({ type: 'float32', dims: [kernel, output, input], data }, 'train/shifts');
}

/** Rows of x as the taps of the leading axes see them: [images, channels, taps, samples * positions, width]. */
function shiftedRows(
  build: GraphBuilder, x: string, others: readonly SlidingAxis[],
  { images, channels, samples, width }: { readonly images: number; readonly channels: number; readonly samples: number; readonly width: number },
): string {
  const padded = moved(build, x, [...others.map((axis) => [axis.begin, endOf(axis)] as const), [0, 0]]);
  if (others.every((axis) => axis.kernel === 1 && axis.stride === 1)) return padded;
  const sizes = others.map((axis) => axis.input + axis.begin + endOf(axis));
  const sampleAxis: SlidingAxis = { input: samples, output: samples, kernel: 1, stride: 1, dilation: 1, begin: 0 };
  const from = [sampleAxis, ...others];
  const places = combinations(from.map((axis) => axis.output));
  const indices = combinations(others.map((axis) => axis.kernel)).flatMap((taps) => places.map((place) => place.reduce(
    (flat, position, index) => {
      const { stride, dilation } = from[index] as SlidingAxis;
      return flat * (index === 0 ? samples : (sizes[index - 1] as number)) + position * stride + (index === 0 ? 0 : (taps[index - 1] as number) * dilation);
    }, 0)));
  const flat = build.reshape(padded, [images, channels, samples * elementCount(sizes), width]);
  const wanted = build.constant({ type: 'int64', dims: [indices.length / places.length, places.length], data: BigInt64Array.from(indices, BigInt) }, 'train/rows');
  return build.node('Gather', [flat, wanted], { axis: int(2) });
}

/** One group, any stride: one strided view of x and one product a tap. */
export function weightsByTaps(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  const { batch, channels, filters, axes } = convolution;
  const positions = elementCount(axes.map((axis) => axis.output));
  const padded = moved(build, x, axes.map((axis) => [axis.begin, endOf(axis)] as const));
  const left = build.reshape(dy, [batch, filters, positions]);
  const taps = combinations(axes.map((axis) => axis.kernel)).map((offsets) => {
    const right = build.reshape(view(build, padded, axes, offsets), [batch, channels, positions]);
    return build.reduceSum(build.matmul(left, build.transpose(right, [0, 2, 1])), [0]);
  });
  const stacked = build.reshape(build.concat(taps, 0), [taps.length, filters * channels]);
  return build.reshape(build.transpose(stacked, [1, 0]), [filters, channels, ...axes.map((axis) => axis.kernel)]);
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
  const [taps, rowCount] = [elementCount(others.map((axis) => axis.kernel)), batch * elementCount(others.map((axis) => axis.output))];
  const ofX = shiftedRows(build, build.transpose(x, order), others, { images: 1, channels, samples: batch, width: last.input });
  const left = build.transpose(build.reshape(ofX, [channels, taps, rowCount, last.input]), [0, 1, 3, 2]);
  const right = build.reshape(build.transpose(dy, order), [channels, 1, rowCount, last.output]);
  const products = build.reshape(build.matmul(left, right), [channels * taps, last.input * last.output]);
  return build.reshape(build.matmul(products, diagonals(build, last)), [channels, 1, ...axes.map((axis) => axis.kernel)]);
}

/** [input * output, kernel]: one where the tap joins the positions. */
function diagonals(build: GraphBuilder, axis: SlidingAxis): string {
  const { input, output, kernel } = axis;
  const data = new Float32Array(input * output * kernel);
  joined(axis, (at, position, tap) => { data[(at * output + position) * kernel + tap] = 1; });
  return build.constant({ type: 'float32', dims: [input * output, kernel], data }, 'train/diagonals');
}

/** Calls `see` with every input position that an output position sees, and the tap through which it does. */
function joined(axis: SlidingAxis, see: (at: number, position: number, tap: number) => void): void {
  for (let position = 0; position < axis.output; position += 1) {
    for (let tap = 0; tap < axis.kernel; tap += 1) {
      const at = position * axis.stride - axis.begin + tap * axis.dilation;
      if (at >= 0 && at < axis.input) see(at, position, tap);
    }
  }
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

/** All positions in a grid of these sizes, the last axis fastest. */
function combinations(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>((lists, size) => lists.flatMap((list) => range(size).map((position) => [...list, position])), [[]]);
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
