// Leads the rules through a model: every graph, function, node and tensor once, in the order of the file, with the names
// that exist at each place.

import { subgraphs } from '../attributes';
import { type FunctionDefinition, type Graph, type Model, type Node, opsetOf, type SparseTensor } from '../model';
import { schemaOf } from '../schemas/index';
import type { ModelParts } from './parts';
import type { SiteKind, Sites } from './rule';
import { functionKey } from './rules/functions';
import { type BodySite, type NodeSite, Scope } from './site';

/** Called for every site; `at` is the node that the site is at or in. */
export type Visitor = <Kind extends SiteKind>(kind: Kind, site: Sites[Kind], at: NodeSite | undefined) => void;

/** Visits everything but `typedNode`, which `walkNodes` serves. `indices`: elements of those of sparse tensors that were read. */
export function walk(model: Model, parts: ModelParts, indices: ReadonlyMap<SparseTensor, ArrayLike<bigint>>, visit: Visitor): void {
  visit('model', { model, parts }, undefined);
  for (const tensor of parts.tensors) visit('tensor', { tensor }, undefined);
  for (const sparse of parts.sparseTensors) {
    visit('tensor', { tensor: sparse.values }, undefined);
    visit('tensor', { tensor: sparse.indices }, undefined);
    visit('sparse', { sparse, indices: indices.get(sparse) }, undefined);
  }
  for (const definition of model.functions) visit('function', { model, definition }, undefined);
  walkNodes(model, visit);
}

/** Visits graphs, bodies and nodes only. */
export function walkNodes(model: Model, visit: Visitor): void {
  const walker = new Walker(model, visit);
  walker.graph(model.graph, undefined, undefined);
  for (const definition of model.functions) walker.function(definition);
}

/** Visits one node with its subgraphs as if it stood at the end of the main graph. */
export function walkNode(model: Model, node: Node, visit: Visitor): void {
  new Walker(model, visit).last(node);
}

/** Where a subgraph is: the node that owns it and what is seen from there. */
interface Surroundings {
  readonly owner: NodeSite;
  readonly scope: Scope;
  readonly body: BodySite;
}

class Walker {
  private readonly functions: ReadonlyMap<string, FunctionDefinition>;

  constructor(private readonly model: Model, private readonly visit: Visitor) {
    this.functions = new Map(model.functions.map((definition) => [functionKey(definition), definition]));
  }

  graph(graph: Graph, outer: Surroundings | undefined, within: FunctionDefinition | undefined): void {
    const { model } = this;
    const made = madeBy(graph.nodes);
    const makes = (name: string): boolean => made.has(name) || (outer?.body.makes(name) ?? false);
    const scope = startOf(graph, outer?.scope);
    this.visit('graph', { model, graph, main: outer === undefined, makes, made }, outer?.owner);
    this.body({ model, graph, nodes: graph.nodes, within, opsets: within?.opsets ?? model.opsets, outer: outer?.body, makes }, scope, outer?.owner);
  }

  function(definition: FunctionDefinition): void {
    const made = madeBy(definition.nodes);
    const scope = new Scope();
    for (const name of definition.inputs) scope.add(name);
    const body: BodySite = {
      model: this.model, graph: undefined, nodes: definition.nodes, within: definition, opsets: definition.opsets, outer: undefined, makes: (name) => made.has(name),
    };
    this.body(body, scope, undefined);
  }

  private body(body: BodySite, scope: Scope, owner: NodeSite | undefined): void {
    this.visit('body', body, owner);
    for (const node of body.nodes) {
      this.node(node, body, scope);
      for (const output of node.outputs) scope.add(output);
    }
  }

  private node(node: Node, body: BodySite, scope: Scope): void {
    const site = this.site(node, body, scope);
    this.visit('node', site, site);
    for (const { graph } of subgraphs(node)) this.graph(graph, { owner: site, scope, body }, body.within);
  }

  last(node: Node): void {
    const { model } = this;
    const { graph } = model;
    const made = madeBy(graph.nodes);
    const scope = startOf(graph, undefined);
    for (const name of made) scope.add(name);
    this.node(node, { model, graph, nodes: graph.nodes, within: undefined, opsets: model.opsets, outer: undefined, makes: (name) => made.has(name) }, scope);
  }

  private site(node: Node, body: BodySite, scope: Scope): NodeSite {
    const opset = opsetOf(body, node.domain);
    const calls = this.functions.size === 0 ? undefined : this.functions.get(functionKey({ domain: node.domain, name: node.opType, overload: node.overload }));
    const schema = opset === undefined || calls !== undefined ? undefined : schemaOf(node.domain, node.opType, opset);
    return { body, node, scope, opset, schema, calls };
  }
}

/** What exists in a graph before its first node. */
function startOf(graph: Graph, outer: Scope | undefined): Scope {
  const scope = new Scope(outer);
  for (const { name } of graph.inputs) scope.add(name);
  for (const name of graph.initializers.keys()) scope.add(name);
  for (const { values } of graph.sparseInitializers) scope.add(values.name);
  return scope;
}

function madeBy(nodes: readonly Node[]): ReadonlySet<string> {
  const made = new Set<string>();
  for (const { outputs } of nodes) for (const name of outputs) made.add(name);
  return made;
}
