// Types and values with their types; the inverse of printTypes.ts.

import type { DataType } from '../dataTypes';
import type { Dim, ValueInfo, ValueType } from '../model';
import type { Lexer } from './lexer';
import { carriedFields, documented, type Note } from './notes';
import { writeOpaque } from './opaque';
import { isTypeWord, typeNamed } from './syntax';
import { fromBase64 } from './utf8';

/** Types nested deeper than any operator wants are refused, not a stack overflow. */
const MAX_DEPTH = 64;

export function nextIsType(lexer: Lexer): boolean {
  return isTypeWord(lexer.peek());
}

export function parseType(lexer: Lexer, depth = 0): ValueType {
  if (depth > MAX_DEPTH) return lexer.fail('text.want.shallower');
  const start = lexer.place();
  const word = lexer.optionalWord();
  const type = typeNamed(word);
  if (type !== undefined) return { kind: 'tensor', type, shape: parseShape(lexer) };
  const inside = <Result>(parse: () => Result): Result => {
    lexer.expect('(');
    const result = parse();
    lexer.expect(')');
    return result;
  };
  switch (word) {
    case 'seq': return inside(() => ({ kind: 'sequence', element: parseType(lexer, depth + 1) }));
    case 'optional': return inside(() => ({ kind: 'optional', element: parseType(lexer, depth + 1) }));
    case 'sparse_tensor': return inside(() => ({ kind: 'sparseTensor', type: parseElementType(lexer), shape: parseShape(lexer) }));
    case 'map': return inside(() => {
      const key = parseElementType(lexer);
      lexer.expect(',');
      return { kind: 'map', key, value: parseType(lexer, depth + 1) };
    });
    case 'opaque': return inside(() => parseOpaque(lexer));
    default: return lexer.fail('text.want.type', start);
  }
}

function parseElementType(lexer: Lexer): DataType {
  const start = lexer.place();
  return typeNamed(lexer.optionalWord()) ?? lexer.fail('text.want.elementType', start);
}

/** A scalar has no brackets; empty ones are an unknown rank. */
function parseShape(lexer: Lexer): readonly Dim[] | null {
  if (!lexer.matches('[')) return [];
  if (lexer.matches(']')) return null;
  const dims: Dim[] = [];
  do dims.push(parseDim(lexer));
  while (lexer.matches(','));
  lexer.expect(']');
  return dims;
}

function parseDim(lexer: Lexer): Dim {
  if (lexer.matches('?')) return null;
  if (lexer.next() === '"') return lexer.string();
  return lexer.optionalWord() || lexer.count();
}

/** One name is the type's; two are its domain, which may have dots, and its name. */
function parseOpaque(lexer: Lexer): ValueType {
  if (lexer.next() === ')') return { kind: 'opaque', bytes: writeOpaque({ domain: '', name: '' }) };
  const parts = [lexer.name('text.want.name')];
  while (lexer.matches('.')) parts.push(lexer.name('text.want.name'));
  const first = parts.join('.');
  const type = lexer.matches(',') ? { domain: first, name: lexer.next() === ')' ? '' : lexer.name('text.want.name') } : { domain: '', name: first };
  return { kind: 'opaque', bytes: writeOpaque(type) };
}

/** A type with what its note adds. */
export function notedType(type: ValueType | undefined, note: Note): ValueType | undefined {
  if (note.type !== undefined) return { kind: 'opaque', bytes: fromBase64(note.type) ?? new Uint8Array(0) };
  if (type === undefined || type.kind === 'opaque') return type;
  return {
    ...type,
    ...(note.denotation !== undefined && { denotation: note.denotation }),
    ...(note.dim_denotations !== undefined && (type.kind === 'tensor' || type.kind === 'sparseTensor') && { dimDenotations: note.dim_denotations }),
  };
}

/** `type name`, or a name alone. */
export function parseTypedName(lexer: Lexer): { readonly type?: ValueType; readonly name: string } {
  const type = nextIsType(lexer) ? parseType(lexer) : undefined;
  return { ...(type && { type }), name: lexer.name('text.want.valueName') };
}

export function valueOf(typed: { readonly type?: ValueType; readonly name: string }, note: Note): ValueInfo {
  const type = notedType(typed.type, note);
  return { name: typed.name, ...(type && { type }), ...documented(note), ...carriedFields(note) };
}
