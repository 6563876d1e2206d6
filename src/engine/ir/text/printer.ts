// A model in ONNX's textual syntax, one line a node. Large weights are not read: `{...}` stands for their values, and
// `parseModel` takes them from the original model again.

import type { Attribute, FunctionDefinition, Graph, Model, Node, ValueInfo } from '../model';
import { type AttributeContext, attributeNote, attributeText, isMultiline } from './printAttributes';
import { Lines } from './lines';
import { carriedNote, isEmpty, itemNotes, type Note, NOTE } from './notes';
import { readPayloads, type TensorPrinter, tensorPrinter } from './printTensors';
import { valueNote, valueText } from './printTypes';
import { identifier, isIdentifier, quoted } from './syntax';
import { base64 } from './utf8';

export interface PrintOptions {
  /** Most elements of a tensor that are printed; of larger ones the values are left out. Default 8; `Infinity` for all. */
  readonly longest?: number;
  /** Whether what the syntax cannot say is kept in `#@` comments (docs/text.md). Default true: the text is complete. */
  readonly notes?: boolean;
}

export interface PrintedModel {
  readonly text: string;
  /** Where each node is. */
  readonly placeOf: ReadonlyMap<Node, NodePlace>;
  /** First and last line of what may be folded: the header and the blocks of initializers and types. */
  readonly blocks: readonly { readonly kind: 'header' | 'values'; readonly first: number; readonly last: number }[];
}

/** Counted from 0; columns in UTF-16 units, as VS Code counts. */
export interface NodePlace {
  readonly line: number;
  /** Behind the name of the operator. */
  readonly column: number;
}

/** Shapes, axes and the pads of four dimensions are read at a glance; channels are not. */
const LONGEST = 8;
/** Inputs or outputs of a graph that fit on its line. */
const MOST_ON_A_LINE = 4;

export async function printModel(model: Model, options: PrintOptions = {}): Promise<string> {
  return (await printModelWithPlaces(model, options)).text;
}

export async function printModelWithPlaces(model: Model, { longest = LONGEST, notes = true }: PrintOptions = {}): Promise<PrintedModel> {
  const printer = new Printer(tensorPrinter(longest, await readPayloads(model, longest)), notes);
  printer.model(model);
  return { text: printer.lines.text(), placeOf: printer.placeOf, blocks: printer.blocks };
}

class Printer implements AttributeContext {
  readonly lines = new Lines();
  readonly placeOf = new Map<Node, NodePlace>();
  readonly blocks: { kind: 'header' | 'values'; first: number; last: number }[] = [];

  constructor(readonly tensors: TensorPrinter, private readonly notes: boolean) {}

  model(model: Model): void {
    const { explicit = [] } = model;
    const inHeader = (name: string, value: string | bigint): boolean => (typeof value === 'string' ? value !== '' : value !== 0n) || explicit.includes(name);
    const text = (word: string, name: string, value: string): string[] => (inHeader(name, value) ? [`${word}: ${quoted(value)}`] : []);
    this.note(modelNote(model));
    this.header([
      `ir_version: ${model.irVersion}`,
      `opset_import: ${opsetsText(model.opsets)}`,
      ...text('producer_name', 'producerName', model.producerName),
      ...text('producer_version', 'producerVersion', model.producerVersion),
      ...text('domain', 'domain', model.domain),
      ...(inHeader('modelVersion', model.modelVersion) ? [`model_version: ${model.modelVersion}`] : []),
      ...text('doc_string', 'docString', model.docString),
      ...(model.metadata.size > 0 ? [`metadata_props: [${[...model.metadata].map(([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(', ')}]`] : []),
    ]);
    this.note(this.graphNote(model.graph));
    this.graph(model.graph);
    this.lines.end();
    for (const definition of model.functions) this.function(definition);
  }

  private note(note: Note): void {
    if (this.notes && !isEmpty(note)) this.lines.end(`${NOTE} ${JSON.stringify(note)}`);
  }

  private header(entries: readonly string[]): void {
    this.block('header', '<', '>', entries.map((entry) => ({ text: entry })));
    this.lines.end();
  }

  /** Entries between brackets, one a line, each after its note. The line of the closing bracket stays open. */
  private block(kind: 'header' | 'values', open: string, close: string, entries: readonly { readonly text: string; readonly note?: Note }[]): void {
    const first = this.lines.line;
    this.lines.end(open);
    this.lines.indented(() => entries.forEach(({ text, note }, index) => {
      if (note !== undefined) this.note(note);
      this.lines.end(index === entries.length - 1 ? text : `${text},`);
    }));
    this.blocks.push({ kind, first, last: this.lines.line });
    this.lines.write(close);
  }

  /** `name (inputs) => (outputs)`, values, nodes; the line of the last brace stays open. Its note is the caller's. */
  graph(graph: Graph): void {
    this.lines.write(`${identifier(graph.name)} `);
    this.list(graph.inputs.map(valueText));
    this.lines.write(' => ');
    this.list(graph.outputs.map(valueText));
    this.values([
      ...[...graph.initializers.values()].map((tensor) => ({ text: this.tensors.text(tensor, 'initializer'), note: this.tensors.note(tensor, 'initializer') })),
      ...graph.sparseInitializers.map((tensor) => ({ text: this.tensors.sparseText(tensor), note: this.tensors.sparseNote(tensor) })),
      ...valueEntries(graph.valueInfo),
    ]);
    this.body(graph.nodes);
  }

  graphNote(graph: Graph): Note {
    const [inputs, outputs] = [itemNotes(graph.inputs.map(valueNote)), itemNotes(graph.outputs.map(valueNote))];
    return {
      ...carriedNote(graph),
      ...(inputs.length > 0 && { inputs }),
      ...(outputs.length > 0 && { outputs }),
      ...(graph.quantizationAnnotations.size > 0 && {
        quantization_annotation: [...graph.quantizationAnnotations].map(([name, parameters]) => [name, [...parameters]] as const),
      }),
    };
  }

