// Values of a tensor as literals and back. 16- and 8-bit floats and packed 4- and 2-bit numbers are written as ONNX's own
// printer does: as integers that hold their bits.

import { bitsOf, bytesOf, type DataType } from '../dataTypes';
import { elementCount, type TensorData } from '../model';
import { floatOf, floatText } from './numbers';

type Encoding = TensorData['encoding'];

interface Cells {
  readonly size: number;
  read(view: DataView, at: number): string;
  write(view: DataView, at: number, literal: string): void;
}

const whole = (size: number, get: (view: DataView, at: number) => number, set: (view: DataView, at: number, value: number) => void): Cells =>
  ({ size, read: (view, at) => String(get(view, at)), write: (view, at, literal) => set(view, at, Number(literal)) });

const uint8 = whole(1, (view, at) => view.getUint8(at), (view, at, value) => view.setUint8(at, value));
const uint16 = whole(2, (view, at) => view.getUint16(at, true), (view, at, value) => view.setUint16(at, value, true));
const single: Cells = { size: 4, read: (view, at) => floatText(view.getFloat32(at, true), true), write: (view, at, literal) => view.setFloat32(at, floatOf(literal), true) };
const double: Cells = { size: 8, read: (view, at) => floatText(view.getFloat64(at, true), false), write: (view, at, literal) => view.setFloat64(at, floatOf(literal), true) };

/** Cells of `raw_data` (little-endian) by type; a type that is not listed has bytes. */
const rawCells: Readonly<Partial<Record<DataType, Cells>>> = {
  float32: single, complex64: single, float64: double, complex128: double, float16: uint16, bfloat16: uint16, uint16,
  int8: whole(1, (view, at) => view.getInt8(at), (view, at, value) => view.setInt8(at, value)),
  int16: whole(2, (view, at) => view.getInt16(at, true), (view, at, value) => view.setInt16(at, value, true)),
  int32: whole(4, (view, at) => view.getInt32(at, true), (view, at, value) => view.setInt32(at, value, true)),
  uint32: whole(4, (view, at) => view.getUint32(at, true), (view, at, value) => view.setUint32(at, value, true)),
  int64: { size: 8, read: (view, at) => String(view.getBigInt64(at, true)), write: (view, at, literal) => view.setBigInt64(at, BigInt(literal), true) },
  uint64: { size: 8, read: (view, at) => String(view.getBigUint64(at, true)), write: (view, at, literal) => view.setBigUint64(at, BigInt(literal), true) },
};

function cellsOf(type: DataType, encoding: Encoding): Cells | undefined {
  if (encoding === 'float') return single;
  if (encoding === 'double') return double;
  return encoding === 'raw' ? (rawCells[type] ?? uint8) : undefined;
}

/** Literals a tensor has in braces: one an element, two for complex numbers, one a byte for packed types. */
export function literalCount(type: DataType, dims: readonly number[]): number {
  const count = elementCount(dims);
  if (bitsOf(type) > 0 && bitsOf(type) < 8) return bytesOf(type, count);
  return type === 'complex64' || type === 'complex128' ? 2 * count : count;
}

/** Whether literals of the type may have a point, an exponent or be a word. */
export function hasFloatLiterals(type: DataType): boolean {
  return type === 'float32' || type === 'float64' || type === 'complex64' || type === 'complex128';
}

/** Literals of a payload; undefined where the bytes do not divide into elements. */
export function literalsOf(type: DataType, encoding: Encoding, bytes: Uint8Array): string[] | undefined {
  const cells = cellsOf(type, encoding);
  if (cells === undefined) return varintLiterals(bytes, encoding);
  if (bytes.length % cells.size !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / cells.size }, (_, index) => cells.read(view, index * cells.size));
}

/** The payload that literals stand for. */
export function payloadOf(type: DataType, encoding: Encoding, literals: readonly string[]): Uint8Array {
  const cells = cellsOf(type, encoding);
  if (cells === undefined) {
    const out: number[] = [];
    for (const literal of literals) pushVarint(out, BigInt.asUintN(64, BigInt(literal)));
    return Uint8Array.from(out);
  }
  const bytes = new Uint8Array(literals.length * cells.size);
  const view = new DataView(bytes.buffer);
  literals.forEach((literal, index) => cells.write(view, index * cells.size, literal));
  return bytes;
}

function varintLiterals(bytes: Uint8Array, encoding: Encoding): string[] {
  const literals: string[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    literals.push(String(encoding === 'uint64' ? BigInt.asUintN(64, value) : BigInt.asIntN(encoding === 'int32' ? 32 : 64, value)));
    value = 0n;
    shift = 0n;
  }
  return literals;
}

function pushVarint(out: number[], value: bigint): void {
  let rest = value;
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}
