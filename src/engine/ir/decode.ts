// From protobuf messages (with payload markers, see payloads.ts) to the records of model.ts. Nothing is dropped: unknown
// fields, unknown types and fields explicitly set to their default travel along.

import { isFieldSet, toBinary } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { EngineError } from '../error';
import { carried, entries, opsets, writesDefaultDomain } from './decodeFields';
import { type ExternalResolver, TensorDecoder } from './decodeTensors';
import { valueInfo, valueType } from './decodeTypes';
import type { Attribute, AttributeValue, FunctionDefinition, Graph, Model, Node, Tensor, TensorData, TrainingInfo, ValueInfo } from './model';
import { remember, Surplus } from './written';

/** @throws EngineError `invalidGraph`, `tensorSizeMismatch`, and what `external` throws. */
export function decodeModel(message: pb.ModelProto, payloads: readonly TensorData[], external: ExternalResolver): Model {
  if (message.graph === undefined) throw new EngineError('internal', { activity: 'progress.reading', reason: 'no graph' });
  return new Decoder(new TensorDecoder(payloads, external)).model(message, message.graph);
}

class Decoder {
  constructor(private readonly tensors: TensorDecoder) {}

  model(message: pb.ModelProto, graph: pb.GraphProto): Model {
    const surplus = new Surplus();
    const { opsetImport, metadataProps } = pb.ModelProtoSchema.field;
    return {
      irVersion: Number(message.irVersion),
      opsets: opsets(message.opsetImport, surplus, opsetImport),
      producerName: message.producerName,
      producerVersion: message.producerVersion,
      domain: message.domain,
      modelVersion: message.modelVersion,
      docString: message.docString,
      metadata: entries(message.metadataProps, surplus, metadataProps),
      graph: this.graph(graph),
      functions: message.functions.map((definition) => this.function(definition)),
      trainingInfo: message.trainingInfo.map((info) => this.trainingInfo(info)),
      deviceConfigurations: message.configuration.map((item) => toBinary(pb.DeviceConfigurationProtoSchema, item)),
      sources: [],
      ...carried(pb.ModelProtoSchema, message, { surplus }),
      ...(writesDefaultDomain(message.opsetImport) && { writesDefaultDomain: true }),
    };
  }

  private trainingInfo(message: pb.TrainingInfoProto): TrainingInfo {
    const surplus = new Surplus();
    const { initializationBinding, updateBinding } = pb.TrainingInfoProtoSchema.field;
    return {
      ...(message.initialization && { initialization: this.graph(message.initialization) }),
      ...(message.algorithm && { algorithm: this.graph(message.algorithm) }),
      initializationBinding: entries(message.initializationBinding, surplus, initializationBinding),
      updateBinding: entries(message.updateBinding, surplus, updateBinding),
      ...carried(pb.TrainingInfoProtoSchema, message, { surplus }),
    };
  }

  private function(message: pb.FunctionProto): FunctionDefinition {
    const surplus = new Surplus();
    const { field } = pb.FunctionProtoSchema;
    requireOneMaker(message.name, message.input, message.node);
    return {
      name: message.name,
      domain: message.domain,
      overload: message.overload,
      inputs: message.input,
      outputs: message.output,
      attributes: message.attribute,
      attributeDefaults: this.attributes(message.attributeProto, message.name, 'function'),
      nodes: message.node.map((node) => this.node(node)),
      opsets: opsets(message.opsetImport, surplus, field.opsetImport),
      valueInfo: valueInfos(message.valueInfo, surplus, field.valueInfo.number),
      docString: message.docString,
      metadata: entries(message.metadataProps, surplus, field.metadataProps),
      ...carried(pb.FunctionProtoSchema, message, { surplus }),
      ...(writesDefaultDomain(message.opsetImport) && { writesDefaultDomain: true }),
    };
  }

  private graph(message: pb.GraphProto): Graph {
    const surplus = new Surplus();
    const { field } = pb.GraphProtoSchema;
    const initializers = new Map<string, Tensor>();
    requireOneMaker(message.name, message.input.map((input) => input.name), message.node);
    for (const item of message.initializer) {
      if (initializers.has(item.name)) {
        throw new EngineError('invalidGraph', { node: item.name, op: 'initializer', rule: 'broken.twoInitializers' });
      }
      initializers.set(item.name, this.tensors.tensor(item));
    }
    return {
      name: message.name,
      docString: message.docString,
      nodes: message.node.map((node) => this.node(node)),
      initializers,
      sparseInitializers: message.sparseInitializer.map((item) => this.tensors.sparse(item)),
      inputs: message.input.map(valueInfo),
      outputs: message.output.map(valueInfo),
      valueInfo: valueInfos(message.valueInfo, surplus, field.valueInfo.number),
      quantizationAnnotations: annotations(message.quantizationAnnotation, surplus),
      metadata: entries(message.metadataProps, surplus, field.metadataProps),
      ...carried(pb.GraphProtoSchema, message, { surplus }),
    };
  }

