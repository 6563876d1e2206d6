// A column over one array of fixed element type whose first dimension counts the samples (npy, npz, idx, raw). Reads by
// range; a small array is kept in memory once its samples are asked for out of order.

import type { DataType } from '../../ir/dataTypes';
import { bytesOf } from '../../ir/dataTypes';
import type { ByteSource, NdArray, TypedArray } from '../../ports';
import type { Label } from '../dataset';
import type { Layout } from '../description';
import { type Column, type LabelColumn, runsOf } from './column';

export interface StoredArray {
  readonly source: ByteSource;
  readonly type: DataType;
  /** First dimension: samples. */
  readonly dims: readonly number[];
  /** Byte of the first element. */
  readonly offset: number;
  readonly bigEndian: boolean;
}

/** Training asks for samples in random order, again and again: 64 reads cost 1.3 ms, as much as a step of a small network. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Requests of fewer runs are neighbours read together. */
const SCATTERED_RUNS = 8;

export function arrayColumn(array: StoredArray, shape: readonly number[] = array.dims.slice(1), layout?: Layout): Column {
  const values = shape.reduce((product, dimension) => product * dimension, 1);
  const size = array.dims[0] ?? 0;
  const isSmall = bytesOf(array.type, size * values) <= KEPT_BYTES;
  let kept: TypedArray | undefined;
  return {
    size,
    ...(layout === undefined ? {} : { layout }),
    async read(indices) {
      const samples: NdArray[] = [];
      const runs = [...runsOf(indices)];
      if (isSmall && runs.length >= SCATTERED_RUNS) kept ??= await readElements(array, 0, size * values);
      for (const [, first, count] of runs) {
        const data = kept?.subarray(first * values, (first + count) * values) ?? await readElements(array, first * values, count * values);
        for (let sample = 0; sample < count; sample += 1) {
          samples.push({ type: array.type, dims: shape, data: data.subarray(sample * values, (sample + 1) * values) });
        }
      }
      return samples;
    },
  };
}

/**
 * Labels in an array: a number a sample for shapes [n] and [n, 1], a list for [n, k], an array for more dimensions
 * (masks).
 */
export function arrayLabels(array: StoredArray): LabelColumn {
  const column = arrayColumn(array);
  const rank = array.dims.length;
  const scalar = rank === 1 || (rank === 2 && array.dims[1] === 1);
  return {
    size: column.size,
    async read(indices) {
      const samples = await column.read(indices);
      return samples.map((sample): Label => {
        if (typeof sample === 'string' || rank > 2) return sample;
        const numbers = Array.from(sample.data, Number);
        return scalar ? (numbers[0] as number) : numbers;
      });
    },
  };
}

/** `count` elements from element `first`, in the machine's byte order. */
async function readElements(array: StoredArray, first: number, count: number): Promise<TypedArray> {
  const bytes = await array.source.read(array.offset + bytesOf(array.type, first), bytesOf(array.type, count));
  return typedArray(array.type, bytes, array.bigEndian);
}

const constructors = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array, bool: Uint8Array,
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array,
  uint32: Uint32Array, int32: Int32Array, uint64: BigUint64Array, int64: BigInt64Array,
} as const;

export type NumericType = keyof typeof constructors;

export function isNumericType(type: DataType): type is NumericType {
  return Object.hasOwn(constructors, type);
}

/** Little-endian bytes (big-endian ones are swapped) as elements; copies where the alignment wants it. */
export function typedArray(type: DataType, bytes: Uint8Array, bigEndian = false): TypedArray {
  if (!isNumericType(type)) throw new TypeError(`no array of ${type}`);
  const Constructor = constructors[type];
  const size = Constructor.BYTES_PER_ELEMENT;
  const aligned = bigEndian || bytes.byteOffset % size !== 0 ? bytes.slice() : bytes;
  if (bigEndian && size > 1) for (let at = 0; at < aligned.length; at += size) aligned.subarray(at, at + size).reverse();
  return new Constructor(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / size);
}
