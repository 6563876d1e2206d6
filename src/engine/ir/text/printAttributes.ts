// Attributes of nodes and defaults of functions: `name = value`, with the type where the value does not tell it.

import type { Attribute, Graph } from '../model';
import type { Lines } from './lines';
import { floatLiteral } from './numbers';
import { carriedNote, isEmpty, itemNotes, type Note } from './notes';
import type { TensorPrinter } from './printTensors';
import { typeNote, typeText } from './printTypes';
import { attributeKind, attributeTypes, identifier, isIdentifier, quoted } from './syntax';
import { base64, isUtf8, utf8Text } from './utf8';

/** What attributes need of the printer they are part of: they hold tensors and graphs. */
export interface AttributeContext {
  readonly lines: Lines;
  readonly tensors: TensorPrinter;
  graph(graph: Graph): void;
  graphNote(graph: Graph): Note;
}

export function isMultiline(attribute: Attribute): boolean {
  return attribute.kind === 'graph' || attribute.kind === 'graphs';
}

export function attributeText(printer: AttributeContext, name: string, attribute: Attribute): void {
  const word = isIdentifier(name) ? name : quoted(name);
  const typed = attribute.kind === 'reference' || (Array.isArray(attribute.value) && attribute.value.length === 0);
  printer.lines.write(typed ? `${word}: ${annotation(attribute)} = ` : `${word} = `);
  if (attribute.kind === 'graph') printer.graph(attribute.value);
  else if (attribute.kind === 'graphs') graphs(printer, attribute.value);
  else printer.lines.write(valueText(printer, attribute));
}

function annotation(attribute: Attribute): string {
  if (attribute.kind !== 'reference') return attributeTypes[attribute.kind].word;
  const kind = attributeKind(({ wire }) => wire === attribute.type);
  return kind === undefined ? 'undefined' : attributeTypes[kind].word;
}

function graphs(printer: AttributeContext, list: Extract<Attribute, { kind: 'graphs' }>['value']): void {
  printer.lines.write('[');
  list.forEach((graph, index) => {
    if (index > 0) printer.lines.write(', ');
    printer.graph(graph);
  });
  printer.lines.write(']');
}

function valueText({ tensors }: AttributeContext, attribute: Exclude<Attribute, { kind: 'graph' | 'graphs' }>): string {
  switch (attribute.kind) {
    case 'float': return floatLiteral(attribute.value);
    case 'int': return String(attribute.value);
    case 'string': return quoted(utf8Text(attribute.value));
    case 'tensor': return tensors.text(attribute.value, 'value');
    case 'sparseTensor': return tensors.sparseText(attribute.value);
    case 'type': return typeText(attribute.value);
    case 'floats': return list(attribute.value, floatLiteral);
    case 'ints': return list(attribute.value, String);
    case 'strings': return list(attribute.value, (value) => quoted(utf8Text(value)));
    case 'tensors': return list(attribute.value, (tensor) => tensors.text(tensor, 'value'));
    case 'sparseTensors': return list(attribute.value, (tensor) => tensors.sparseText(tensor));
    case 'types': return list(attribute.value, typeText);
    case 'reference': return `@${identifier(attribute.value)}`;
  }
}

function list<Item>(items: readonly Item[], text: (item: Item) => string): string {
  return `[${items.map(text).join(', ')}]`;
}

export function attributeNote(printer: AttributeContext, attribute: Attribute): Note {
  return { ...carriedNote(attribute), ...valueNote(printer, attribute) };
}

function valueNote(printer: AttributeContext, attribute: Attribute): Note {
  const { tensors } = printer;
  switch (attribute.kind) {
    case 'string': return isUtf8(attribute.value) ? {} : { bytes: base64(attribute.value) };
    case 'strings': return attribute.value.every(isUtf8) ? {} : { strings: attribute.value.map(base64) };
    case 'tensor': return one(tensors.note(attribute.value, 'value'));
    case 'sparseTensor': return one(tensors.sparseNote(attribute.value));
    case 'graph': return one(printer.graphNote(attribute.value));
    case 'type': return one(typeNote(attribute.value));
    case 'tensors': return many(attribute.value.map((tensor) => tensors.note(tensor, 'value')));
    case 'sparseTensors': return many(attribute.value.map((tensor) => tensors.sparseNote(tensor)));
    case 'graphs': return many(attribute.value.map((graph) => printer.graphNote(graph)));
    case 'types': return many(attribute.value.map(typeNote));
    case 'reference': case 'float': case 'int': case 'floats': case 'ints': return {};
  }
}

function one(note: Note): Note {
  return isEmpty(note) ? {} : { item: note };
}

function many(notes: readonly Note[]): Note {
  const items = itemNotes(notes);
  return items.length > 0 ? { items } : {};
}
