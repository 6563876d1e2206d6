// Random ModelProto messages for property tests: any field set, set to its default or left out, unknown fields anywhere,
// type numbers that have no name here. Only what the codec insists on holds: names differ, data have the size of their shape.

import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';
import * as pb from 'onnx-buf';
import { bitsOf, bytesOf, dataTypeOf } from '../../src/engine/ir/dataTypes';

/** A field number that no version of onnx.proto has used. */
const UNKNOWN_FIELD = 9_000;
/** Levels of graphs in graphs. */
const MAX_LEVEL = 2;

const text = fc.oneof(fc.constant(''), fc.string({ maxLength: 6 }), fc.constantFrom('x', 'w', '__proto__', 'constructor', '\u540d\u79f0'));
const unknown = fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined, freq: 8 });

/** Any message of a type whose fields are plain values and messages of the same kind, each field absent in a third of the cases. */
function anyMessage(schema: DescMessage, overrides: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}): fc.Arbitrary<Message> {
  const fields = schema.fields.filter((field) => field.localName in overrides || (field.fieldKind !== 'message' && !(field.fieldKind === 'list' && field.listKind === 'message')));
  const parts = Object.fromEntries(fields.map((field) => [field.localName, fc.option(overrides[field.localName] ?? anyValue(field), { nil: undefined, freq: 3 })]));
  return fc.record({ values: fc.record(parts), unknown }).map(({ values, unknown: extra }) => {
    const present = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
    const message = create(schema, present as never) as Message;
    if (extra !== undefined) message.$unknown = [{ no: UNKNOWN_FIELD, wireType: 2, data: Uint8Array.of(extra.length, ...extra) }];
    return message;
  });
}

function anyValue(field: DescField): fc.Arbitrary<unknown> {
  const one = scalar(field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum') ? ScalarType.INT32 : (field.scalar ?? ScalarType.INT32));
  if (field.fieldKind === 'enum') return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  return field.fieldKind === 'list' ? fc.array(one, { maxLength: 4 }) : one;
}

function scalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING: return text;
    case ScalarType.BYTES: return fc.uint8Array({ maxLength: 5 });
    case ScalarType.INT64: return fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case ScalarType.UINT64: return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case ScalarType.FLOAT: return fc.float({ noNaN: true });
    case ScalarType.DOUBLE: return fc.double({ noNaN: true });
    default: return fc.integer();
  }
}

const entry = anyMessage(pb.StringStringEntryProtoSchema);
const metadata = fc.array(entry, { maxLength: 3 });

const dimension = fc.oneof(
  anyMessage(pb.TensorShapeProto_DimensionSchema),
  fc.bigInt({ min: -2n, max: 2n ** 60n }).map((value) => create(pb.TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value } })),
  text.map((value) => create(pb.TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value }, denotation: value })),
);
const elemType = fc.oneof(fc.nat(26), fc.constant(77));

function typeProto(level: number): fc.Arbitrary<pb.TypeProto> {
  const tensor = { elemType, shape: anyMessage(pb.TensorShapeProtoSchema, { dim: fc.array(dimension, { maxLength: 3 }) }) };
  const inner = level < MAX_LEVEL ? fc.option(typeProto(level + 1), { nil: undefined }) : fc.constant(undefined);
  const value = fc.oneof(
    anyMessage(pb.TypeProto_TensorSchema, tensor).map((type) => ({ case: 'tensorType', value: type })),
    anyMessage(pb.TypeProto_SparseTensorSchema, tensor).map((type) => ({ case: 'sparseTensorType', value: type })),
    inner.map((type) => ({ case: 'sequenceType', value: create(pb.TypeProto_SequenceSchema, type && { elemType: type }) })),
    inner.map((type) => ({ case: 'optionalType', value: create(pb.TypeProto_OptionalSchema, type && { elemType: type }) })),
    fc.tuple(inner, elemType).map(([type, keyType]) => ({ case: 'mapType', value: create(pb.TypeProto_MapSchema, { keyType, ...(type && { valueType: type }) }) })),
    fc.constant({ case: undefined }),
  );
  return fc.record({ value, denotation: fc.option(text, { nil: undefined }) }).map(({ value: chosen, denotation }) =>
    create(pb.TypeProtoSchema, { value: chosen as never, ...(denotation !== undefined && { denotation }) }));
}

const valueInfo = fc.tuple(anyMessage(pb.ValueInfoProtoSchema, { type: typeProto(0), metadataProps: metadata }), text)
  .map(([message, name]) => Object.assign(message as pb.ValueInfoProto, { name }));

