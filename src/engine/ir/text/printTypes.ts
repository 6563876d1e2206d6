// Types and values with their types: `float[N,3,32,32] x`.

import type { Dim, ValueInfo, ValueType } from '../model';
import { carriedNote, type Note } from './notes';
import { readOpaque, writeOpaque } from './opaque';
import { identifier, typeName } from './syntax';
import { base64, sameBytes } from './utf8';

export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'tensor': return `${typeName(type.type)}${shapeText(type.shape)}`;
    case 'sparseTensor': return `sparse_tensor(${typeName(type.type)}${shapeText(type.shape)})`;
    case 'sequence': return `seq(${typeText(type.element)})`;
    case 'optional': return `optional(${typeText(type.element)})`;
    case 'map': return `map(${typeName(type.key)}, ${typeText(type.value)})`;
    case 'opaque': {
      const { domain, name } = readOpaque(type.bytes) ?? { domain: '', name: '' };
      const dotted = domain.split('.').map(identifier).join('.');
      return `opaque(${[...(domain === '' ? [] : [dotted]), ...(name === '' ? [] : [identifier(name)])].join(',')})`;
    }
  }
}

/** Nothing for a scalar, `[]` where the rank is unknown, `?` for an unknown dimension. */
function shapeText(shape: readonly Dim[] | null): string {
  if (shape === null) return '[]';
  return shape.length === 0 ? '' : `[${shape.map(dimText).join(',')}]`;
}

function dimText(dim: Dim): string {
  return dim === null ? '?' : typeof dim === 'number' ? String(dim) : identifier(dim);
}

/** What the text of a type leaves out: denotations (of the outer type only), types without a syntax. */
export function typeNote(type: ValueType | undefined): Note {
  if (type === undefined) return {};
  if (type.kind === 'opaque') {
    const opaque = readOpaque(type.bytes);
    return opaque !== undefined && sameBytes(writeOpaque(opaque), type.bytes) ? {} : { type: base64(type.bytes) };
  }
  return {
    ...(type.denotation !== undefined && { denotation: type.denotation }),
    ...('dimDenotations' in type && type.dimDenotations !== undefined && { dim_denotations: type.dimDenotations }),
  };
}

/** A type that cannot be written (an empty TypeProto, say) is left to the note. */
export function valueText({ type, name }: ValueInfo): string {
  const isWritten = type !== undefined && (type.kind !== 'opaque' || readOpaque(type.bytes) !== undefined);
  return isWritten ? `${typeText(type)} ${identifier(name)}` : identifier(name);
}

export function valueNote(info: ValueInfo): Note {
  return { ...carriedNote(info), ...typeNote(info.type) };
}
