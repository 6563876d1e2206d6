// What scan.ts and expand.ts know of onnx.proto: the fields of every message by number, taken from its descriptors, and
// which fields of TensorProto hold payloads that stay out of the structure.

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { AttributeProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema, TensorShapeProtoSchema, ValueInfoProtoSchema } from 'onnx-buf';
import type { TensorData } from './model';
import { WireType } from './wire';

export interface FieldLayout {
  /** How one value is written; a repeated number may also be written packed, as one length-delimited field. */
  readonly wire: WireType;
  readonly repeated: boolean;
  /** The message that the field holds. */
  readonly child?: MessageLayout;
  /** Set for the payload fields of TensorProto. */
  readonly payload?: TensorData['encoding'];
}

export interface MessageLayout {
  /** As messages say it: `a NodeProto`. */
  readonly name: string;
  readonly isTensor: boolean;
  readonly fields: ReadonlyMap<number, FieldLayout>;
  /** The field without which the message means nothing (onnx.checker wants them all): its absence shows made-up bytes early. */
  readonly required?: { readonly number: number; readonly name: string };
  /** Most fields the message may have. */
  readonly most: number;
}

const requiredFields: ReadonlyMap<DescMessage, string> = new Map<DescMessage, string>([
  [NodeProtoSchema, 'op_type'], [TensorProtoSchema, 'data_type'], [AttributeProtoSchema, 'name'], [ValueInfoProtoSchema, 'name'],
]);

/**
 * No limits of ONNX, but far above what anything takes: onnxruntime's own shapes have a handful of dimensions. Without them
 * one node with a million inputs or one shape with a million dimensions would make every later step slow.
 */
const mostFields: ReadonlyMap<DescMessage, number> = new Map<DescMessage, number>([
  [NodeProtoSchema, 32_768], [TensorShapeProtoSchema, 256],
]);

/** Payload fields of TensorProto and how their bytes are laid out (onnx.proto, ONNX 1.20). */
const payloadFields: ReadonlyMap<number, TensorData['encoding']> = new Map([
  [4, 'float'], [5, 'int32'], [7, 'int64'], [9, 'raw'], [10, 'double'], [11, 'uint64'],
]);

export const payloadFieldOf: Readonly<Record<TensorData['encoding'], number>> = {
  float: 4, int32: 5, int64: 7, raw: 9, double: 10, uint64: 11,
};

/**
 * In a skeleton, the varint field with this number stands in a TensorProto for a payload that was lifted out; its value is
 * the payload's index. Unknown to onnx.proto, so that the protobuf library carries it along.
 */
export const MARKER_FIELD = 524_287;

const layouts = new Map<DescMessage, MessageLayout>();

/** Layouts refer to each other in circles (a graph in an attribute of a node of a graph): each is made once. */
function layoutOf(message: DescMessage): MessageLayout {
  const known = layouts.get(message);
  if (known !== undefined) return known;
  const fields = new Map<number, FieldLayout>();
  const isTensor = message === TensorProtoSchema;
  const required = message.fields.find((field) => field.name === requiredFields.get(message));
  const layout: MessageLayout = { name: `a ${message.name}`, isTensor, fields, most: mostFields.get(message) ?? Infinity, ...(required && { required }) };
  layouts.set(message, layout);
  for (const field of message.fields) {
    const payload = isTensor ? payloadFields.get(field.number) : undefined;
    fields.set(field.number, {
      wire: wireOf(field),
      repeated: field.fieldKind === 'list',
      ...(field.message && { child: layoutOf(field.message) }),
      ...(payload !== undefined && { payload }),
    });
  }
  return layout;
}

function wireOf(field: DescField): WireType {
  if (field.enum) return WireType.Varint;
  switch (field.scalar) {
    case undefined: case ScalarType.STRING: case ScalarType.BYTES: return WireType.LengthDelimited;
    case ScalarType.FLOAT: case ScalarType.FIXED32: case ScalarType.SFIXED32: return WireType.Fixed32;
    case ScalarType.DOUBLE: case ScalarType.FIXED64: case ScalarType.SFIXED64: return WireType.Fixed64;
    default: return WireType.Varint;
  }
}

export const modelLayout: MessageLayout = layoutOf(ModelProtoSchema);
