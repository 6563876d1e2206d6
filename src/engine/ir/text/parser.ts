// A model from ONNX's textual syntax: the inverse of printer.ts, and reads what onnx's own printer writes. Errors name
// line and column and what was expected.

import { EngineError } from '../../error';
import type { Attribute, FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor, ValueInfo } from '../model';
import { Lexer } from './lexer';
import { carriedFields, type Note } from './notes';
import { type AttributeParser, parseNamedAttribute } from './parseAttributes';
import { FUNCTION_KEYS, MODEL_KEYS, parseHeader } from './parseHeader';
import { parseSparseData, parseTensorData, type WeightSource, weightSource } from './parseTensors';
import { nextIsType, parseType, parseTypedName, valueOf } from './parseTypes';
import { fromBase64 } from './utf8';
import { functionPath, initializerPath, MAIN_GRAPH, NO_NODE } from './weightPaths';

export interface ParseOptions {
  /** The original model: values that the text leaves out are taken from it, and training info. */
  readonly weights?: Model;
}

/** Graphs nested deeper than protobuf itself reads are refused, not a stack overflow. */
const MAX_DEPTH = 100;

/**
 * Reads a whole model. It shares weights and open files with `options.weights`: release that one only.
 *
 * @throws EngineError `textSyntax`, `textNote`, `textValueCount` with a place, `textDuplicate`; `textWeights` where values are missing.
 */
export function parseModel(text: string, options: ParseOptions = {}): Model {
  return new Parser(new Lexer(text), weightSource(options.weights)).model(options.weights);
}

class Parser implements AttributeParser {
  private depth = 0;

  constructor(readonly lexer: Lexer, readonly weights: WeightSource) {}

  // ── model and functions ────────────────────────────────────────────────────────────────────────────────────────

  model(original: Model | undefined): Model {
    const note = this.lexer.takeNote();
    const header = parseHeader(this.lexer, MODEL_KEYS);
    const graphNote = this.lexer.takeNote();
    const graph = this.graph(this.lexer.name('text.want.graphName'), graphNote, MAIN_GRAPH);
    const functions: FunctionDefinition[] = [];
    while (!this.lexer.atEnd()) functions.push(this.function());
    if (note.training_info !== undefined && original === undefined) throw new EngineError('textWeights', { tensor: 'training_info', reason: 'text.weights.noOriginal' });
    const opsets = header.opset_import ?? new Map<string, number>();
    const explicit = [...header.explicit, ...(note.explicit ?? [])];
    return {
      irVersion: header.ir_version ?? 0,
      opsets,
      producerName: header.producer_name ?? '',
      producerVersion: header.producer_version ?? '',
      domain: header.domain ?? '',
      modelVersion: header.model_version ?? 0n,
      docString: header.doc_string ?? '',
      metadata: header.metadata_props ?? new Map<string, string>(),
      graph,
      functions,
      trainingInfo: note.training_info === undefined ? [] : (original?.trainingInfo ?? []),
      deviceConfigurations: note.configuration?.map(decoded) ?? [],
      sources: original?.sources ?? [],
      ...carriedFields(explicit.length > 0 ? { ...note, explicit } : note),
      ...((note.writes_default_domain ?? opsets.has('')) && { writesDefaultDomain: true }),
    };
  }

  private function(): FunctionDefinition {
    const note = this.lexer.takeNote();
    const header = parseHeader(this.lexer, FUNCTION_KEYS);
    const head = { domain: header.domain ?? '', overload: header.overload ?? '', name: this.lexer.name('text.want.functionName') };
    const path = functionPath(head);
    const { attributes, attributeDefaults } = this.functionAttributes(note, path);
    const typed: ValueInfo[] = [];
    const inputs = this.functionValues(typed);
    this.lexer.expect('=>');
    const outputs = this.functionValues(typed);
    const { values } = this.block(path);
    return {
      ...head,
      inputs,
      outputs,
      attributes,
      attributeDefaults,
      nodes: this.nodes(path),
      opsets: header.opset_import ?? new Map<string, number>(),
      valueInfo: new Map([...typed, ...values].map((info) => [info.name, info])),
      docString: header.doc_string ?? '',
      metadata: new Map(note.metadata_props),
      ...carriedFields(note),
    };
  }

