// All parts of a model in one list a kind, from any depth: main graph, subgraphs and local functions.

import type { Attribute, Graph, Model, Node, SparseTensor, Tensor } from '../model';

export interface ModelParts {
  readonly graphs: readonly Graph[];
  readonly nodes: readonly Node[];
  /** Dense tensors: initializers and attributes. */
  readonly tensors: readonly Tensor[];
  readonly sparseTensors: readonly SparseTensor[];
}

interface Collected extends ModelParts {
  readonly graphs: Graph[];
  readonly nodes: Node[];
  readonly tensors: Tensor[];
  readonly sparseTensors: SparseTensor[];
}

export function partsOf(model: Model): ModelParts {
  const parts: Collected = { graphs: [], nodes: [], tensors: [], sparseTensors: [] };
  collectGraph(model.graph, parts);
  for (const { nodes } of model.functions) collectNodes(nodes, parts);
  return parts;
}

function collectGraph(graph: Graph, parts: Collected): void {
  parts.graphs.push(graph);
  for (const tensor of graph.initializers.values()) parts.tensors.push(tensor);
  for (const tensor of graph.sparseInitializers) parts.sparseTensors.push(tensor);
  collectNodes(graph.nodes, parts);
}

function collectNodes(nodes: readonly Node[], parts: Collected): void {
  for (const node of nodes) {
    parts.nodes.push(node);
    for (const attribute of node.attributes.values()) collectAttribute(attribute, parts);
  }
}

function collectAttribute({ kind, value }: Attribute, parts: Collected): void {
  switch (kind) {
    case 'tensor': parts.tensors.push(value); break;
    case 'tensors': value.forEach((tensor) => parts.tensors.push(tensor)); break;
    case 'sparseTensor': parts.sparseTensors.push(value); break;
    case 'sparseTensors': value.forEach((tensor) => parts.sparseTensors.push(tensor)); break;
    case 'graph': collectGraph(value, parts); break;
    case 'graphs': value.forEach((graph) => collectGraph(graph, parts)); break;
    default:
  }
}