/** The typed field of each element type (onnx.proto, TensorProto), with values it may hold. */
function typedData(type: number, count: number): fc.Arbitrary<Partial<pb.TensorProto>> {
  const list = <Value>(value: fc.Arbitrary<Value>, length: number): fc.Arbitrary<Value[]> => fc.array(value, { minLength: length, maxLength: length });
  const name = dataTypeOf(type);
  const packed = bytesOf(name, count);
  switch (name) {
    case 'undefined': return fc.constant({});
    case 'string': return list(fc.uint8Array({ maxLength: 4 }), count).map((stringData) => ({ stringData }));
    case 'float32': return list(fc.float({ noNaN: true }), count).map((floatData) => ({ floatData }));
    case 'complex64': return list(fc.float({ noNaN: true }), count * 2).map((floatData) => ({ floatData }));
    case 'float64': return list(fc.double({ noNaN: true }), count).map((doubleData) => ({ doubleData }));
    case 'complex128': return list(fc.double({ noNaN: true }), count * 2).map((doubleData) => ({ doubleData }));
    case 'int64': return list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), count).map((int64Data) => ({ int64Data }));
    case 'uint64': return list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), count).map((uint64Data) => ({ uint64Data }));
    case 'uint32': return list(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), count).map((uint64Data) => ({ uint64Data }));
    case 'int32': return list(fc.integer(), count).map((int32Data) => ({ int32Data }));
    case 'int16': return list(fc.integer({ min: -32768, max: 32767 }), count).map((int32Data) => ({ int32Data }));
    case 'int8': return list(fc.integer({ min: -128, max: 127 }), count).map((int32Data) => ({ int32Data }));
    case 'uint16': case 'float16': case 'bfloat16': return list(fc.nat(65535), count).map((int32Data) => ({ int32Data }));
    case 'bool': return list(fc.nat(1), count).map((int32Data) => ({ int32Data }));
    default: return list(fc.nat(255), bitsOf(name) < 8 ? packed : count).map((int32Data) => ({ int32Data }));
  }
}

export const tensor: fc.Arbitrary<pb.TensorProto> = fc.tuple(fc.oneof(fc.nat(26), fc.constant(77)), fc.array(fc.nat(4), { maxLength: 3 }), fc.boolean())
  .chain(([dataType, dims, raw]) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const name = dataTypeOf(dataType);
    const bytes = bytesOf(name, count);
    const data: fc.Arbitrary<Partial<pb.TensorProto>> = raw && name !== 'string' && name !== 'undefined'
      ? fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((rawData) => ({ rawData }))
      : typedData(dataType, count);
    const rest = anyMessage(pb.TensorProtoSchema, {
      dims: fc.constant(dims.map(BigInt)), dataType: fc.constant(dataType), metadataProps: metadata, segment: anyMessage(pb.TensorProto_SegmentSchema),
      floatData: fc.constant([]), int32Data: fc.constant([]), stringData: fc.constant([]), int64Data: fc.constant([]), doubleData: fc.constant([]),
      uint64Data: fc.constant([]), rawData: fc.constant(undefined), externalData: metadata, dataLocation: fc.constant(pb.TensorProto_DataLocation.DEFAULT),
    });
    return fc.tuple(rest, data).map(([message, values]) => Object.assign(message as pb.TensorProto, { dataType, dims: dims.map(BigInt) }, values));
  });

const sparse = fc.tuple(anyMessage(pb.SparseTensorProtoSchema, { dims: fc.array(fc.nat(4).map(BigInt), { maxLength: 2 }) }), tensor, tensor)
  .map(([message, values, indices]) => Object.assign(message as pb.SparseTensorProto, { values, indices }));

function attribute(level: number): fc.Arbitrary<pb.AttributeProto> {
  const type = pb.AttributeProto_AttributeType;
  // A tensor, graph or type alone, and plain values in any combination: those the codec keeps even where they are too many.
  const single = fc.oneof(
    tensor.map((t) => ({ t, type: type.TENSOR })),
    fc.array(tensor, { maxLength: 2 }).map((tensors) => ({ tensors, type: type.TENSORS })),
    sparse.map((sparseTensor) => ({ sparseTensor, type: type.SPARSE_TENSOR })),
    fc.array(sparse, { maxLength: 2 }).map((sparseTensors) => ({ sparseTensors, type: type.SPARSE_TENSORS })),
    typeProto(0).map((tp) => ({ tp, type: type.TYPE_PROTO })),
    fc.array(typeProto(0), { maxLength: 2 }).map((typeProtos) => ({ typeProtos, type: type.TYPE_PROTOS })),
    ...(level < MAX_LEVEL ? [
      graph(level + 1).map((g) => ({ g, type: type.GRAPH })),
      fc.array(graph(level + 1), { maxLength: 2 }).map((graphs) => ({ graphs, type: type.GRAPHS })),
    ] : []),
  );
  const plainTypes = [type.FLOAT, type.INT, type.STRING, type.FLOATS, type.INTS, type.STRINGS, type.UNDEFINED];
  return fc.oneof(
    anyMessage(pb.AttributeProtoSchema, { type: fc.constantFrom(...plainTypes) }),
    fc.tuple(single, text).map(([value, docString]) => create(pb.AttributeProtoSchema, { ...(value as object), docString })),
  ) as fc.Arbitrary<pb.AttributeProto>;
}

