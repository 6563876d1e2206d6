// TensorProto and SparseTensorProto to records, with the checks that need no weights: one place for the data, in a field
// that the type uses, of the size that type and shape need.

import { isFieldSet } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { EngineError } from '../error';
import { bitsOf, bytesOf, type DataType, dataTypeOf, isFloat, wireOf } from './dataTypes';
import { carried, entries } from './decodeFields';
import { payloadLength } from './expand';
import { elementCount, NO_DATA, type SparseTensor, type Tensor, type TensorData } from './model';
import { MARKER_FIELD } from './payloads';
import { remember, Surplus } from './written';
import { MAX_VARINT_BYTES } from './wire';

/**
 * Resolves the payload of an external tensor (`data_location` EXTERNAL) to a reference. `bytes` is what type and shape
 * need, for entries that state no length.
 */
export type ExternalResolver = (tensor: string, entries: ReadonlyMap<string, string>, bytes: number) => TensorData;

export class TensorDecoder {
  constructor(private readonly payloads: readonly TensorData[], private readonly external: ExternalResolver) {}

  sparse(message: pb.SparseTensorProto): SparseTensor {
    const name = message.values?.name ?? '';
    if (message.values === undefined || message.indices === undefined) {
      throw new EngineError('invalidGraph', { node: name, op: 'sparse tensor', rule: 'broken.sparseParts' });
    }
    const { unknown } = carried(pb.SparseTensorProtoSchema, message);
    return { values: this.tensor(message.values), indices: this.tensor(message.indices), dims: dimsOf(name, message.dims), ...(unknown && { unknown }) };
  }

  tensor(message: pb.TensorProto): Tensor {
    const { field } = pb.TensorProtoSchema;
    const dims = dimsOf(message.name, message.dims);
    const surplus = new Surplus();
    const metadata = entries(message.metadataProps, surplus, field.metadataProps);
    if (message.dataLocation !== pb.TensorProto_DataLocation.EXTERNAL) {
      for (const entry of message.externalData) surplus.keep(field.externalData.number, pb.StringStringEntryProtoSchema, entry);
    }
    const segment = segmentOf(message, surplus);
    const { unknown, explicit } = carried(pb.TensorProtoSchema, message, { surplus, represented: payloadProperties });
    const kept = unknown?.filter((item) => item.no !== MARKER_FIELD) ?? [];
    const tensor: Tensor = {
      name: message.name,
      type: dataTypeOf(message.dataType),
      dims,
      data: this.data(message, dims),
      ...(message.docString !== '' && { docString: message.docString }),
      ...(metadata.size > 0 && { metadata }),
      ...(segment && { segment }),
      ...(kept.length > 0 && { unknown: kept }),
      ...(explicit && { explicit }),
    };
    requireFit(tensor);
    if (wireOf(tensor.type) !== message.dataType) remember(tensor, message);
    return tensor;
  }

  private data(message: pb.TensorProto, dims: readonly number[]): Tensor['data'] {
    const type = dataTypeOf(message.dataType);
    const lifted = (message.$unknown ?? []).filter((field) => field.no === MARKER_FIELD).map((field) => this.payloads[markerValue(field.data)]);
    const loose = unpacked(message);
    const isExternal = message.dataLocation === pb.TensorProto_DataLocation.EXTERNAL;
    const [only, ...more] = [...lifted, ...loose];
    const places = lifted.length + loose.length + (message.stringData.length > 0 ? 1 : 0) + (isExternal ? 1 : 0);
    if (places > 1 || more.length > 0) throw invalidTensor(message.name, 'its data are written in more than one field');
    if (isExternal) {
      if (type === 'string') throw invalidTensor(message.name, 'texts cannot be in an external file');
      return this.external(message.name, entries(message.externalData, new Surplus(), pb.TensorProtoSchema.field.externalData), bytesOf(type, elementCount(dims)));
    }
    if (message.stringData.length > 0 || (type === 'string' && only === undefined)) return { strings: message.stringData };
    return only ?? NO_DATA;
  }
}

const payloadProperties: ReadonlySet<string> = new Set(['rawData']);

function invalidTensor(name: string, rule: string): EngineError {
  return new EngineError('invalidGraph', { node: name, op: 'tensor', rule });
}

