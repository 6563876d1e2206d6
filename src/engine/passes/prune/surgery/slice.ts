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

/** Entries of one row (what lies behind one index of the axes before the last cut one), or some of them. */
interface Block {
  /** Byte at which the row begins. */
  readonly row: number;
  readonly entries: Int32Array;
}

async function copyRows(data: TensorData, dims: readonly number[], kept: readonly KeptEntries[], elementBytes: number, into: Uint8Array): Promise<void> {
  const lastCut = kept.findLastIndex((entries) => entries !== undefined);
  const inner = dims.slice(lastCut + 1).reduce((product, dim) => product * dim, 1) * elementBytes;
  const entries = kept[lastCut];
  if (entries === undefined || inner === 0) return;
  const rowBytes = (dims[lastCut] ?? 1) * inner;
  let piece: Block[] = [];
  let to = 0;
  const flush = async (): Promise<void> => {
    to = await copyPiece(data, piece, inner, into, to);
    piece = [];
  };
  for (const offset of outerOffsets(dims.slice(0, lastCut), kept.slice(0, lastCut))) {
    for (const part of parts(entries, inner)) {
      const block = { row: offset * rowBytes, entries: part };
      const [first] = piece;
      if (first !== undefined && endOf(block, inner) - startOf(first, inner) > PIECE_BYTES) await flush();
      piece.push(block);
    }
  }
  await flush();
}

function startOf({ row, entries }: Block, inner: number): number {
  return row + (entries[0] ?? 0) * inner;
}

function endOf({ row, entries }: Block, inner: number): number {
  return row + ((entries.at(-1) ?? 0) + 1) * inner;
}

/** The entries in parts that each span at most a piece (one entry may be larger). */
function* parts(entries: Int32Array, inner: number): Generator<Int32Array> {
  let start = 0;
  for (let end = 1; end <= entries.length; end++) {
    const span = ((entries[end] ?? Infinity) - (entries[start] ?? 0) + 1) * inner;
    if (span <= PIECE_BYTES) continue;
    yield entries.subarray(start, end);
    start = end;
  }
}

/** Reads what the blocks span and copies their entries behind each other from byte `to` on; gives where they end. */
async function copyPiece(data: TensorData, piece: readonly Block[], inner: number, into: Uint8Array, to: number): Promise<number> {
  const [first, last] = [piece[0], piece.at(-1)];
  if (first === undefined || last === undefined) return to;
  const start = startOf(first, inner);
  const length = endOf(last, inner) - start;
  const bytes = 'bytes' in data.at ? data.at.bytes.subarray(start, start + length) : await data.at.source.read(data.at.offset + start, length);
  let at = to;
  const copy = inner % WORD === 0 ? wordCopier(bytes, into) : byteCopier(bytes, into);
  for (const { row, entries } of piece) {
    for (const entry of entries) {
      copy(row + entry * inner - start, inner, at);
      at += inner;
    }
  }
  return at;
}

type Copier = (from: number, length: number, to: number) => void;

const WORD = 4;
/** Below this many words a loop is faster than making two views. */
const LOOP_WORDS = 16;

function byteCopier(source: Uint8Array, target: Uint8Array): Copier {
  return (from, length, to) => target.set(source.subarray(from, from + length), to);
}

/** Four bytes at a time; all offsets are multiples of that. */
function wordCopier(bytes: Uint8Array, target: Uint8Array): Copier {
  const aligned = bytes.byteOffset % WORD === 0 ? bytes : new Uint8Array(bytes);
  const source = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / WORD);
  const result = new Uint32Array(target.buffer, target.byteOffset, target.byteLength / WORD);
  return (from, length, to) => {
    const [first, count, at] = [from / WORD, length / WORD, to / WORD];
    if (count > LOOP_WORDS) result.set(source.subarray(first, first + count), at);
    else for (let word = 0; word < count; word++) result[at + word] = source[first + word] ?? 0;
  };
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