  private list(entries: readonly string[]): void {
    if (entries.length <= MOST_ON_A_LINE) {
      this.lines.write(`(${entries.join(', ')})`);
      return;
    }
    this.lines.end('(');
    this.lines.indented(() => entries.forEach((entry, index) => this.lines.end(index === entries.length - 1 ? entry : `${entry},`)));
    this.lines.write(')');
  }

  private values(entries: readonly { readonly text: string; readonly note: Note }[]): void {
    if (entries.length === 0) {
      this.lines.end();
      return;
    }
    this.lines.end();
    this.block('values', '<', '>', entries);
    this.lines.end();
  }

  private body(nodes: readonly Node[]): void {
    this.lines.end('{');
    this.lines.indented(() => nodes.forEach((node) => this.node(node)));
    this.lines.write('}');
  }

  private node(node: Node): void {
    this.note(this.nodeNote(node));
    const named = node.name !== '' || node.explicit?.includes('name') === true;
    this.lines.write(`${named ? `[${identifier(node.name)}] ` : ''}${node.outputs.map(identifier).join(', ')} = ${operatorText(node)}`);
    this.placeOf.set(node, { line: this.lines.line, column: this.lines.column });
    const inputs = `(${node.inputs.map(identifier).join(', ')})`;
    const nested = [...node.attributes.values()].some(isMultiline);
    if (nested) this.lines.write(` ${inputs}`);
    if (node.attributes.size > 0) {
      this.lines.write(' <');
      [...node.attributes].forEach(([name, attribute], index) => {
        if (index > 0) this.lines.write(', ');
        attributeText(this, name, attribute);
      });
      this.lines.write('>');
    }
    this.lines.end(nested ? '' : ` ${inputs}`);
  }

  private nodeNote(node: Node): Note {
    const explicit = node.explicit?.filter((field) => field !== 'name') ?? [];
    const attributes = this.attributeNotes(node.attributes);
    return {
      ...carriedNote({ docString: node.docString, metadata: node.metadata, explicit, ...(node.unknown && { unknown: node.unknown }) }),
      ...(node.deviceConfigurations && { device_configurations: node.deviceConfigurations.map(base64) }),
      ...(attributes.length > 0 && { attributes }),
    };
  }

  private attributeNotes(attributes: ReadonlyMap<string, Attribute>): readonly (readonly [string, Note])[] {
    return [...attributes].map(([name, attribute]) => [name, attributeNote(this, attribute)] as const).filter(([, note]) => !isEmpty(note));
  }

  private function(definition: FunctionDefinition): void {
    const { domain, overload, opsets, name, inputs, outputs, attributes, attributeDefaults, valueInfo, nodes } = definition;
    const defaults = this.attributeNotes(attributeDefaults);
    this.lines.end();
    this.note({ ...carriedNote({ ...definition, docString: '' }), ...(defaults.length > 0 && { attributes: defaults }) });
    this.header([
      `domain: ${quoted(domain)}`,
      ...(overload === '' ? [] : [`overload: ${quoted(overload)}`]),
      `opset_import: ${opsetsText(opsets)}`,
      ...(definition.docString === '' ? [] : [`doc_string: ${quoted(definition.docString)}`]),
    ]);
    this.lines.write(`${identifier(name)} `);
    if (attributes.length + attributeDefaults.size > 0) {
      this.lines.write(`<${attributes.map(identifier).join(', ')}`);
      [...attributeDefaults].forEach(([key, attribute], index) => {
        if (index + attributes.length > 0) this.lines.write(', ');
        attributeText(this, key, attribute);
      });
      this.lines.write('> ');
    }
    this.lines.write(`(${inputs.map(identifier).join(', ')}) => (${outputs.map(identifier).join(', ')})`);
    this.values(valueEntries(valueInfo));
    this.body(nodes);
    this.lines.end();
  }
}

function valueEntries(infos: ReadonlyMap<string, ValueInfo>): { readonly text: string; readonly note: Note }[] {
  return [...infos.values()].map((info) => ({ text: valueText(info), note: valueNote(info) }));
}

/** Fields of the header that say themselves that they are set. */
const headerFields: ReadonlySet<string> = new Set(['producerName', 'producerVersion', 'domain', 'modelVersion', 'docString']);

function modelNote(model: Model): Note {
  const explicit = model.explicit?.filter((name) => !headerFields.has(name)) ?? [];
  const writesDefault = model.writesDefaultDomain === true;
  return {
    ...carriedNote({ explicit, ...(model.unknown && { unknown: model.unknown }) }),
    ...(writesDefault !== model.opsets.has('') && { writes_default_domain: writesDefault }),
    ...(model.deviceConfigurations.length > 0 && { configuration: model.deviceConfigurations.map(base64) }),
    ...(model.trainingInfo.length > 0 && { training_info: model.trainingInfo.length }),
  };
}

function opsetsText(opsets: ReadonlyMap<string, number>): string {
  return `[${[...opsets].map(([domain, version]) => `${quoted(domain)} : ${version}`).join(', ')}]`;
}

/** `com.microsoft.Gelu:overload`; a domain that is no list of identifiers is quoted as a whole. */
function operatorText({ domain, opType, overload }: Node): string {
  const prefix = domain === '' ? '' : `${domain.split('.').every(isIdentifier) ? domain : quoted(domain)}.`;
  const bare = (name: string): string => (isIdentifier(name) ? name : quoted(name));
  return `${prefix}${bare(opType)}${overload === '' ? '' : `:${bare(overload)}`}`;
}