  private functionAttributes(note: Note, path: string): Pick<FunctionDefinition, 'attributes' | 'attributeDefaults'> {
    const attributes: string[] = [];
    const attributeDefaults = new Map<string, Attribute>();
    if (this.lexer.matches('<')) {
      do {
        const name = this.lexer.name('text.want.attributeName');
        if (this.lexer.next() === ':' || this.lexer.next() === '=') attributeDefaults.set(...parseNamedAttribute(this, name, note, path, NO_NODE));
        else attributes.push(name);
      } while (this.lexer.matches(','));
      this.lexer.expect('>');
    }
    return { attributes, attributeDefaults };
  }

  /** Names; those with a type also go to `typed`. */
  private functionValues(typed: ValueInfo[]): string[] {
    return this.parenthesized(() => {
      const value = parseTypedName(this.lexer);
      if (value.type !== undefined) typed.push(valueOf(value, {}));
      return value.name;
    });
  }

  // ── graphs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  graph(name: string, note: Note, path: string): Graph {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.lexer.fail('text.want.shallower');
    const defaults: Tensor[] = [];
    const inputs = this.values(note.inputs, (head) => defaults.push(parseTensorData(this.lexer, head, {}, initializerPath(path, head.name), this.weights)));
    this.lexer.expect('=>');
    const outputs = this.values(note.outputs);
    const block = this.block(path);
    const graph: Graph = {
      name,
      docString: note.doc_string ?? '',
      nodes: this.nodes(path),
      initializers: this.unique([...defaults, ...block.initializers]),
      sparseInitializers: block.sparse,
      inputs,
      outputs,
      valueInfo: new Map(block.values.map((info) => [info.name, info])),
      quantizationAnnotations: new Map(note.quantization_annotation?.map(([tensor, entries]) => [tensor, new Map(entries)])),
      metadata: new Map(note.metadata_props),
      ...carriedFields(note),
    };
    this.depth -= 1;
    return graph;
  }

  private unique(tensors: readonly Tensor[]): Map<string, Tensor> {
    const initializers = new Map<string, Tensor>();
    for (const tensor of tensors) {
      if (initializers.has(tensor.name)) throw new EngineError('textDuplicate', { name: tensor.name });
      initializers.set(tensor.name, tensor);
    }
    return initializers;
  }

  /** Inputs or outputs; an input may have a default value, which is an initializer of its name. */
  private values(notes: Note['inputs'], onDefault?: (head: Parameters<typeof parseTensorData>[1]) => void): ValueInfo[] {
    let index = 0;
    return this.parenthesized(() => {
      const start = this.lexer.place();
      const typed = parseTypedName(this.lexer);
      if (onDefault !== undefined && this.lexer.matches('=')) {
        if (typed.type === undefined) this.lexer.fail('text.want.type', start);
        onDefault({ type: typed.type, name: typed.name, start });
      }
      const note = notes?.find(([at]) => at === index)?.[1] ?? {};
      index += 1;
      return valueOf(typed, note);
    });
  }

  private parenthesized<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    this.lexer.expect('(');
    if (this.lexer.matches(')')) return items;
    do items.push(item());
    while (this.lexer.matches(','));
    this.lexer.expect(')');
    return items;
  }

  /** Initializers and types of inner values, in angle brackets. */
  private block(path: string): { readonly initializers: Tensor[]; readonly sparse: SparseTensor[]; readonly values: ValueInfo[] } {
    const block = { initializers: [] as Tensor[], sparse: [] as SparseTensor[], values: [] as ValueInfo[] };
    if (!this.lexer.matches('<') || this.lexer.matches('>')) return block;
    do {
      const note = this.lexer.takeNote();
      const start = this.lexer.place();
      const { type, name } = this.entry();
      if (!this.lexer.matches('=')) block.values.push(valueOf({ ...(type && { type }), name }, note));
      else if (type === undefined) this.lexer.fail('text.want.type', start);
      else if (type.kind === 'sparseTensor') block.sparse.push(parseSparseData(this.lexer, type, start, note, initializerPath(path, name), this.weights));
      else block.initializers.push(parseTensorData(this.lexer, { type, name, start }, note, initializerPath(path, name), this.weights));
    } while (this.lexer.matches(','));
    this.lexer.expect('>');
    return block;
  }

  /** An initializer without a name, which some exporters write, has its equals sign right behind its type. */
  private entry(): ReturnType<typeof parseTypedName> {
    const type = nextIsType(this.lexer) ? parseType(this.lexer) : undefined;
    if (type !== undefined && this.lexer.next() === '=') return { type, name: '' };
    return { ...(type && { type }), name: this.lexer.name('text.want.valueName') };
  }

  // ── nodes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private nodes(graph: string): Node[] {
    const nodes: Node[] = [];
    this.lexer.expect('{');
    for (;;) {
      const note = this.lexer.takeNote();
      if (this.lexer.matches('}')) return nodes;
      nodes.push(this.node(graph, note));
    }
  }

  private node(graph: string, note: Note): Node {
    const named = this.lexer.matches('[');
    const name = named ? (this.lexer.optionalName() ?? '') : '';
    if (named) this.lexer.expect(']');
    const outputs = this.names();
    this.lexer.expect('=');
    const operator = this.operator();
    const head = { name, opType: operator.opType, outputs };
    const attributes = new Map(this.attributes(note, graph, head));
    this.lexer.expect('(');
    const inputs = this.names();
    this.lexer.expect(')');
    if (attributes.size === 0) for (const [key, attribute] of this.attributes(note, graph, head)) attributes.set(key, attribute);
    const explicit = [...(named && name === '' ? ['name'] : []), ...(note.explicit ?? [])];
    return {
      name,
      ...operator,
      inputs,
      outputs,
      attributes,
      docString: note.doc_string ?? '',
      metadata: new Map(note.metadata_props),
      ...(note.device_configurations && { deviceConfigurations: note.device_configurations.map(decoded) }),
      ...carriedFields(explicit.length > 0 ? { ...note, explicit } : note),
    };
  }

  private operator(): Pick<Node, 'opType' | 'domain' | 'overload'> {
    const parts = [this.lexer.name('text.want.operator')];
    while (this.lexer.matches('.')) parts.push(this.lexer.name('text.want.operator'));
    const opType = parts.pop() ?? '';
    return { opType, domain: parts.join('.'), overload: this.lexer.matches(':') ? this.lexer.name('text.want.name') : '' };
  }

  /** Names of tensors; an omitted one is empty. A comma behind the last one adds nothing. */
  private names(): string[] {
    const names: string[] = [];
    do {
      const name = this.lexer.optionalName();
      if (name === undefined) break;
      names.push(name);
    } while (this.lexer.matches(','));
    return names;
  }

  private attributes(note: Note, graph: string, node: Pick<Node, 'name' | 'opType' | 'outputs'>): (readonly [string, Attribute])[] {
    const attributes: (readonly [string, Attribute])[] = [];
    if (!this.lexer.matches('<')) return attributes;
    do {
      const start = this.lexer.place();
      const name = this.lexer.name('text.want.attributeName');
      if (attributes.some(([known]) => known === name)) this.lexer.fail('text.want.otherAttribute', start);
      attributes.push(parseNamedAttribute(this, name, note, graph, node));
    } while (this.lexer.matches(','));
    this.lexer.expect('>');
    return attributes;
  }
}

function decoded(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0);
}
