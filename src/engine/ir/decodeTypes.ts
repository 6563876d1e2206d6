// ValueInfoProto and TypeProto to records. What a record cannot say (a dimension of -1, an element type without a name) is
// remembered with it (written.ts).

import { isFieldSet, toBinary } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { dataTypeOf, wireOf } from './dataTypes';
import { carried, entries } from './decodeFields';
import type { Dim, ValueInfo, ValueType } from './model';
import { remember, Surplus } from './written';

export function valueInfo(message: pb.ValueInfoProto): ValueInfo {
  const surplus = new Surplus();
  const metadata = entries(message.metadataProps, surplus, pb.ValueInfoProtoSchema.field.metadataProps);
  return {
    name: message.name,
    ...(message.type && { type: valueType(message.type) }),
    ...(message.docString !== '' && { docString: message.docString }),
    ...(metadata.size > 0 && { metadata }),
    ...carried(pb.ValueInfoProtoSchema, message, { surplus }),
  };
}

export function valueType(message: pb.TypeProto): ValueType {
  const type = typeOf(message);
  if (type.kind !== 'opaque' && !isPlain(message)) remember(type, message);
  return type;
}

function typeOf(message: pb.TypeProto): ValueType {
  const denotation = message.denotation === '' ? {} : { denotation: message.denotation };
  const opaque = (): ValueType => ({ kind: 'opaque', bytes: toBinary(pb.TypeProtoSchema, message) });
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
      if (elemType === undefined) return opaque();
      return { kind: message.value.case === 'sequenceType' ? 'sequence' : 'optional', element: typeOf(elemType), ...denotation };
    }
    case 'mapType': {
      const { keyType, valueType: element } = message.value.value;
      return element === undefined ? opaque() : { kind: 'map', key: dataTypeOf(keyType), value: typeOf(element), ...denotation };
    }
    case undefined:
      return opaque();
  }
}

/** Some exporters write -1 (or a name that is empty) for "unknown". */
function dimension(message: pb.TensorShapeProto_Dimension): Dim {
  switch (message.value.case) {
    case 'dimValue': {
      const size = Number(message.value.value);
      return size < 0 || !Number.isSafeInteger(size) ? null : size;
    }
    case 'dimParam': return message.value.value === '' ? null : message.value.value;
    case undefined: return null;
  }
}

/** Whether the record says all that the message does. */
function isPlain(message: pb.TypeProto): boolean {
  const { value } = message;
  if (message.$unknown?.length || (message.denotation === '' && isFieldSet(message, pb.TypeProtoSchema.field.denotation))) return false;
  if (value.case === undefined || value.value.$unknown?.length) return false;
  switch (value.case) {
    case 'tensorType':
    case 'sparseTensorType': {
      const { elemType, shape } = value.value;
      const said = isFieldSet(value.value, value.case === 'tensorType' ? pb.TypeProto_TensorSchema.field.elemType : pb.TypeProto_SparseTensorSchema.field.elemType);
      return said && wireOf(dataTypeOf(elemType)) === elemType && !shape?.$unknown?.length && (shape?.dim.every(isPlainDimension) ?? true);
    }
    case 'sequenceType':
    case 'optionalType':
      return value.value.elemType !== undefined && isPlain(value.value.elemType);
    case 'mapType': {
      const { keyType, valueType: element } = value.value;
      const said = isFieldSet(value.value, pb.TypeProto_MapSchema.field.keyType) && wireOf(dataTypeOf(keyType)) === keyType;
      return said && element !== undefined && isPlain(element);
    }
  }
}

function isPlainDimension(message: pb.TensorShapeProto_Dimension): boolean {
  const said = message.value.case === undefined || dimension(message) !== null;
  const denoted = message.denotation !== '' || !isFieldSet(message, pb.TensorShapeProto_DimensionSchema.field.denotation);
  return said && denoted && !message.$unknown?.length;
}
