// Shape and type inference over a whole model: nodes in order, one rule each, subgraphs and local functions included.
// Partial by design: what cannot be known stays open and is noted; nothing here throws over an operator.

import { subgraphs } from '../attributes';
import { topologicalOrder } from '../graphIndex';
import type { Dim, FunctionDefinition, Graph, Model, Node, ValueInfo } from '../model';
import { isDefaultDomain, nodeLabel, opsetOf } from '../model';
import { bindAttributes, functionOf, functionTable, type FunctionTable } from './functions';
import type { RuleContext } from './rule';
import { ruleOf } from './table';
import { fromValueType, possible, refine, tensor, unknownTensor, type TensorShape } from './tensorShape';
import { readSmallValues, type SmallValues } from './values';

export interface InferOptions {
  /** Sizes of symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Shapes of graph inputs in place of those in the file; where they contradict it, stored inner shapes are ignored. */
  readonly inputShapes?: Readonly<Record<string, readonly Dim[]>>;
  /** Shapes of tensors of the main graph in place of those that follow from it, by name: what sizes are computed then. */
  readonly resized?: ReadonlyMap<string, readonly Dim[]>;
}

export interface ShapeNote {
  /** Label of the node. */
  readonly node: string;
  readonly tensor: string;
  /** No rule for the operator; or the file states another shape or type than follows from the graph. */
  readonly kind: 'noRule' | 'contradiction';
  readonly op: string;
}

export interface ShapeMap {
  /** Every tensor of the graph by name: inputs, initializers and node outputs. */
  readonly tensors: ReadonlyMap<string, TensorShape>;
  /** Shapes inside the subgraphs of the graph's nodes, nested ones included, for the last inference of each. */
  readonly bodies: ReadonlyMap<Graph, ReadonlyMap<string, TensorShape>>;
  /** What happens inside a call of a local function, by the calling node; calls within calls by the nodes listed there. */
  readonly calls: ReadonlyMap<Node, FunctionCall>;
  readonly notes: readonly ShapeNote[];
}

export interface FunctionCall {
  readonly definition: FunctionDefinition;
  /** The nodes of the function with the caller's attributes. */
  readonly nodes: readonly Node[];
  readonly tensors: ReadonlyMap<string, TensorShape>;
}

/**
 * Types and shapes of all tensors. Reads small tensors (shapes, axes) from disk, never weights.
 *
 * @throws EngineError `invalidGraph` on a cycle, and what reading a damaged tensor throws.
 */
export async function inferShapes(model: Model, options: InferOptions = {}): Promise<ShapeMap> {
  const run = new Inference(model, await readSmallValues(model), options);
  return run.whole();
}

/** The shape of a tensor, null when its rank is unknown. */
export function shapeOf(shapes: ShapeMap, name: string): readonly Dim[] | null {
  return shapes.tensors.get(name)?.shape ?? null;
}

/** Names seen from inside a graph: its own, then those of the graphs around it. */
interface Scope {
  readonly tensors: Map<string, TensorShape>;
  readonly outer: Scope | undefined;
}

function lookUp(scope: Scope, name: string): TensorShape {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.tensors.get(name);
    if (found !== undefined) return found;
  }
  return unknownTensor;
}

/** Functions may call each other; a chain this deep is a cycle. */
const maxFunctionDepth = 32;

/**
 * Bodies and functions are inferred anew at each use. Nested loops and functions that call each other would take
 * exponentially long: past this many nodes for every node of the model, what they give is left unknown.
 */
const maxVisitsPerNode = 30;
const minVisits = 10_000;

class Inference {
  private readonly bodies = new Map<Graph, ReadonlyMap<string, TensorShape>>();
  private readonly calls = new Map<Node, FunctionCall>();
  private readonly notes = new Map<string, ShapeNote>();
  private readonly sizes: Readonly<Record<string, number>>;
  private readonly orders = new Map<Graph, readonly Node[]>();
  /** Whether a given input shape contradicts the file, so that its inner shapes are for another size. */
  private reshaped = false;
  private functionDepth = 0;
  /** Nodes of bodies and functions that may still be visited. */
  private visits: number;
  private readonly functions: FunctionTable;

  constructor(private readonly model: Model, private readonly small: SmallValues, private readonly options: InferOptions) {
    this.sizes = options.dims ?? {};
    this.functions = functionTable(model);
    const own = model.graph.nodes.length + model.functions.reduce((sum, { nodes }) => sum + nodes.length, 0);
    this.visits = Math.max(minVisits, maxVisitsPerNode * own);
  }

  whole(): ShapeMap {
    const { graph } = this.model;
    const inputs = graph.inputs.map((input) => {
      const stated = fromValueType(input.type, this.sizes);
      // Names come from the file: `constructor` is one too.
      const given = this.options.inputShapes ?? {};
      const shape = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
      if (shape === undefined) return stated;
      if (!refine({ ...stated, shape }, stated).agrees) this.reshaped = true;
      return { ...stated, shape };
    });
    const tensors = this.graph(graph, inputs, undefined);
    return { tensors, bodies: this.bodies, calls: this.calls, notes: [...this.notes.values()] };
  }

