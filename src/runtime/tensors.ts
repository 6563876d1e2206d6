// Arrays of the engine to tensors of onnxruntime-node and back, without copying where the layout is the same.

import type { NdArray } from '../engine/ports';
import type { DataType } from '../engine/ir/dataTypes';
import { elementCount } from '../engine/ir/model';
import { EngineError } from '../engine/error';
import { type OrtTensor, Tensor } from './ort';

/**
 * Types that the Node binding of 1.30 carries. int4 and uint4 it lists and then refuses ("Tensor.type is not supported");
 * bfloat16, float8 and complex it does not know. Inside a graph they all run: put a Cast or a DequantizeLinear before.
 */
const carried = [
  'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64', 'uint32', 'uint64',
] as const satisfies readonly DataType[];
export type CarriedType = (typeof carried)[number];

export function isCarried(type: DataType): type is CarriedType {
  return (carried as readonly DataType[]).includes(type);
}

/** Throws `unsupportedType` for a type the binding does not carry, `runFailed` when data and dims do not agree. */
export function toOrt(name: string, array: NdArray): OrtTensor {
  if (!isCarried(array.type)) {
    throw new EngineError('unsupportedType', { tensor: name, type: array.type, by: 'onnxruntime-node', supported: 'float32' });
  }
  const wanted = elementCount(array.dims);
  if (array.data.length !== wanted) {
    throw new EngineError('runFailed', { place: name, reason: `${array.data.length} values for shape [${array.dims.join(', ')}]` });
  }
  // The typings tie every type name to its array; here the pair was made by the engine and checked above.
  const make = Tensor as unknown as new (type: CarriedType, data: NdArray['data'], dims: readonly number[]) => OrtTensor;
  return new make(array.type, array.data, array.dims);
}

export function fromOrt(tensor: OrtTensor): NdArray {
  // `Tensor.type` lists the types of the web build too; the Node binding gives none outside `carried`.
  return { type: tensor.type, dims: tensor.dims, data: bits(tensor.type, tensor.data) };
}

/** From Node 24 on, float16 comes as Float16Array; the engine wants its bits. */
function bits(type: string, data: OrtTensor['data']): NdArray['data'] {
  if (type === 'float16' && !(data instanceof Uint16Array) && ArrayBuffer.isView(data)) {
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT);
  }
  return data;
}
