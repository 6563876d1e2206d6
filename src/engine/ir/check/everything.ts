// Walks over all parts of a model, in any depth: nodes, tensors and types of main graph, subgraphs and functions.

import { subgraphs } from '../attributes';
import type { Attribute, Graph, Model, Node, SparseTensor, Tensor, ValueType } from '../model';

export function* everyGraph(model: Model): Generator<Graph> {
  yield* withSubgraphs(model.graph);
  for (const { nodes } of model.functions) for (const node of nodes) yield* graphsOf(node);
}

function* withSubgraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) yield* graphsOf(node);
}

function* graphsOf(node: Node): Generator<Graph> {
  for (const { graph } of subgraphs(node)) yield* withSubgraphs(graph);
}

export function* everyNode(model: Model): Generator<Node> {
  for (const graph of everyGraph(model)) for (const node of graph.nodes) yield node;
  for (const { nodes } of model.functions) for (const node of nodes) yield node;
}

/** Dense tensors: initializers and attributes; the parts of sparse ones are left out. */
export function* everyTensor(model: Model): Generator<Tensor> {
  for (const graph of everyGraph(model)) yield* graph.initializers.values();
  for (const node of everyNode(model)) for (const attribute of node.attributes.values()) yield* tensorsOf(attribute);
}

export function tensorsOf(attribute: Attribute): readonly Tensor[] {
  if (attribute.kind === 'tensor') return [attribute.value];
  return attribute.kind === 'tensors' ? attribute.value : [];
}

export function* everySparseTensor(model: Model): Generator<SparseTensor> {
  for (const graph of everyGraph(model)) yield* graph.sparseInitializers;
  for (const node of everyNode(model)) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === 'sparseTensor') yield attribute.value;
      if (attribute.kind === 'sparseTensors') yield* attribute.value;
    }
  }
}

/** Types that the file states for inputs, outputs and inner values. */
export function* everyValueType(model: Model): Generator<ValueType> {
  for (const { inputs, outputs, valueInfo } of everyGraph(model)) {
    for (const { type } of [...inputs, ...outputs, ...valueInfo.values()]) if (type !== undefined) yield type;
  }
}
