// From protobuf messages (with payload markers, see payloads.ts) to the records of model.ts. Nothing is dropped: unknown
// fields, unknown types and fields explicitly set to their default travel along.

import { type DescMessage, isFieldSet, type Message, toBinary } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { EngineError } from '../error';
import { dataTypeOf } from './dataTypes';
import type {
  Attribute, AttributeValue, Dim, ExplicitFields, FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor, TensorData, TrainingInfo,
  UnknownFields, ValueInfo, ValueType,
} from './model';
import { NO_DATA } from './model';
import { MARKER_FIELD } from './payloads';

/** Resolves the payload of an external tensor (`data_location` EXTERNAL) to a reference. */
export type ExternalResolver = (tensor: string, entries: ReadonlyMap<string, string>) => TensorData;

export function decodeModel(message: pb.ModelProto, payloads: readonly TensorData[], external: ExternalResolver): Model {
  if (message.graph === undefined) throw new EngineError('internal', { activity: 'progress.reading', reason: 'no graph' });
  return new Decoder(payloads, external).model(message, message.graph);
}

class Decoder {
  constructor(private readonly payloads: readonly TensorData[], private readonly external: ExternalResolver) {}

  model(message: pb.ModelProto, graph: pb.GraphProto): Model {
    return {
      irVersion: Number(message.irVersion),
      opsets: opsets(message.opsetImport),
      producerName: message.producerName,
      producerVersion: message.producerVersion,
      domain: message.domain,
      modelVersion: message.modelVersion,
      docString: message.docString,
      metadata: entries(message.metadataProps),
      graph: this.graph(graph),
      functions: message.functions.map((definition) => this.function(definition)),
      trainingInfo: message.trainingInfo.map((info) => this.trainingInfo(info)),
      deviceConfigurations: message.configuration.map((item) => toBinary(pb.DeviceConfigurationProtoSchema, item)),
      sources: [],
      ...carried(pb.ModelProtoSchema, message),
      ...(writesDefaultDomain(message) && { writesDefaultDomain: true }),
    };
  }

  private trainingInfo(message: pb.TrainingInfoProto): TrainingInfo {
    return {
      ...(message.initialization && { initialization: this.graph(message.initialization) }),
      ...(message.algorithm && { algorithm: this.graph(message.algorithm) }),
      initializationBinding: entries(message.initializationBinding),
      updateBinding: entries(message.updateBinding),
      ...carried(pb.TrainingInfoProtoSchema, message),
    };
  }

  private function(message: pb.FunctionProto): FunctionDefinition {
    return {
      name: message.name,
      domain: message.domain,
      overload: message.overload,
      inputs: message.input,
      outputs: message.output,
      attributes: message.attribute,
      attributeDefaults: new Map(message.attributeProto.map((attribute) => [attribute.name, this.attribute(attribute)])),
      nodes: message.node.map((node) => this.node(node)),
      opsets: opsets(message.opsetImport),
      valueInfo: new Map(message.valueInfo.map((info) => [info.name, valueInfo(info)])),
      docString: message.docString,
      metadata: entries(message.metadataProps),
      ...carried(pb.FunctionProtoSchema, message),
    };
  }

  private graph(message: pb.GraphProto): Graph {
    const initializers = new Map<string, Tensor>();
    for (const item of message.initializer) {
      if (initializers.has(item.name)) {
        throw new EngineError('invalidGraph', { node: item.name, op: 'initializer', rule: 'two initializers have this name' });
      }
      initializers.set(item.name, this.tensor(item));
    }
    return {
      name: message.name,
      docString: message.docString,
      nodes: message.node.map((node) => this.node(node)),
      initializers,
      sparseInitializers: message.sparseInitializer.map((item) => this.sparseTensor(item)),
      inputs: message.input.map(valueInfo),
      outputs: message.output.map(valueInfo),
      valueInfo: new Map(message.valueInfo.map((info) => [info.name, valueInfo(info)])),
      quantizationAnnotations: new Map(message.quantizationAnnotation.map((item) => [item.tensorName, entries(item.quantParameterTensorNames)])),
      metadata: entries(message.metadataProps),
      ...carried(pb.GraphProtoSchema, message),
    };
  }

  private node(message: pb.NodeProto): Node {
    const attributes = new Map<string, Attribute>();
    for (const item of message.attribute) {
      if (attributes.has(item.name)) {
        throw new EngineError('invalidGraph', { node: message.name, op: message.opType, rule: `two attributes are named "${item.name}"` });
      }
      attributes.set(item.name, this.attribute(item));
    }
    return {
      name: message.name,
      opType: message.opType,
      domain: message.domain,
      overload: message.overload,
      inputs: message.input,
      outputs: message.output,
      attributes,
      docString: message.docString,
      metadata: entries(message.metadataProps),
      ...(message.deviceConfigurations.length > 0 && {
        deviceConfigurations: message.deviceConfigurations.map((item) => toBinary(pb.NodeDeviceConfigurationProtoSchema, item)),
      }),
      ...carried(pb.NodeProtoSchema, message),
    };
  }