function dimsOf(name: string, wire: readonly bigint[]): number[] {
  const dims = wire.length > MAX_RANK ? [] : wire.map(Number);
  if (wire.length > MAX_RANK || dims.some((dim) => dim < 0 || !Number.isSafeInteger(dim)) || !Number.isSafeInteger(elementCount(dims))) {
    throw invalidTensor(name, `the shape [${wire.slice(0, MAX_RANK_SHOWN).join(', ')}] is impossible`);
  }
  return dims;
}

/** As for the shapes of values (payloads.ts). */
const MAX_RANK = 256;
/** Longest shape in a message to a person. */
const MAX_RANK_SHOWN = 8;

function segmentOf(message: pb.TensorProto, surplus: Surplus): Tensor['segment'] {
  const { segment } = message;
  if (segment === undefined) return undefined;
  const { begin, end } = pb.TensorProto_SegmentSchema.field;
  if (isFieldSet(segment, begin) && isFieldSet(segment, end) && !segment.$unknown?.length) return { begin: segment.begin, end: segment.end };
  surplus.keep(pb.TensorProtoSchema.field.segment.number, pb.TensorProto_SegmentSchema, segment);
  return undefined;
}

/** Types by the typed field that holds their elements (onnx.proto, TensorProto); raw_data holds all but texts. */
function fieldOf(type: DataType): TensorData['encoding'] | undefined {
  switch (type) {
    case 'undefined': case 'string': return undefined;
    case 'float32': case 'complex64': return 'float';
    case 'float64': case 'complex128': return 'double';
    case 'int64': return 'int64';
    case 'uint32': case 'uint64': return 'uint64';
    default: return 'int32';
  }
}

/** @throws EngineError `tensorSizeMismatch` or `invalidGraph`. Types that have no name here are not judged. */
function requireFit({ name, type, dims, data }: Tensor): void {
  if (type === 'undefined') return;
  const count = elementCount(dims);
  const mismatch = (found: number, wanted: number): EngineError =>
    new EngineError('tensorSizeMismatch', { tensor: name, found, type, shape: dims.join(', '), wanted });
  if ('strings' in data) {
    if (type !== 'string') throw invalidTensor(name, `its data are texts, its type is ${type}`);
    if (data.strings.length !== count) throw mismatch(data.strings.length, count);
    return;
  }
  if (data.encoding !== 'raw' && data.encoding !== fieldOf(type)) throw invalidTensor(name, `its data are in the field ${data.encoding}_data, which the type ${type} does not use`);
  if (type === 'string') throw invalidTensor(name, 'its data are bytes, its type is string');
  const length = payloadLength(data);
  if (data.encoding === 'raw' || isFloat(type) && fieldOf(type) !== 'int32' || type.startsWith('complex')) {
    const wanted = bytesOf(type, count);
    if (length !== wanted) throw mismatch(length, wanted);
    return;
  }
  // Varints of one to ten bytes each; how many there are shows when they are read. Types below 8 bits are packed in bytes.
  const wanted = bitsOf(type) < 8 ? bytesOf(type, count) : count;
  if (length < wanted || length > wanted * MAX_VARINT_BYTES) throw mismatch(length, wanted);
}

function markerValue(data: Uint8Array): number {
  let value = 0;
  let scale = 1;
  for (const byte of data) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
  }
  return value;
}

/** Numbers that were written one by one (not packed), a payload for each field that has some. */
function unpacked(message: pb.TensorProto): TensorData[] {
  const found: TensorData[] = [];
  if (message.floatData.length > 0) found.push(bytesData('float', new Float32Array(message.floatData)));
  if (message.doubleData.length > 0) found.push(bytesData('double', new Float64Array(message.doubleData)));
  if (message.int32Data.length > 0) found.push(varintData('int32', message.int32Data.map(BigInt)));
  if (message.int64Data.length > 0) found.push(varintData('int64', message.int64Data));
  if (message.uint64Data.length > 0) found.push(varintData('uint64', message.uint64Data));
  return found;
}

function bytesData(encoding: TensorData['encoding'], values: Float32Array | Float64Array): TensorData {
  return { encoding, at: { bytes: new Uint8Array(values.buffer) } };
}

function varintData(encoding: TensorData['encoding'], values: readonly bigint[]): TensorData {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
  }
  return { encoding, at: { bytes: Uint8Array.from(bytes) } };
}
