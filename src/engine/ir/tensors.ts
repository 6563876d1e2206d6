// Values of tensors: from payload bytes to typed arrays and back. Reading is asynchronous because weights may be on disk.

import { EngineError } from '../error';
import type { NdArray, TypedArray } from '../ports';
import { bitsOf, bytesOf, type DataType } from './dataTypes';
import { payloadLength } from './expand';
import { elementCount, type Tensor, type TensorData } from './model';

const utf8 = new TextDecoder();
const toUtf8 = new TextEncoder();

/**
 * Values in row-major order. 4- and 2-bit types stay packed (low bits first) in a Uint8Array, 8-bit floats are bytes, 16-bit
 * floats are Uint16Array of bits, complex numbers are pairs.
 *
 * @throws EngineError `tensorSizeMismatch` when bytes and shape disagree.
 */
export async function readTensor(tensor: Tensor): Promise<NdArray> {
  const { type, dims } = tensor;
  if ('strings' in tensor.data) return { type, dims, data: tensor.data.strings.map((value) => utf8.decode(value)) };
  const bytes = await payloadBytes(tensor.data);
  const count = elementCount(dims);
  if (tensor.data.encoding === 'raw' || tensor.data.encoding === 'float' || tensor.data.encoding === 'double') {
    const wanted = bytesOf(type, count);
    if (bytes.length !== wanted) throw sizeMismatch(tensor, bytes.length, wanted);
    return { type, dims, data: view(type, bytes) };
  }
  const wanted = bitsOf(type) < 8 ? bytesOf(type, count) : count;
  const { data, found } = fromVarints(type, bytes, wanted);
  if (found !== wanted) throw sizeMismatch(tensor, found, wanted);
  return { type, dims, data };
}

/** Values as numbers (int64 beyond 2^53 loses precision, as in shapes it never is). Small tensors only. */
export async function readNumbers(tensor: Tensor): Promise<number[]> {
  const { data } = await readTensor(tensor);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Bytes the tensor's values take in the file, without reading them. */
export function storedBytes(tensor: Tensor): number {
  if ('strings' in tensor.data) return tensor.data.strings.reduce((sum, value) => sum + value.length, 0);
  return payloadLength(tensor.data);
}

/** A tensor with raw little-endian data. The array's memory is used as it is: do not change it afterwards. */
export function tensorFrom(name: string, array: NdArray): Tensor {
  const { type, dims, data } = array;
  if (isTexts(data)) return { name, type, dims, data: { strings: data.map((value) => toUtf8.encode(value)) } };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const wanted = bytesOf(type, elementCount(dims));
  if (bytes.length !== wanted) {
    throw new EngineError('tensorSizeMismatch', { tensor: name, found: bytes.length, type, shape: dims.join(', '), wanted });
  }
  return { name, type, dims, data: { encoding: 'raw', at: { bytes } } };
}

export function isTexts(data: NdArray['data']): data is readonly string[] {
  return Array.isArray(data);
}

async function payloadBytes(data: TensorData): Promise<Uint8Array> {
  return 'bytes' in data.at ? data.at.bytes : data.at.source.read(data.at.offset, data.at.length);
}

function sizeMismatch(tensor: Tensor, found: number, wanted: number): EngineError {
  return new EngineError('tensorSizeMismatch', { tensor: tensor.name, found, type: tensor.type, shape: tensor.dims.join(', '), wanted });
}

const views: Readonly<Record<Exclude<DataType, 'undefined' | 'string'>, new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray>> = {
  float32: Float32Array, float64: Float64Array, complex64: Float32Array, complex128: Float64Array,
  float16: Uint16Array, bfloat16: Uint16Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, bool: Uint8Array,
  float8e4m3fn: Uint8Array, float8e4m3fnuz: Uint8Array, float8e5m2: Uint8Array, float8e5m2fnuz: Uint8Array, float8e8m0: Uint8Array,
  uint4: Uint8Array, int4: Uint8Array, float4e2m1: Uint8Array, uint2: Uint8Array, int2: Uint8Array,
};

/** Bytes as a typed array; copied when they do not lie on the alignment the type wants. */
function view(type: DataType, bytes: Uint8Array): TypedArray {
  if (type === 'undefined' || type === 'string') throw new EngineError('unsupportedType', { tensor: '', type, by: 'Decant', supported: 'float32' });
  const array = views[type];
  const size = (array as unknown as { readonly BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  // Not `slice`: that of a Buffer copies nothing.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/** 64-bit types, whose varints need both halves. */
const wide: ReadonlySet<DataType> = new Set(['int64', 'uint64']);

/**
 * Packed varints as the type's array of `wanted` elements, and how many there are (one more than wanted stands for any
 * number above). Negative numbers of int32_data may be written with 5 or 10 bytes: the bits above the type's go.
 */
function fromVarints(type: DataType, bytes: Uint8Array, wanted: number): { readonly data: TypedArray; readonly found: number } {
  const isWide = wide.has(type);
  // Halves of 64 bits, the low one first: the byte order of a BigInt64Array on every machine that runs Node.js.
  const halves = new Int32Array(isWide ? wanted * 2 : wanted);
  let found = 0;
  let low = 0;
  let high = 0;
  let shift = 0;
  for (const byte of bytes) {
    if (found >= wanted) {
      found += 1;
      break;
    }
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    if (shift === 28) high |= bits >> 4;
    else if (shift > 28 && shift < 64) high |= bits << (shift - 32);
    shift += 7;
    if (byte >= 0x80) continue;
    if (isWide) halves[2 * found + 1] = high;
    halves[isWide ? 2 * found : found] = low;
    found += 1;
    low = high = shift = 0;
  }
  return { data: typed(type, halves), found };
}

function typed(type: DataType, halves: Int32Array): TypedArray {
  switch (type) {
    case 'int64': return new BigInt64Array(halves.buffer);
    case 'uint64': return new BigUint64Array(halves.buffer);
    case 'int32': return halves;
    case 'uint32': return new Uint32Array(halves.buffer);
    case 'int16': return Int16Array.from(halves);
    case 'int8': return Int8Array.from(halves);
    case 'uint16': case 'float16': case 'bfloat16': return Uint16Array.from(halves);
    default: return Uint8Array.from(halves);
  }
}
