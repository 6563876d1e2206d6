// Words of ONNX's textual syntax (onnx/docs/Syntax.md; onnx/defs/parser.h of ONNX 1.23): names of types, and which names
// stand bare. What is ours beyond it is listed in docs/text.md.

import { type DataType, dataTypes } from '../dataTypes';
import type { AttributeValue } from '../model';

/** Element types are written by their names but for two. */
const renamed: Readonly<Partial<Record<DataType, string>>> = { float32: 'float', float64: 'double' };

export function typeName(type: DataType): string {
  return renamed[type] ?? type;
}

const byName = new Map<string, DataType>(dataTypes.map((type) => [typeName(type), type]));

export function typeNamed(name: string): DataType | undefined {
  return byName.get(name);
}

export const compoundTypes = ['seq', 'map', 'optional', 'sparse_tensor', 'opaque'] as const;

export function isTypeWord(word: string): boolean {
  return byName.has(word) || (compoundTypes as readonly string[]).includes(word);
}

/** Floats that are written as words, in any case. */
export function isFloatWord(word: string): boolean {
  return /^(inf|infinity|nan)$/i.test(word);
}

export type AttributeKind = Exclude<AttributeValue['kind'], 'reference'>;

/** Type annotations of attributes, and AttributeProto.AttributeType of each. */
export const attributeTypes: Readonly<Record<AttributeKind, { readonly word: string; readonly wire: number }>> = {
  float: { word: 'float', wire: 1 }, int: { word: 'int', wire: 2 }, string: { word: 'string', wire: 3 },
  tensor: { word: 'tensor', wire: 4 }, graph: { word: 'graph', wire: 5 }, floats: { word: 'floats', wire: 6 },
  ints: { word: 'ints', wire: 7 }, strings: { word: 'strings', wire: 8 }, tensors: { word: 'tensors', wire: 9 },
  graphs: { word: 'graphs', wire: 10 }, sparseTensor: { word: 'sparse_tensor', wire: 11 },
  sparseTensors: { word: 'sparse_tensors', wire: 12 }, type: { word: 'type_proto', wire: 13 }, types: { word: 'type_protos', wire: 14 },
};

export function attributeKind(match: (type: { readonly word: string; readonly wire: number }) => boolean): AttributeKind | undefined {
  return (Object.keys(attributeTypes) as AttributeKind[]).find((kind) => match(attributeTypes[kind]));
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A name as it is written: bare where it is an identifier that means nothing else, else quoted. */
export function identifier(name: string): string {
  return IDENTIFIER.test(name) && !isTypeWord(name) && !isFloatWord(name) ? name : quoted(name);
}

export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** In quotes; a backslash makes the character after it literal, whatever it is (there is no `\n`). */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