  private graph(graph: Graph, inputs: readonly TensorShape[], outer: Scope | undefined): Map<string, TensorShape> {
    const scope: Scope = { tensors: new Map(), outer };
    graph.inputs.forEach((input, index) => {
      scope.tensors.set(input.name, this.reshaped ? (inputs[index] ?? unknownTensor) : refine(inputs[index] ?? unknownTensor, fromValueType(input.type, this.sizes)).value);
    });
    for (const initializer of graph.initializers.values()) {
      // An initializer that is also an input (IR 3) may be replaced at run time: its shape holds, its value too by default.
      scope.tensors.set(initializer.name, this.resized(initializer.name, tensor(initializer.type, initializer.dims, this.small.get(initializer)), scope));
    }
    for (const sparse of graph.sparseInitializers) scope.tensors.set(sparse.values.name, tensor(sparse.values.type, sparse.dims));
    const stored = this.reshaped ? undefined : this.storedTypes(graph);
    for (const node of this.order(graph)) this.node(node, scope, stored, undefined);
    return scope.tensors;
  }

  private storedTypes(graph: Graph): ReadonlyMap<string, ValueInfo> {
    return new Map([...graph.valueInfo, ...graph.outputs.map((output) => [output.name, output] as const)]);
  }

  private order(graph: Graph): readonly Node[] {
    const order = this.orders.get(graph) ?? topologicalOrder(graph);
    this.orders.set(graph, order);
    return order;
  }

  private node(node: Node, scope: Scope, stored: ReadonlyMap<string, ValueInfo> | undefined, opsets: ReadonlyMap<string, number> | undefined): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : lookUp(scope, name)));
    const results = this.results(node, inputs, scope, opsets);
    node.outputs.forEach((name, index) => {
      if (name === '') return;
      const inferred = possible(results[index] ?? unknownTensor);
      const info = stored?.get(name);
      const { value, agrees } = info === undefined ? { value: inferred, agrees: true } : refine(inferred, fromValueType(info.type, this.sizes));
      if (!agrees) this.note(node, name, 'contradiction');
      scope.tensors.set(name, this.resized(name, value, scope));
    });
  }

  private resized(name: string, found: TensorShape, { outer }: Scope): TensorShape {
    const shape = outer === undefined && this.functionDepth === 0 ? this.options.resized?.get(name) : undefined;
    return shape === undefined ? found : { type: found.type, shape };
  }

  private results(node: Node, inputs: readonly (TensorShape | undefined)[], scope: Scope, opsets: ReadonlyMap<string, number> | undefined): readonly (TensorShape | undefined)[] {
    const rule = ruleOf(node);
    if (rule === undefined) {
      const called = this.callFunction(node, inputs);
      if (called !== undefined) return called;
      this.note(node, node.outputs[0] ?? '', 'noRule');
      for (const { graph } of subgraphs(node)) this.body(graph, [], scope);
      return [];
    }
    const context: RuleContext = {
      node,
      // A model without the import is invalid; the newest rules then give the fewest surprises.
      opset: opsetOf({ opsets: new Map(opsets ?? this.model.opsets) }, isDefaultDomain(node.domain) ? '' : node.domain) ?? Infinity,
      inputs,
      elements: (value) => this.small.get(value),
      body: (attribute, bodyInputs) => {
        const found = subgraphs(node).find((entry) => entry.attribute === attribute);
        return found === undefined ? [] : this.body(found.graph, bodyInputs, scope);
      },
    };
    return rule(context);
  }

  private body(graph: Graph, inputs: readonly TensorShape[], outer: Scope): readonly TensorShape[] {
    this.visits -= graph.nodes.length + 1;
    if (this.visits < 0) return [];
    const tensors = this.graph(graph, inputs, outer);
    this.bodies.set(graph, tensors);
    return graph.outputs.map((output) => lookUp({ tensors, outer }, output.name));
  }

  private callFunction(node: Node, inputs: readonly (TensorShape | undefined)[]): readonly TensorShape[] | undefined {
    const definition = functionOf(this.functions, node);
    if (definition === undefined || this.functionDepth >= maxFunctionDepth) return undefined;
    this.visits -= definition.nodes.length + 1;
    if (this.visits < 0) return [];
    this.functionDepth++;
    const scope: Scope = { tensors: new Map(), outer: undefined };
    definition.inputs.forEach((name, index) => scope.tensors.set(name, inputs[index] ?? unknownTensor));
    const nodes = definition.nodes.map((inner) => bindAttributes(inner, node, definition));
    for (const inner of nodes) this.node(inner, scope, undefined, definition.opsets);
    this.calls.set(node, { definition, nodes, tensors: scope.tensors });
    this.functionDepth--;
    return definition.outputs.map((name) => lookUp(scope, name));
  }

  private note(node: Node, name: string, kind: ShapeNote['kind']): void {
    this.notes.set(`${kind} ${name}`, { node: nodeLabel(node), tensor: name, kind, op: node.opType });
  }
}
