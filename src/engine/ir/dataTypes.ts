// Element types of ONNX tensors (TensorProto.DataType), by name, with their sizes.

/** Names in the order of TensorProto.DataType in onnx.proto (ONNX 1.20); the index is the wire value. */
export const dataTypes = [
  'undefined', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64',
  'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2',
  'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1', 'float8e8m0', 'uint2', 'int2',
] as const;

export type DataType = (typeof dataTypes)[number];

const bits: Readonly<Record<DataType, number>> = {
  undefined: 0, string: 0, bool: 8,
  float32: 32, float64: 64, float16: 16, bfloat16: 16,
  uint8: 8, int8: 8, uint16: 16, int16: 16, int32: 32, uint32: 32, int64: 64, uint64: 64,
  complex64: 64, complex128: 128,
  float8e4m3fn: 8, float8e4m3fnuz: 8, float8e5m2: 8, float8e5m2fnuz: 8, float8e8m0: 8,
  uint4: 4, int4: 4, float4e2m1: 4, uint2: 2, int2: 2,
};

export function bitsOf(type: DataType): number {
  return bits[type];
}

/** Bytes of `count` elements packed as in `raw_data` (4-bit and 2-bit types share bytes). */
export function bytesOf(type: DataType, count: number): number {
  return Math.ceil((count * bits[type]) / 8);
}

export function dataTypeOf(wire: number): DataType {
  return dataTypes[wire] ?? 'undefined';
}

export function wireOf(type: DataType): number {
  return dataTypes.indexOf(type);
}

export function isFloat(type: DataType): boolean {
  return type.startsWith('float') || type === 'bfloat16';
}

export function isInteger(type: DataType): boolean {
  return type.startsWith('int') || type.startsWith('uint');
}