  private attribute(message: pb.AttributeProto): Attribute {
    return {
      ...this.attributeValue(message),
      ...(message.docString !== '' && { docString: message.docString }),
      ...carried(pb.AttributeProtoSchema, message, valueFields),
    };
  }

  private attributeValue(message: pb.AttributeProto): AttributeValue {
    if (message.refAttrName !== '') return { kind: 'reference', value: message.refAttrName, type: message.type };
    const { AttributeProto_AttributeType: type } = pb;
    switch (message.type === type.UNDEFINED ? guessedType(message) : message.type) {
      case type.FLOAT: return { kind: 'float', value: message.f };
      case type.INT: return { kind: 'int', value: message.i };
      case type.STRING: return { kind: 'string', value: message.s };
      case type.TENSOR: return { kind: 'tensor', value: this.tensor(present(message.t, message)) };
      case type.GRAPH: return { kind: 'graph', value: this.graph(present(message.g, message)) };
      case type.SPARSE_TENSOR: return { kind: 'sparseTensor', value: this.sparseTensor(present(message.sparseTensor, message)) };
      case type.TYPE_PROTO: return { kind: 'type', value: valueType(present(message.tp, message)) };
      case type.FLOATS: return { kind: 'floats', value: message.floats };
      case type.INTS: return { kind: 'ints', value: message.ints };
      case type.STRINGS: return { kind: 'strings', value: message.strings };
      case type.TENSORS: return { kind: 'tensors', value: message.tensors.map((item) => this.tensor(item)) };
      case type.GRAPHS: return { kind: 'graphs', value: message.graphs.map((item) => this.graph(item)) };
      case type.SPARSE_TENSORS: return { kind: 'sparseTensors', value: message.sparseTensors.map((item) => this.sparseTensor(item)) };
      case type.TYPE_PROTOS: return { kind: 'types', value: message.typeProtos.map(valueType) };
      case type.UNDEFINED:
        // An attribute without type and value: an empty list, as written before IR 2 had `type`.
        return { kind: 'ints', value: [] };
    }
  }

  private sparseTensor(message: pb.SparseTensorProto): SparseTensor {
    if (message.values === undefined || message.indices === undefined) {
      throw new EngineError('invalidGraph', { node: message.values?.name ?? '', op: 'sparse tensor', rule: 'values or indices are missing' });
    }
    return { values: this.tensor(message.values), indices: this.tensor(message.indices), dims: message.dims.map(Number) };
  }

  private tensor(message: pb.TensorProto): Tensor {
    const dims = message.dims.map(Number);
    if (dims.some((dim) => dim < 0 || !Number.isSafeInteger(dim))) {
      throw new EngineError('invalidGraph', { node: message.name, op: 'tensor', rule: `the shape [${dims.join(', ')}] has an impossible dimension` });
    }
    const metadata = entries(message.metadataProps);
    const { unknown, explicit } = carried(pb.TensorProtoSchema, message, payloadProperties);
    const kept = unknown?.filter((field) => field.no !== MARKER_FIELD) ?? [];
    return {
      name: message.name,
      type: dataTypeOf(message.dataType),
      dims,
      data: this.tensorData(message),
      ...(message.docString !== '' && { docString: message.docString }),
      ...(metadata.size > 0 && { metadata }),
      ...(message.segment && { segment: { begin: message.segment.begin, end: message.segment.end } }),
      ...(kept.length > 0 && { unknown: kept }),
      ...(explicit && { explicit }),
    };
  }

  private tensorData(message: pb.TensorProto): Tensor['data'] {
    if (message.dataLocation === pb.TensorProto_DataLocation.EXTERNAL) return this.external(message.name, entries(message.externalData));
    if (message.stringData.length > 0 || dataTypeOf(message.dataType) === 'string') return { strings: message.stringData };
    const lifted = (message.$unknown ?? []).filter((field) => field.no === MARKER_FIELD).map((field) => this.payloads[markerValue(field.data)]);
    const [first, second] = lifted;
    if (second !== undefined) {
      throw new EngineError('invalidGraph', { node: message.name, op: 'tensor', rule: 'its data are written in more than one field' });
    }
    return first ?? unpacked(message);
  }
}

/** Properties of AttributeProto that `AttributeValue` represents; being set to a default is part of the value there. */
const valueFields: ReadonlySet<string> = new Set(['type', 'refAttrName', 'f', 'i', 's', 't', 'g', 'sparseTensor', 'tp', 'name']);
const payloadProperties: ReadonlySet<string> = new Set(['rawData', 'dataType', 'dataLocation']);

