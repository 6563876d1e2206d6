// A tensor without some of its entries. Reads only ranges that hold entries that stay, in pieces: a weight on disk is never
// whole in memory beside its smaller copy.

import { bitsOf } from '../../../ir/dataTypes';
import { elementCount, type Tensor, type TensorData } from '../../../ir/model';
import { isTexts, readTensor, tensorFrom } from '../../../ir/tensors';
import type { TypedArray } from '../../../ports';
import type { KeptEntries } from './kept';

/** Bytes read at a time. */
const PIECE_BYTES = 1 << 24;

/** The tensor with only the kept entries of each axis (undefined: all of them); same name, same element type. */
export async function sliceTensor(tensor: Tensor, kept: readonly KeptEntries[]): Promise<Tensor> {
  const { data, dims, type } = tensor;
  const wanted = dims.map((dim, axis) => kept[axis]?.length ?? dim);
  if ('strings' in data || data.encoding === 'int32' || data.encoding === 'int64' || data.encoding === 'uint64') {
    return { ...described(tensor), dims: wanted, data: await sliceValues(tensor, wanted, kept) };
  }
  const elementBytes = bitsOf(type) / 8;
  const bytes = new Uint8Array(elementCount(wanted) * elementBytes);
  await copyRows(data, dims, kept, elementBytes, bytes);
  return { ...described(tensor), dims: wanted, data: { encoding: 'raw', at: { bytes } } };
}

/** What the file said of the tensor, without what it said of its payload. */
function described({ name, type, docString, metadata, unknown }: Tensor): Omit<Tensor, 'data' | 'dims'> {
  return { name, type, ...(docString !== undefined && { docString }), ...(metadata && { metadata }), ...(unknown && { unknown }) };
}

/** Packed varints (small tensors of integers): element by element. */
async function sliceValues(tensor: Tensor, dims: readonly number[], kept: readonly KeptEntries[]): Promise<Tensor['data']> {
  const { data, type } = await readTensor(tensor);
  const from = (at: number): number => sourceIndex(at, dims, tensor.dims, kept);
  const count = elementCount(dims);
  if (isTexts(data)) {
    const texts = Array.from({ length: count }, (_, at) => data[from(at)] ?? '');
    return tensorFrom(tensor.name, { type, dims, data: texts }).data;
  }
  const values = data.slice(0, count) as TypedArray;
  for (let at = 0; at < count; at++) values[at] = data[from(at)] ?? 0;
  return tensorFrom(tensor.name, { type, dims, data: values }).data;
}

function sourceIndex(at: number, dims: readonly number[], before: readonly number[], kept: readonly KeptEntries[]): number {
  let rest = at;
  let stride = 1;
  let index = 0;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = dims[axis] ?? 1;
    const own = rest % size;
    rest = Math.floor(rest / size);
    index += (kept[axis]?.[own] ?? own) * stride;
    stride *= before[axis] ?? 1;
  }
  return index;
}

/** A run of bytes that stay together. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

async function copyRows(data: TensorData, dims: readonly number[], kept: readonly KeptEntries[], elementBytes: number, into: Uint8Array): Promise<void> {
  let piece: Run[] = [];
  for (const run of runs(dims, kept, elementBytes)) {
    const [first] = piece;
    if (first !== undefined && run.from + run.length - first.from > PIECE_BYTES) {
      await copyPiece(data, piece, into);
      piece = [];
    }
    piece.push(run);
  }
  await copyPiece(data, piece, into);
}

async function copyPiece(data: TensorData, piece: readonly Run[], into: Uint8Array): Promise<void> {
  const [first, last] = [piece[0], piece.at(-1)];
  if (first === undefined || last === undefined) return;
  const length = last.from + last.length - first.from;
  const bytes = 'bytes' in data.at ? data.at.bytes.subarray(first.from, first.from + length) : await data.at.source.read(data.at.offset + first.from, length);
  for (const { from, to, length: count } of piece) into.set(bytes.subarray(from - first.from, from - first.from + count), to);
}

/** Runs in the order of the source; each is contiguous in both tensors. */
function* runs(dims: readonly number[], kept: readonly KeptEntries[], elementBytes: number): Generator<Run> {
  const lastCut = kept.findLastIndex((entries) => entries !== undefined);
  const inner = dims.slice(lastCut + 1).reduce((product, dim) => product * dim, 1) * elementBytes;
  const outer = dims.slice(0, lastCut);
  const offsets = outerOffsets(outer, kept.slice(0, lastCut));
  const rows = [...consecutive(kept[lastCut] ?? new Int32Array(0))];
  const rowBytes = (dims[lastCut] ?? 1) * inner;
  let to = 0;
  for (const offset of offsets) {
    for (const [start, count] of rows) {
      yield { from: offset * rowBytes + start * inner, to, length: count * inner };
      to += count * inner;
    }
  }
}

/** Numbers of the rows that stay, rows being what the axes before the last cut one count. */
function* outerOffsets(dims: readonly number[], kept: readonly KeptEntries[], axis = 0, base = 0): Generator<number> {
  const size = dims[axis];
  if (size === undefined) {
    yield base;
    return;
  }
  const own = kept[axis];
  for (let at = 0; at < (own?.length ?? size); at++) yield* outerOffsets(dims, kept, axis + 1, base * size + (own?.[at] ?? at));
}

/** Rising indices as ranges [start, count]. */
function* consecutive(indices: Int32Array): Generator<readonly [number, number]> {
  let [start, count] = [-1, 0];
  for (const index of indices) {
    if (index === start + count) {
      count += 1;
      continue;
    }
    if (count > 0) yield [start, count];
    [start, count] = [index, 1];
  }
  if (count > 0) yield [start, count];
}