  private node(message: pb.NodeProto): Node {
    const surplus = new Surplus();
    return {
      name: message.name,
      opType: message.opType,
      domain: message.domain,
      overload: message.overload,
      inputs: message.input,
      outputs: message.output,
      attributes: this.attributes(message.attribute, message.name, message.opType),
      docString: message.docString,
      metadata: entries(message.metadataProps, surplus, pb.NodeProtoSchema.field.metadataProps),
      ...(message.deviceConfigurations.length > 0 && {
        deviceConfigurations: message.deviceConfigurations.map((item) => toBinary(pb.NodeDeviceConfigurationProtoSchema, item)),
      }),
      ...carried(pb.NodeProtoSchema, message, { surplus }),
    };
  }

  private attributes(list: readonly pb.AttributeProto[], node: string, op: string): Map<string, Attribute> {
    const attributes = new Map<string, Attribute>();
    for (const item of list) {
      if (attributes.has(item.name)) throw new EngineError('invalidGraph', { node, op, rule: 'broken.twoAttributes', attribute: item.name });
      attributes.set(item.name, this.attribute(item));
    }
    return attributes;
  }

  private attribute(message: pb.AttributeProto): Attribute {
    const attribute: Attribute = {
      ...this.attributeValue(message),
      ...(message.docString !== '' && { docString: message.docString }),
      ...carried(pb.AttributeProtoSchema, message, { represented: valueFields }),
    };
    if (!isPlain(message)) remember(attribute, message);
    return attribute;
  }

  private attributeValue(message: pb.AttributeProto): AttributeValue {
    if (message.refAttrName !== '') return { kind: 'reference', value: message.refAttrName, type: message.type };
    const { AttributeProto_AttributeType: type } = pb;
    switch (typeOf(message)) {
      case type.FLOAT: return { kind: 'float', value: message.f };
      case type.INT: return { kind: 'int', value: message.i };
      case type.STRING: return { kind: 'string', value: message.s };
      case type.TENSOR: return { kind: 'tensor', value: this.tensors.tensor(present(message.t, message)) };
      case type.GRAPH: return { kind: 'graph', value: this.graph(present(message.g, message)) };
      case type.SPARSE_TENSOR: return { kind: 'sparseTensor', value: this.tensors.sparse(present(message.sparseTensor, message)) };
      case type.TYPE_PROTO: return { kind: 'type', value: valueType(present(message.tp, message)) };
      case type.FLOATS: return { kind: 'floats', value: message.floats };
      case type.INTS: return { kind: 'ints', value: message.ints };
      case type.STRINGS: return { kind: 'strings', value: message.strings };
      case type.TENSORS: return { kind: 'tensors', value: message.tensors.map((item) => this.tensors.tensor(item)) };
      case type.GRAPHS: return { kind: 'graphs', value: message.graphs.map((item) => this.graph(item)) };
      case type.SPARSE_TENSORS: return { kind: 'sparseTensors', value: message.sparseTensors.map((item) => this.tensors.sparse(item)) };
      case type.TYPE_PROTOS: return { kind: 'types', value: message.typeProtos.map(valueType) };
      case type.UNDEFINED:
        // An attribute without type and value: an empty list, as written before IR 2 had `type`.
        return { kind: 'ints', value: [] };
    }
  }
}

/** Properties of AttributeProto that `AttributeValue` represents; being set to a default is part of the value there. */
const valueFields: ReadonlySet<string> = new Set(['type', 'refAttrName', 'f', 'i', 's', 'name']);

/** The field that holds the value, by AttributeProto.type. */
const valueFieldOf = {
  FLOAT: 'f', INT: 'i', STRING: 's', TENSOR: 't', GRAPH: 'g', SPARSE_TENSOR: 'sparseTensor', TYPE_PROTO: 'tp', FLOATS: 'floats', INTS: 'ints',
  STRINGS: 'strings', TENSORS: 'tensors', GRAPHS: 'graphs', SPARSE_TENSORS: 'sparseTensors', TYPE_PROTOS: 'typeProtos',
} as const satisfies Record<Exclude<keyof typeof pb.AttributeProto_AttributeType, 'UNDEFINED'>, keyof typeof pb.AttributeProtoSchema.field>;

