// Where tensor payloads sit in onnx.proto: the messages a scanner must descend into, and the payload fields of
// TensorProto that it lifts out. Field numbers from onnx.proto (ONNX 1.20).

import type { TensorData } from './model';

export type MessageKind = 'model' | 'trainingInfo' | 'function' | 'graph' | 'node' | 'attribute' | 'sparseTensor' | 'tensor';

/** Message fields by number, for the messages on the way to a TensorProto. */
export const children: Readonly<Record<MessageKind, Readonly<Record<number, MessageKind>>>> = {
  model: { 7: 'graph', 20: 'trainingInfo', 25: 'function' },
  trainingInfo: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparseTensor', 23: 'sparseTensor' },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};

/** Payload fields of TensorProto and how their bytes are laid out. */
export const payloadFields: Readonly<Record<number, TensorData['encoding']>> = {
  4: 'float', 5: 'int32', 7: 'int64', 9: 'raw', 10: 'double', 11: 'uint64',
};

export const payloadFieldOf: Readonly<Record<TensorData['encoding'], number>> = {
  float: 4, int32: 5, int64: 7, raw: 9, double: 10, uint64: 11,
};

/**
 * In a skeleton, the varint field with this number stands in a TensorProto for a payload that was lifted out; its value is
 * the payload's index. Unknown to onnx.proto, so that the protobuf library carries it along.
 */
export const MARKER_FIELD = 524_287;

export const messageNames: Readonly<Record<MessageKind, string>> = {
  model: 'the model', trainingInfo: 'training info', function: 'a function', graph: 'the graph', node: 'a node',
  attribute: 'an attribute', sparseTensor: 'a sparse tensor', tensor: 'a tensor',
};
