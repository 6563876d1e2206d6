// A weight as the matrix that pruning thinks in, wherever its elements are stored: one row an output channel, one column a
// value that is multiplied and summed into it.

import { intAttribute } from '../../ir/attributes';
import { elementCount, isOp, type Node } from '../../ir/model';

/**
 * Element (group, row, tap, channel) is at `base + group * strides.group + ...`. Columns are taps (places of the kernel)
 * times input channels, channels fastest: neighbours of an N:M pattern are input channels, as sparse hardware reads
 * them (Mishra 2021, section 4).
 */
export interface MatrixLayout {
  readonly groups: number;
  /** Output channels of a group. */
  readonly rows: number;
  /** Spatial shape of a kernel; empty for matrices. */
  readonly kernel: readonly number[];
  /** Places of the kernel. */
  readonly taps: number;
  /** Input channels of a group. */
  readonly channels: number;
  readonly base: number;
  readonly strides: { readonly group: number; readonly row: number; readonly tap: number; readonly channel: number };
}

/** Columns that are looked at together: the Gram matrix of 4096 takes 134 MB, its inverse about 5 s (2048: 0.8 s on 2 cores). */
export const MOST_COLUMNS = 4096;
/** Sums (float64) that are held at a time, for all weights that are looked at in one go. */
export const STAGE_BYTES = 256 * 2 ** 20;

export function columnsOf({ taps, channels }: MatrixLayout): number {
  return taps * channels;
}

export function sizeOf(layout: MatrixLayout): number {
  return layout.groups * layout.rows * columnsOf(layout);
}

/** Layout of the weight of a linear node, by the shape in which the node sees it; undefined for what is no matrix. */
export function layoutOf(node: Node, dims: readonly number[]): MatrixLayout | undefined {
  const [first = 1, second = 1] = dims;
  const kernel = isOp(node, 'Conv', 'ConvTranspose') ? dims.slice(2) : [];
  const taps = elementCount(kernel);
  const groups = intAttribute(node, 'group', 1);
  if (isOp(node, 'Conv')) {
    // [outputs, inputs of a group, ...kernel]
    const rows = first / groups;
    return { groups, rows, kernel, taps, channels: second, base: 0, strides: { group: rows * second * taps, row: second * taps, tap: 1, channel: taps } };
  }
  if (isOp(node, 'ConvTranspose')) {
    // [inputs, outputs of a group, ...kernel]; taps backwards: as the convolution over the spread input sees them.
    const channels = first / groups;
    return { groups, rows: second, kernel, taps, channels, base: taps - 1, strides: { group: channels * second * taps, row: taps, tap: -1, channel: second * taps } };
  }
  if (dims.length !== 2) return undefined;
  const isTransposed = isOp(node, 'Gemm') && intAttribute(node, 'transB', 0) === 1;
  return isTransposed
    ? { groups: 1, rows: first, kernel, taps, channels: second, base: 0, strides: { group: 0, row: second, tap: 0, channel: 1 } }
    : { groups: 1, rows: second, kernel, taps, channels: first, base: 0, strides: { group: 0, row: 1, tap: 0, channel: second } };
}

/** Position in the seen weight of every matrix element: groups, then rows, then columns. */
export function positionsOf(layout: MatrixLayout): Int32Array {
  const { groups, rows, taps, channels, base, strides } = layout;
  const positions = new Int32Array(sizeOf(layout));
  let at = 0;
  for (let group = 0; group < groups; group += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let tap = 0; tap < taps; tap += 1) {
        const start = base + group * strides.group + row * strides.row + tap * strides.tap;
        for (let channel = 0; channel < channels; channel += 1) positions[at++] = start + channel * strides.channel;
      }
    }
  }
  return positions;
}

/** A Transpose between the stored weight and the node. */
export interface Transposition {
  readonly dims: readonly number[];
  readonly perm: readonly number[];
}

/** Stored position of every element that is seen behind the transpositions, first one nearest to the stored tensor. */
export function storedPositions(transpositions: readonly Transposition[], count: number): Int32Array {
  let order = new Int32Array(count);
  for (let index = 0; index < count; index += 1) order[index] = index;
  for (const { dims, perm } of transpositions) {
    const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
    const seen = perm.map((axis) => ({ size: dims[axis] ?? 1, stride: strides[axis] ?? 1 }));
    const before = order;
    order = new Int32Array(count);
    for (let index = 0; index < count; index += 1) {
      let rest = index;
      let position = 0;
      for (let axis = seen.length - 1; axis >= 0; axis -= 1) {
        const { size, stride } = seen[axis] as (typeof seen)[number];
        position += (rest % size) * stride;
        rest = Math.floor(rest / size);
      }
      order[index] = before[position] as number;
    }
  }
  return order;
}