type TypeName = keyof typeof valueFieldOf;

/**
 * Whether the record says all that the message does: one value, in the field of its type, and both there.
 *
 * @throws EngineError `invalidGraph` when a tensor, graph or type stands beside the value: nothing could hold it.
 */
function isPlain(message: pb.AttributeProto): boolean {
  const { field } = pb.AttributeProtoSchema;
  const isReference = message.refAttrName !== '';
  const type = pb.AttributeProto_AttributeType[message.type] as TypeName | 'UNDEFINED';
  const own = isReference || type === 'UNDEFINED' ? undefined : valueFieldOf[type];
  const guessed = pb.AttributeProto_AttributeType[typeOf(message)] as TypeName | 'UNDEFINED';
  let plain = isFieldSet(message, field.name) && (isReference ? isFieldSet(message, field.type) : own !== undefined && !isFieldSet(message, field.refAttrName));
  for (const [name, value] of Object.entries(valueFieldOf)) {
    const isSet = isFieldSet(message, field[value]);
    if (value === own) {
      // An empty list is its own value; a plain value must be written to count.
      if (!isSet && field[value].fieldKind !== 'list') plain = false;
    } else if (isSet) {
      plain = false;
      if (field[value].message && (isReference || name !== guessed)) present(undefined, message);
    }
  }
  return plain;
}

function present<Value>(value: Value | undefined, attribute: pb.AttributeProto): Value {
  if (value === undefined) throw new EngineError('invalidGraph', { node: attribute.name, op: 'attribute', rule: 'broken.attributeType' });
  return value;
}

/** The type of an attribute; where none is written (IR 1, or one that is not known here) by the field that is set. */
function typeOf(message: pb.AttributeProto): pb.AttributeProto_AttributeType {
  if (message.type !== pb.AttributeProto_AttributeType.UNDEFINED) return message.type;
  const found = guessOrder.find((name) => isFieldSet(message, pb.AttributeProtoSchema.field[valueFieldOf[name]]));
  return pb.AttributeProto_AttributeType[found ?? 'UNDEFINED'];
}

const guessOrder = [
  'TENSOR', 'GRAPH', 'INTS', 'FLOATS', 'STRINGS', 'TENSORS', 'GRAPHS', 'SPARSE_TENSOR', 'SPARSE_TENSORS', 'TYPE_PROTO', 'TYPE_PROTOS', 'STRING', 'INT', 'FLOAT',
] as const satisfies readonly TypeName[];

/** A name that two nodes (or a node and an input) make has no meaning. */
function requireOneMaker(where: string, inputs: readonly string[], nodes: readonly pb.NodeProto[]): void {
  const made = new Set(inputs);
  if (made.size < inputs.length) throw new EngineError('invalidGraph', { node: where, op: 'graph', rule: 'broken.twoInputs' });
  for (const node of nodes) {
    for (const output of node.output) {
      if (output === '') continue;
      if (made.has(output)) throw new EngineError('invalidGraph', { node: node.name, op: node.opType, rule: 'broken.madeTwice', output });
      made.add(output);
    }
  }
}

/** By name; what the file says of a name a second time is kept, and does not count. */
function valueInfos(list: readonly pb.ValueInfoProto[], surplus: Surplus, field: number): Map<string, ValueInfo> {
  const infos = new Map<string, ValueInfo>();
  for (const info of list) {
    if (infos.has(info.name)) surplus.keep(field, pb.ValueInfoProtoSchema, info);
    else infos.set(info.name, valueInfo(info));
  }
  return infos;
}

function annotations(list: readonly pb.TensorAnnotation[], surplus: Surplus): Map<string, Map<string, string>> {
  const { tensorName, quantParameterTensorNames } = pb.TensorAnnotationSchema.field;
  const map = new Map<string, Map<string, string>>();
  for (const item of list) {
    const inner = new Surplus();
    const parameters = entries(item.quantParameterTensorNames, inner, quantParameterTensorNames);
    const plain = isFieldSet(item, tensorName) && !map.has(item.tensorName) && inner.fields.length === 0 && !item.$unknown?.length;
    if (plain) map.set(item.tensorName, parameters);
    else surplus.keep(pb.GraphProtoSchema.field.quantizationAnnotation.number, pb.TensorAnnotationSchema, item);
  }
  return map;
}
