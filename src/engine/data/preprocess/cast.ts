// Arrays of the element type that a model's input has, and writing numbers into them.

import { EngineError } from '../../error';
import type { DataType } from '../../ir/dataTypes';
import type { NdArray, TypedArray } from '../../ports';

export interface Writer {
  readonly data: TypedArray;
  set(index: number, value: number): void;
}

/** A zeroed array of `count` elements and a setter that converts: integers round and are cut to the range of the type. */
export function writerOf(type: DataType, count: number, input: string): Writer {
  switch (type) {
    case 'float32': return plain(new Float32Array(count));
    case 'float64': return plain(new Float64Array(count));
    case 'uint8': return whole(new Uint8Array(count), 0, 255);
    case 'int8': return whole(new Int8Array(count), -128, 127);
    case 'uint16': return whole(new Uint16Array(count), 0, 65_535);
    case 'int16': return whole(new Int16Array(count), -32_768, 32_767);
    case 'uint32': return whole(new Uint32Array(count), 0, 2 ** 32 - 1);
    case 'int32': return whole(new Int32Array(count), -(2 ** 31), 2 ** 31 - 1);
    case 'bool': {
      const data = new Uint8Array(count);
      return { data, set: (index, value) => { data[index] = value === 0 ? 0 : 1; } };
    }
    case 'int64': {
      const data = new BigInt64Array(count);
      return { data, set: (index, value) => { data[index] = BigInt(Math.round(value)); } };
    }
    case 'uint64': {
      const data = new BigUint64Array(count);
      return { data, set: (index, value) => { data[index] = BigInt(Math.max(0, Math.round(value))); } };
    }
    case 'float16': {
      const data = new Uint16Array(count);
      return { data, set: (index, value) => { data[index] = halfBits(value); } };
    }
    default:
      throw new EngineError('unsupportedType', { tensor: input, type, by: 'the data', supported: 'float32, float16, float64, integers, bool or string' });
  }
}

/** Elements of a stored array as numbers. */
export function numberAt(array: NdArray): (index: number) => number {
  const { data, type } = array;
  if (type === 'float16') return (index) => halfValue(Number(data[index]));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return (index) => Number(data[index]);
  const numbers = data as Exclude<TypedArray, BigInt64Array | BigUint64Array>;
  return (index) => numbers[index] as number;
}

function plain(data: Float32Array | Float64Array): Writer {
  return { data, set: (index, value) => { data[index] = value; } };
}

function whole(data: Exclude<TypedArray, BigInt64Array | BigUint64Array>, low: number, high: number): Writer {
  return { data, set: (index, value) => { data[index] = Math.min(high, Math.max(low, Math.round(value))); } };
}

/** IEEE 754 binary16, to nearest, ties to even. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65_520) return sign | 0x7c00;
  // Below 2^-14 the step is that of the subnormals, 2^-24.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const step = 2 ** (exponent - 10);
  const units = evenRound(size / step);
  if (exponent === -14 && units < 1024) return sign | units;
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  return sign | (((exponent + 15) << 10) + (units - 1024));
}

export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function evenRound(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
