// From the records of model.ts to protobuf messages with payload markers: the inverse of decode.ts.

import { create, type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { wireOf } from './dataTypes';
import type { Attribute, Dim, FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor, TensorData, TrainingInfo, ValueInfo, ValueType } from './model';
import { NO_DATA } from './model';
import { MARKER_FIELD } from './payloads';
import { pushVarint, WireType } from './wire';
import { restore, writtenAs } from './written';

/** What to write for a tensor's payload: the data inline, or entries that point into an external file. */
export type PayloadPlacement = (tensor: Tensor, data: TensorData) => { readonly inline: TensorData } | { readonly external: ReadonlyMap<string, string> };

export interface EncodedModel {
  readonly message: pb.ModelProto;
  /** Payloads by marker value. */
  readonly payloads: readonly TensorData[];
}

export function encodeMessages(model: Model, place: PayloadPlacement): EncodedModel {
  const encoder = new Encoder(place);
  return { message: encoder.model(model), payloads: encoder.payloads };
}

class Encoder {
  readonly payloads: TensorData[] = [];

  constructor(private readonly place: PayloadPlacement) {}

  model(model: Model): pb.ModelProto {
    return carry(pb.ModelProtoSchema, create(pb.ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      opsetImport: opsets(model.opsets, model.writesDefaultDomain === true),
      ...text('producerName', model.producerName),
      ...text('producerVersion', model.producerVersion),
      ...text('domain', model.domain),
      ...(model.modelVersion !== 0n && { modelVersion: model.modelVersion }),
      ...text('docString', model.docString),
      graph: this.graph(model.graph),
      metadataProps: entries(model.metadata),
      trainingInfo: model.trainingInfo.map((info) => this.trainingInfo(info)),
      functions: model.functions.map((definition) => this.function(definition)),
      configuration: model.deviceConfigurations.map((bytes) => fromBinary(pb.DeviceConfigurationProtoSchema, bytes)),
    }), model);
  }

  private trainingInfo(info: TrainingInfo): pb.TrainingInfoProto {
    return carry(pb.TrainingInfoProtoSchema, create(pb.TrainingInfoProtoSchema, {
      ...(info.initialization && { initialization: this.graph(info.initialization) }),
      ...(info.algorithm && { algorithm: this.graph(info.algorithm) }),
      initializationBinding: entries(info.initializationBinding),
      updateBinding: entries(info.updateBinding),
    }), info);
  }

  private function(definition: FunctionDefinition): pb.FunctionProto {
    return carry(pb.FunctionProtoSchema, create(pb.FunctionProtoSchema, {
      ...text('name', definition.name),
      ...text('domain', definition.domain),
      ...text('overload', definition.overload),
      input: definition.inputs,
      output: definition.outputs,
      attribute: definition.attributes,
      attributeProto: [...definition.attributeDefaults].map(([name, attribute]) => this.attribute(name, attribute)),
      node: definition.nodes.map((node) => this.node(node)),
      opsetImport: opsets(definition.opsets, definition.writesDefaultDomain === true),
      valueInfo: [...definition.valueInfo.values()].map(valueInfo),
      ...text('docString', definition.docString),
      metadataProps: entries(definition.metadata),
    }), definition);
  }

  private graph(graph: Graph): pb.GraphProto {
    return carry(pb.GraphProtoSchema, create(pb.GraphProtoSchema, {
      node: graph.nodes.map((node) => this.node(node)),
      ...text('name', graph.name),
      initializer: [...graph.initializers.values()].map((tensor) => this.tensor(tensor)),
      sparseInitializer: graph.sparseInitializers.map((tensor) => this.sparseTensor(tensor)),
      ...text('docString', graph.docString),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
      valueInfo: [...graph.valueInfo.values()].map(valueInfo),
      quantizationAnnotation: [...graph.quantizationAnnotations].map(([tensorName, parameters]) =>
        create(pb.TensorAnnotationSchema, { tensorName, quantParameterTensorNames: entries(parameters) })),
      metadataProps: entries(graph.metadata),
    }), graph);
  }

  private node(node: Node): pb.NodeProto {
    return carry(pb.NodeProtoSchema, create(pb.NodeProtoSchema, {
      input: node.inputs,
      output: node.outputs,
      ...text('name', node.name),
      ...text('opType', node.opType),
      ...text('domain', node.domain),
      ...text('overload', node.overload),
      attribute: [...node.attributes].map(([name, attribute]) => this.attribute(name, attribute)),
      ...text('docString', node.docString),
      metadataProps: entries(node.metadata),
      deviceConfigurations: (node.deviceConfigurations ?? []).map((bytes) => fromBinary(pb.NodeDeviceConfigurationProtoSchema, bytes)),
    }), node);
  }

  private attribute(name: string, attribute: Attribute): pb.AttributeProto {
    const message = carry(pb.AttributeProtoSchema, create(pb.AttributeProtoSchema, {
      name,
      ...(attribute.docString !== undefined && { docString: attribute.docString }),
      ...this.attributeValue(attribute),
    }), attribute);
    const written = writtenAs<pb.AttributeProto>(attribute);
    if (written !== undefined) restore(pb.AttributeProtoSchema, message, written);
    return message;
  }

  private attributeValue(attribute: Attribute): Partial<Omit<pb.AttributeProto, '$typeName' | '$unknown'>> {
    const { AttributeProto_AttributeType: type } = pb;
    switch (attribute.kind) {
      case 'float': return { type: type.FLOAT, f: attribute.value };
      case 'int': return { type: type.INT, i: attribute.value };
      case 'string': return { type: type.STRING, s: attribute.value as Uint8Array<ArrayBuffer> };
      case 'tensor': return { type: type.TENSOR, t: this.tensor(attribute.value) };
      case 'graph': return { type: type.GRAPH, g: this.graph(attribute.value) };
      case 'sparseTensor': return { type: type.SPARSE_TENSOR, sparseTensor: this.sparseTensor(attribute.value) };
      case 'type': return { type: type.TYPE_PROTO, tp: valueType(attribute.value) };
      case 'floats': return { type: type.FLOATS, floats: [...attribute.value] };
      case 'ints': return { type: type.INTS, ints: [...attribute.value] };
      case 'strings': return { type: type.STRINGS, strings: [...attribute.value] as Uint8Array<ArrayBuffer>[] };
      case 'tensors': return { type: type.TENSORS, tensors: attribute.value.map((tensor) => this.tensor(tensor)) };
      case 'graphs': return { type: type.GRAPHS, graphs: attribute.value.map((graph) => this.graph(graph)) };
      case 'sparseTensors': return { type: type.SPARSE_TENSORS, sparseTensors: attribute.value.map((tensor) => this.sparseTensor(tensor)) };
      case 'types': return { type: type.TYPE_PROTOS, typeProtos: attribute.value.map(valueType) };
      case 'reference': return { type: attribute.type, refAttrName: attribute.value };
    }
  }

  private sparseTensor(tensor: SparseTensor): pb.SparseTensorProto {
    return carry(pb.SparseTensorProtoSchema, create(pb.SparseTensorProtoSchema, {
      values: this.tensor(tensor.values),
      indices: this.tensor(tensor.indices),
      dims: tensor.dims.map(BigInt),
    }), tensor);
  }

  private tensor(tensor: Tensor): pb.TensorProto {
    const message = create(pb.TensorProtoSchema, {
      dims: tensor.dims.map(BigInt),
      ...(tensor.type === 'undefined' ? unnamedType(tensor) : { dataType: wireOf(tensor.type) }),
      ...text('name', tensor.name),
      ...(tensor.docString !== undefined && { docString: tensor.docString }),
      metadataProps: entries(tensor.metadata ?? new Map()),
      ...(tensor.segment && { segment: create(pb.TensorProto_SegmentSchema, tensor.segment) }),
    });
    carry(pb.TensorProtoSchema, message, tensor);
    if ('strings' in tensor.data) {
      message.stringData = [...tensor.data.strings] as Uint8Array<ArrayBuffer>[];
      return message;
    }
    if (tensor.data === NO_DATA) return message;
    const placed = this.place(tensor, tensor.data);
    if ('external' in placed) {
      message.dataLocation = pb.TensorProto_DataLocation.EXTERNAL;
      message.externalData = entries(placed.external);
      return message;
    }
    const marker: number[] = [];
    pushVarint(marker, this.payloads.length);
    this.payloads.push(placed.inline);
    message.$unknown = [...(message.$unknown ?? []), { no: MARKER_FIELD, wireType: WireType.Varint as number, data: Uint8Array.from(marker) }];
    return message;
  }
}