/** Gives every message a name of its own. */
function named<Shape extends { name: string }>(list: readonly Shape[], prefix: string): Shape[] {
  return list.map((message, index) => Object.assign(message, { name: `${prefix}${index}` }));
}

function node(level: number): fc.Arbitrary<pb.NodeProto> {
  return fc.tuple(
    anyMessage(pb.NodeProtoSchema, { metadataProps: metadata, output: fc.constant([]), deviceConfigurations: fc.array(anyMessage(pb.NodeDeviceConfigurationProtoSchema), { maxLength: 1 }) }),
    fc.array(attribute(level), { maxLength: 2 }), text, fc.nat(2),
  ).map(([message, attributes, opType, outputs]) =>
    Object.assign(message as pb.NodeProto, { opType, attribute: named(attributes, 'a'), output: Array.from({ length: outputs }, (_, index) => `o${index}`) }));
}

function graph(level: number): fc.Arbitrary<pb.GraphProto> {
  return fc.tuple(
    anyMessage(pb.GraphProtoSchema, {
      metadataProps: metadata, output: fc.array(valueInfo, { maxLength: 2 }), valueInfo: fc.array(valueInfo, { maxLength: 3 }), sparseInitializer: fc.array(sparse, { maxLength: 1 }),
      quantizationAnnotation: fc.array(anyMessage(pb.TensorAnnotationSchema, { quantParameterTensorNames: metadata }), { maxLength: 2 }),
    }),
    fc.array(node(level), { maxLength: level === 0 ? 3 : 1 }), fc.array(tensor, { maxLength: 3 }), fc.array(valueInfo, { maxLength: 2 }),
  ).map(([message, nodes, initializers, inputs]) => {
    nodes.forEach((item, index) => { item.output = item.output.map((name) => `n${index}${name}`); });
    return Object.assign(message as pb.GraphProto, { node: nodes, initializer: named(initializers, 'w'), input: named(inputs, 'x') });
  });
}

const opset = fc.tuple(anyMessage(pb.OperatorSetIdProtoSchema), fc.nat(26)).map(([message, version]) => Object.assign(message as pb.OperatorSetIdProto, { version: BigInt(version) }));
const opsets = fc.array(opset, { minLength: 1, maxLength: 3 }).map((list) => list.filter((item, index) => list.findIndex((other) => other.domain === item.domain) === index));

const localFunction = fc.tuple(
  anyMessage(pb.FunctionProtoSchema, { metadataProps: metadata, opsetImport: opsets, valueInfo: fc.array(valueInfo, { maxLength: 2 }), input: fc.constant(['p', 'q']) }),
  fc.array(attribute(MAX_LEVEL), { maxLength: 2 }), fc.array(node(1), { maxLength: 2 }),
).map(([message, defaults, nodes]) => {
  nodes.forEach((item, index) => { item.output = item.output.map((name) => `n${index}${name}`); });
  return Object.assign(message as pb.FunctionProto, { attributeProto: named(defaults, 'a'), node: nodes });
});

const training = anyMessage(pb.TrainingInfoProtoSchema, { initialization: graph(1), algorithm: graph(1), initializationBinding: metadata, updateBinding: metadata });

export const model: fc.Arbitrary<pb.ModelProto> = fc.tuple(
  anyMessage(pb.ModelProtoSchema, {
    metadataProps: metadata, functions: fc.array(localFunction, { maxLength: 1 }), trainingInfo: fc.array(training, { maxLength: 1 }),
    configuration: fc.array(anyMessage(pb.DeviceConfigurationProtoSchema), { maxLength: 1 }),
  }),
  graph(0), opsets, fc.integer({ min: 3, max: 13 }),
).map(([message, body, opsetImport, irVersion]) => Object.assign(message as pb.ModelProto, { graph: body, opsetImport, irVersion: BigInt(irVersion) }));
