// ONNX in memory: plain records with the names of onnx.proto (ONNX 1.20). Structure is eager, weights are lazy: a tensor
// holds bytes or a reference into a file. Records are edited only on a clone (`clone.ts`): passes are never in place.

import type { ByteSource } from '../bytes';
import type { DataType } from './dataTypes';

/** Protobuf fields that this version does not know; they survive a round trip. */
export type UnknownFields = readonly { readonly no: number; readonly wireType: number; readonly data: Uint8Array }[];

/** Names of fields that the file sets although their value is the default, so that a round trip keeps them. */
export type ExplicitFields = readonly string[];

export interface Model {
  irVersion: number;
  /** Opset versions by domain as written; `ai.onnx` is written as '' by most exporters (see `opsetOf`). */
  opsets: Map<string, number>;
  /** The file writes the default domain as '' rather than leaving it out. */
  writesDefaultDomain?: boolean;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: bigint;
  docString: string;
  metadata: Map<string, string>;
  graph: Graph;
  functions: FunctionDefinition[];
  trainingInfo: TrainingInfo[];
  /** Serialized DeviceConfigurationProto messages; no pass touches them. */
  deviceConfigurations: readonly Uint8Array[];
  /** Files that lazy weights point into; `releaseModel` closes them. */
  readonly sources: readonly ByteSource[];
  unknown?: UnknownFields;
  explicit?: ExplicitFields;
}

/** TrainingInfoProto. */
export interface TrainingInfo {
  initialization?: Graph;
  algorithm?: Graph;
  initializationBinding: Map<string, string>;
  updateBinding: Map<string, string>;
  unknown?: UnknownFields;
}

export interface Graph {
  name: string;
  docString: string;
  nodes: Node[];
  /** By name, in file order. */
  initializers: Map<string, Tensor>;
  sparseInitializers: SparseTensor[];
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Types of inner values as stored in the file or filled by shape inference. */
  valueInfo: Map<string, ValueInfo>;
  /** TensorAnnotation, by tensor name. */
  quantizationAnnotations: Map<string, Map<string, string>>;
  metadata: Map<string, string>;
  unknown?: UnknownFields;
  explicit?: ExplicitFields;
}

export interface Node {
  /** May be empty or shared; the first output identifies a node. */
  name: string;
  opType: string;
  /** '' or `ai.onnx` for the standard operators. */
  domain: string;
  overload: string;
  /** '' stands for an omitted optional input. */
  inputs: string[];
  outputs: string[];
  attributes: Map<string, Attribute>;
  docString: string;
  metadata: Map<string, string>;
  /** Serialized NodeDeviceConfigurationProto messages. */
  deviceConfigurations?: readonly Uint8Array[];
  unknown?: UnknownFields;
  explicit?: ExplicitFields;
}

export type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'sparseTensor'; readonly value: SparseTensor }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'sparseTensors'; readonly value: readonly SparseTensor[] }
  | { readonly kind: 'types'; readonly value: readonly ValueType[] }
  /** Inside a function body: the value comes from the attribute of the calling node; `type` is AttributeProto.type. */
  | { readonly kind: 'reference'; readonly value: string; readonly type: number };

export type Attribute = AttributeValue & {
  readonly docString?: string;
  readonly unknown?: UnknownFields;
  readonly explicit?: ExplicitFields;
};

/** Where the elements of a tensor are, and in which field of TensorProto they were written. `bytes` are never changed in place. */
export interface TensorData {
  /** `raw`: little-endian raw_data layout; the others are the packed payload of that protobuf field. */
  readonly encoding: 'raw' | 'float' | 'int32' | 'int64' | 'double' | 'uint64';
  readonly at: { readonly bytes: Uint8Array } | ByteReference;
}

export interface ByteReference {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
  /** Set when the bytes are in an external data file: its path relative to the model, as written. */
  readonly external?: { readonly location: string; readonly checksum?: string };
}

/** A tensor that was written without any payload field (it has no elements). */
export const NO_DATA: TensorData = { encoding: 'raw', at: { bytes: new Uint8Array(0) } };

export interface Tensor {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData | { readonly strings: readonly Uint8Array[] };
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly segment?: { readonly begin: bigint; readonly end: bigint };
  readonly unknown?: UnknownFields;
  readonly explicit?: ExplicitFields;
}

/** Coordinate form: `values` [NNZ], `indices` [NNZ] (linear) or [NNZ, rank]. Its name is that of `values`. */
export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dims: readonly number[];
  readonly unknown?: UnknownFields;
}

/** A number, a symbolic name, or unknown (null). */
export type Dim = number | string | null;

/** Denotations of dimensions (`DATA_BATCH`, ...), by position; absent when there are none. */
type DimDenotations = readonly string[];

export type ValueType =
  | { readonly kind: 'tensor'; readonly type: DataType; readonly shape: readonly Dim[] | null; readonly denotation?: string; readonly dimDenotations?: DimDenotations }
  | { readonly kind: 'sparseTensor'; readonly type: DataType; readonly shape: readonly Dim[] | null; readonly denotation?: string; readonly dimDenotations?: DimDenotations }
  | { readonly kind: 'sequence'; readonly element: ValueType; readonly denotation?: string }
  | { readonly kind: 'optional'; readonly element: ValueType; readonly denotation?: string }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: ValueType; readonly denotation?: string }
  /** A type that this version does not know (`Opaque`): the serialized TypeProto. */
  | { readonly kind: 'opaque'; readonly bytes: Uint8Array };

export interface ValueInfo {
  readonly name: string;
  /** Absent when the file does not say. */
  readonly type?: ValueType;
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: UnknownFields;
  readonly explicit?: ExplicitFields;
}

/** A model-local function (FunctionProto). */
export interface FunctionDefinition {
  name: string;
  domain: string;
  overload: string;
  inputs: string[];
  outputs: string[];
  attributes: string[];
  attributeDefaults: Map<string, Attribute>;
  nodes: Node[];
  opsets: Map<string, number>;
  /** As in `Model`. */
  writesDefaultDomain?: boolean;
  valueInfo: Map<string, ValueInfo>;
  docString: string;
  metadata: Map<string, string>;
  unknown?: UnknownFields;
  explicit?: ExplicitFields;
}

export function isDefaultDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Opset of a domain; '' and `ai.onnx` are one. Undefined when the model does not import it. */
export function opsetOf(model: Pick<Model, 'opsets'>, domain = ''): number | undefined {
  if (!isDefaultDomain(domain)) return model.opsets.get(domain);
  return model.opsets.get('') ?? model.opsets.get('ai.onnx');
}

/** Whether the node is the standard operator `opType` (domain `ai.onnx`). */
export function isOp(node: Node, ...opTypes: readonly string[]): boolean {
  return isDefaultDomain(node.domain) && opTypes.includes(node.opType);
}

/** What a message calls the node: its name, else its first output. */
export function nodeLabel(node: Node): string {
  return node.name !== '' ? node.name : (node.outputs.find((output) => output !== '') ?? node.opType);
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