/** The number of an element type that has no name here. */
function unnamedType(tensor: Tensor): { readonly dataType?: number } {
  const written = writtenAs<pb.TensorProto>(tensor);
  return written === undefined ? {} : { dataType: written.dataType };
}

/** Puts unknown fields and explicitly set defaults back. */
function carry<Shape extends Message>(
  schema: DescMessage,
  message: Shape,
  record: { readonly unknown?: Model['unknown']; readonly explicit?: readonly string[] },
): Shape {
  if (record.unknown && record.unknown.length > 0) {
    message.$unknown = record.unknown.map((field) => ({ no: field.no, wireType: field.wireType, data: field.data }));
  }
  for (const name of record.explicit ?? []) {
    const field = schema.field[name];
    const properties = message as unknown as Record<string, unknown>;
    if ((field?.fieldKind === 'scalar' || field?.fieldKind === 'enum') && !Object.hasOwn(properties, name)) properties[name] = field.getDefaultValue() ?? emptyOf(properties[name]);
  }
  return message;
}

function emptyOf(value: unknown): unknown {
  return typeof value === 'bigint' ? 0n : typeof value === 'number' ? 0 : '';
}

/** Proto2 tells "set to empty" from "not set": an empty text is not written. */
function text<Name extends string>(name: Name, value: string): Partial<Record<Name, string>> {
  return value === '' ? {} : ({ [name]: value } as Record<Name, string>);
}