/** Unknown fields, and scalar fields that are set to their default. */
function carried(schema: DescMessage, message: Message, represented: ReadonlySet<string> = new Set()): { unknown?: UnknownFields; explicit?: ExplicitFields } {
  const unknown = message.$unknown;
  const explicit: string[] = [];
  for (const field of schema.fields) {
    if (field.fieldKind !== 'scalar' || represented.has(field.localName) || !isFieldSet(message, field)) continue;
    const value = (message as unknown as Record<string, unknown>)[field.localName];
    if (value === '' || value === 0 || value === 0n) explicit.push(field.localName);
  }
  return { ...(unknown && unknown.length > 0 && { unknown }), ...(explicit.length > 0 && { explicit }) };
}

function present<Value>(value: Value | undefined, attribute: pb.AttributeProto): Value {
  if (value === undefined) throw new EngineError('invalidGraph', { node: attribute.name, op: 'attribute', rule: 'its type and its value do not agree' });
  return value;
}

/** The type of an attribute written without one (IR 1): by the field that is set. */
function guessedType(message: pb.AttributeProto): pb.AttributeProto_AttributeType {
  const type = pb.AttributeProto_AttributeType;
  const set = (name: keyof typeof pb.AttributeProtoSchema.field): boolean => isFieldSet(message, pb.AttributeProtoSchema.field[name]);
  if (set('t')) return type.TENSOR;
  if (set('g')) return type.GRAPH;
  if (message.ints.length > 0) return type.INTS;
  if (message.floats.length > 0) return type.FLOATS;
  if (message.strings.length > 0) return type.STRINGS;
  if (message.tensors.length > 0) return type.TENSORS;
  if (message.graphs.length > 0) return type.GRAPHS;
  if (set('s')) return type.STRING;
  if (set('i')) return type.INT;
  if (set('f')) return type.FLOAT;
  return type.UNDEFINED;
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

/** Numbers that were written one by one (not packed), or no data at all. */
function unpacked(message: pb.TensorProto): TensorData {
  if (message.floatData.length > 0) return bytesData('float', new Float32Array(message.floatData));
  if (message.doubleData.length > 0) return bytesData('double', new Float64Array(message.doubleData));
  if (message.int32Data.length > 0) return varintData('int32', message.int32Data.map(BigInt));
  if (message.int64Data.length > 0) return varintData('int64', message.int64Data);
  if (message.uint64Data.length > 0) return varintData('uint64', message.uint64Data);
  return NO_DATA;
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

function entries(list: readonly pb.StringStringEntryProto[]): Map<string, string> {
  return new Map(list.map((entry) => [entry.key, entry.value]));
}

/** Whether the default domain is written as an empty text rather than left out. */
function writesDefaultDomain(message: pb.ModelProto): boolean {
  return message.opsetImport.some((entry) => entry.domain === '' && isFieldSet(entry, pb.OperatorSetIdProtoSchema.field.domain));
}

function opsets(list: readonly pb.OperatorSetIdProto[]): Map<string, number> {
  return new Map(list.map((entry) => [entry.domain, Number(entry.version)]));
}

function valueInfo(message: pb.ValueInfoProto): ValueInfo {
  const metadata = entries(message.metadataProps);
  return {
    name: message.name,
    ...(message.type && { type: valueType(message.type) }),
    ...(message.docString !== '' && { docString: message.docString }),
    ...(metadata.size > 0 && { metadata }),
    ...carried(pb.ValueInfoProtoSchema, message),
  };
}

function valueType(message: pb.TypeProto): ValueType {
  const denotation = message.denotation === '' ? {} : { denotation: message.denotation };
  switch (message.value.case) {
    case 'tensorType':
    case 'sparseTensorType': {
      const { elemType, shape } = message.value.value;
      return {
        kind: message.value.case === 'tensorType' ? 'tensor' : 'sparseTensor',
        type: dataTypeOf(elemType),
        shape: shape ? shape.dim.map(dimension) : null,
        ...(shape?.dim.some((dim) => dim.denotation !== '') && { dimDenotations: shape.dim.map((dim) => dim.denotation) }),
        ...denotation,
      };
    }
    case 'sequenceType':
    case 'optionalType': {
      const { elemType } = message.value.value;
      if (elemType === undefined) return { kind: 'opaque', bytes: toBinary(pb.TypeProtoSchema, message) };
      return { kind: message.value.case === 'sequenceType' ? 'sequence' : 'optional', element: valueType(elemType), ...denotation };
    }
    case 'mapType': {
      const { keyType, valueType: element } = message.value.value;
      if (element === undefined) return { kind: 'opaque', bytes: toBinary(pb.TypeProtoSchema, message) };
      return { kind: 'map', key: dataTypeOf(keyType), value: valueType(element), ...denotation };
    }
    case undefined:
      return { kind: 'opaque', bytes: toBinary(pb.TypeProtoSchema, message) };
  }
}

function dimension(message: pb.TensorShapeProto_Dimension): Dim {
  switch (message.value.case) {
    // Some exporters write -1 (or a name that is empty) for "unknown".
    case 'dimValue': return message.value.value < 0n ? null : Number(message.value.value);
    case 'dimParam': return message.value.value === '' ? null : message.value.value;
    case undefined: return null;
  }
}
