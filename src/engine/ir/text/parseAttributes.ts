// Attributes: `name = value` or `name: type = value`; the inverse of printAttributes.ts.

import type { Attribute, AttributeValue, Graph, SparseTensor, Tensor, ValueType } from '../model';
import type { Lexer } from './lexer';
import { carriedFields, documented, type Note } from './notes';
import { floatOf } from './numbers';
import { parseSparseData, parseTensorData, parseTensorName, type WeightSource } from './parseTensors';
import { nextIsType, notedType, parseType } from './parseTypes';
import { type AttributeKind, attributeKind, attributeTypes, isFloatWord } from './syntax';
import { fromBase64, utf8Bytes } from './utf8';
import { attributePath, itemPath } from './weightPaths';

/** What attributes need of the parser they are part of. */
export interface AttributeParser {
  readonly lexer: Lexer;
  readonly weights: WeightSource;
  /** A graph behind its name. */
  graph(name: string, note: Note, path: string): Graph;
}

type Single =
  | { readonly kind: 'int'; readonly value: bigint; readonly text: string }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'sparseTensor'; readonly value: SparseTensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'reference'; readonly value: string };

/** Behind the attribute's name. `path` is that of the attribute (weightPaths.ts). */
export function parseAttribute(parser: AttributeParser, note: Note, path: string): Attribute {
  return { ...parseValue(parser, note, path), ...documentedAttribute(note), ...carriedFields(note) };
}

function documentedAttribute(note: Note): { docString?: string } {
  const { docString } = documented(note);
  return docString === undefined ? {} : { docString };
}

/** `name`, then the attribute; gives both. The note of each attribute of an element is in the element's. */
export function parseNamedAttribute(parser: AttributeParser, name: string, owner: Note, graph: string, node: Parameters<typeof attributePath>[1]): readonly [string, Attribute] {
  const note = owner.attributes?.find(([key]) => key === name)?.[1] ?? {};
  return [name, parseAttribute(parser, note, attributePath(graph, node, name))];
}

function parseValue(parser: AttributeParser, note: Note, path: string): AttributeValue {
  const { lexer } = parser;
  const annotated = lexer.matches(':') ? parseAnnotation(lexer) : undefined;
  lexer.expect('=');
  const start = lexer.place();
  if (lexer.matches('[')) return parseList(parser, annotated, note, path, start);
  const single = parseSingle(parser, note.item ?? {}, path);
  if (single.kind === 'reference') return { kind: 'reference', value: single.value, type: annotated === undefined || annotated === 'undefined' ? 0 : attributeTypes[annotated].wire };
  const value = promoted(single, annotated);
  if (annotated !== undefined && annotated !== value.kind) lexer.fail(`"${annotated === 'undefined' ? '@' : attributeTypes[annotated].word}"`, start);
  if (value.kind === 'string' && note.bytes !== undefined) return { kind: 'string', value: decoded(note.bytes) };
  return value;
}

function parseAnnotation(lexer: Lexer): AttributeKind | 'undefined' {
  const start = lexer.place();
  const word = lexer.optionalWord();
  if (word === 'undefined') return word;
  return attributeKind((type) => type.word === word) ?? lexer.fail('text.want.attributeType', start);
}

const decoded = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array(0);

/** A whole number where a float is wanted is one. */
function promoted(single: Exclude<Single, { kind: 'reference' }>, wanted: AttributeKind | 'undefined' | undefined): AttributeValue & { readonly kind: AttributeKind } {
  if (single.kind === 'int') return wanted === 'float' ? { kind: 'float', value: Math.fround(floatOf(single.text)) } : { kind: 'int', value: single.value };
  return single;
}

