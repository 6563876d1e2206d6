// Kinds of attributes by their numbers in AttributeProto.AttributeType, for references, which say the number only.

import type { Attribute } from '../model';
import type { AttributeKind } from '../schemas/index';

/** In the order of AttributeProto.AttributeType (onnx.proto); the index is the wire value. */
const kinds: readonly (AttributeKind | undefined)[] = [
  undefined, 'float', 'int', 'string', 'tensor', 'graph', 'floats', 'ints', 'strings', 'tensors', 'graphs', 'sparseTensor', 'sparseTensors',
  'type', 'types',
];

/** The kind of an attribute, or that of the value a reference stands for. */
export function attributeKindOf(attribute: Attribute): AttributeKind | undefined {
  return attribute.kind === 'reference' ? kinds[attribute.type] : attribute.kind;
}