function entries(map: ReadonlyMap<string, string>): pb.StringStringEntryProto[] {
  return [...map].map(([key, value]) => create(pb.StringStringEntryProtoSchema, { key, value }));
}

function opsets(map: ReadonlyMap<string, number>, writesDefaultDomain: boolean): pb.OperatorSetIdProto[] {
  return [...map].map(([domain, version]) =>
    create(pb.OperatorSetIdProtoSchema, { ...((domain !== '' || writesDefaultDomain) && { domain }), version: BigInt(version) }));
}

function valueInfo(info: ValueInfo): pb.ValueInfoProto {
  return carry(pb.ValueInfoProtoSchema, create(pb.ValueInfoProtoSchema, {
    ...text('name', info.name),
    ...(info.type && { type: valueType(info.type) }),
    ...(info.docString !== undefined && { docString: info.docString }),
    metadataProps: entries(info.metadata ?? new Map()),
  }), info);
}

function valueType(type: ValueType): pb.TypeProto {
  const written = writtenAs<pb.TypeProto>(type);
  if (written !== undefined) return written;
  if (type.kind === 'opaque') return fromBinary(pb.TypeProtoSchema, type.bytes);
  return create(pb.TypeProtoSchema, { value: valueTypeCase(type), ...text('denotation', type.denotation ?? '') });
}

function valueTypeCase(type: Exclude<ValueType, { kind: 'opaque' }>): pb.TypeProto['value'] {
  switch (type.kind) {
    case 'tensor':
    case 'sparseTensor': {
      const shape = type.shape && create(pb.TensorShapeProtoSchema, {
        dim: type.shape.map((dim, index) => dimension(dim, type.dimDenotations?.[index] ?? '')),
      });
      const fields = { elemType: wireOf(type.type), ...(shape && { shape }) };
      return type.kind === 'tensor'
        ? { case: 'tensorType', value: create(pb.TypeProto_TensorSchema, fields) }
        : { case: 'sparseTensorType', value: create(pb.TypeProto_SparseTensorSchema, fields) };
    }
    case 'sequence': return { case: 'sequenceType', value: create(pb.TypeProto_SequenceSchema, { elemType: valueType(type.element) }) };
    case 'optional': return { case: 'optionalType', value: create(pb.TypeProto_OptionalSchema, { elemType: valueType(type.element) }) };
    case 'map': return { case: 'mapType', value: create(pb.TypeProto_MapSchema, { keyType: wireOf(type.key), valueType: valueType(type.value) }) };
  }
}

function dimension(dim: Dim, denotation: string): pb.TensorShapeProto_Dimension {
  return create(pb.TensorShapeProto_DimensionSchema, {
    ...(typeof dim === 'number' && { value: { case: 'dimValue' as const, value: BigInt(dim) } }),
    ...(typeof dim === 'string' && { value: { case: 'dimParam' as const, value: dim } }),
    ...text('denotation', denotation),
  });
}