function parseList(parser: AttributeParser, annotated: AttributeKind | 'undefined' | undefined, note: Note, path: string, start: number): AttributeValue {
  const { lexer } = parser;
  const items: Exclude<Single, { kind: 'reference' }>[] = [];
  if (!lexer.matches(']')) {
    do {
      const at = lexer.place();
      const itemNote = note.items?.find(([index]) => index === items.length)?.[1] ?? {};
      const item = parseSingle(parser, itemNote, itemPath(path, items.length));
      if (item.kind === 'reference') return lexer.fail('text.want.value', at);
      items.push(item);
    } while (lexer.matches(','));
    lexer.expect(']');
  }
  const kind = annotated ?? listKind(items);
  const value = kind === undefined || kind === 'undefined' ? undefined : listValue(kind, items);
  if (value === undefined) return lexer.fail(items.length === 0 ? 'text.want.listType' : 'text.want.sameType', start);
  return value.kind === 'strings' && note.strings !== undefined ? { kind: 'strings', value: note.strings.map(decoded) } : value;
}

/** A list with one float among whole numbers is one of floats. */
function listKind(items: readonly Single[]): AttributeKind | undefined {
  const kinds = new Set(items.map(({ kind }) => kind));
  if (kinds.has('float')) return 'floats';
  const [first] = kinds;
  return first === undefined ? undefined : (`${first}s` as AttributeKind);
}

function listValue(kind: AttributeKind, items: readonly Single[]): AttributeValue | undefined {
  /** The items as `Wanted`, if all are. */
  const all = <Wanted extends Single>(is: (item: Single) => item is Wanted): readonly Wanted['value'][] | undefined => (items.every(is) ? items.map(({ value }) => value) : undefined);
  const as = <K extends AttributeKind, V>(made: K, value: V | undefined): { readonly kind: K; readonly value: V } | undefined => (value === undefined ? undefined : { kind: made, value });
  switch (kind) {
    case 'floats': {
      const numbers = items.map((item) => (item.kind === 'float' ? item.value : item.kind === 'int' ? Math.fround(floatOf(item.text)) : undefined));
      const value = numbers.filter((number) => number !== undefined);
      return value.length === items.length ? { kind, value } : undefined;
    }
    case 'ints': return as(kind, all((item) => item.kind === 'int'));
    case 'strings': return as(kind, all((item) => item.kind === 'string'));
    case 'tensors': return as(kind, all((item) => item.kind === 'tensor'));
    case 'graphs': return as(kind, all((item) => item.kind === 'graph'));
    case 'sparseTensors': return as(kind, all((item) => item.kind === 'sparseTensor'));
    case 'types': return as(kind, all((item) => item.kind === 'type'));
    default: return undefined;
  }
}

function parseSingle(parser: AttributeParser, note: Note, path: string): Single {
  const { lexer, weights } = parser;
  const start = lexer.place();
  if (lexer.matches('@')) return { kind: 'reference', value: lexer.name('text.want.name') };
  if (nextIsType(lexer)) {
    const type = parseType(lexer);
    const next = lexer.next();
    if (next !== '{' && next !== '=' && next !== '"' && lexer.peek() === '') return { kind: 'type', value: notedType(type, note) ?? type };
    const name = parseTensorName(lexer);
    return type.kind === 'sparseTensor'
      ? { kind: 'sparseTensor', value: parseSparseData(lexer, type, start, note, path, weights) }
      : { kind: 'tensor', value: parseTensorData(lexer, { type, name, start }, note, path, weights) };
  }
  const word = lexer.peek();
  if (word !== '' && !isFloatWord(word)) return { kind: 'graph', value: parser.graph(lexer.optionalWord(), note, path) };
  const literal = lexer.literal();
  switch (literal.kind) {
    case 'int': return { kind: 'int', value: BigInt(literal.text), text: literal.text };
    case 'float': return { kind: 'float', value: Math.fround(floatOf(literal.text)) };
    case 'string':
      // A graph whose name needs quotes; a text is followed by a comma or the end of the list.
      return lexer.next() === '(' ? { kind: 'graph', value: parser.graph(literal.text, note, path) } : { kind: 'string', value: utf8Bytes(literal.text) };
  }
}
