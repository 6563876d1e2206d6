// A name for every tensor of a model by where it is, so that a tensor whose values the text leaves out is found again in
// the original model: by graph, then initializer name or node and attribute.

import type { Attribute, FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor } from '../model';

export type TensorPath = string;

const SEPARATOR = '\u0000';

export const MAIN_GRAPH = '';

export function functionPath({ domain, name, overload }: Pick<FunctionDefinition, 'domain' | 'name' | 'overload'>): string {
  return ['function', domain, name, overload].join(SEPARATOR);
}

/** The node by its first output, which is unique in a valid graph. */
export function attributePath(graph: string, node: Pick<Node, 'name' | 'opType' | 'outputs'>, attribute: string): string {
  return [graph, node.outputs.find((output) => output !== '') ?? (node.name || node.opType), attribute].join(SEPARATOR);
}

/** An item of an attribute that is a list. */
export function itemPath(attribute: string, index: number): string {
  return [attribute, String(index)].join(SEPARATOR);
}

export function initializerPath(graph: string, name: string): TensorPath {
  return [graph, 'initializer', name].join(SEPARATOR);
}

export function sparsePaths(path: TensorPath): { readonly values: TensorPath; readonly indices: TensorPath } {
  return { values: [path, 'values'].join(SEPARATOR), indices: [path, 'indices'].join(SEPARATOR) };
}

/** Every tensor of the model by its path; training info apart, which the text does not hold. */
export function tensorsByPath(model: Model): ReadonlyMap<TensorPath, Tensor> {
  const found = new Map<TensorPath, Tensor>();
  visitGraph(model.graph, MAIN_GRAPH, found);
  for (const definition of model.functions) {
    const path = functionPath(definition);
    for (const node of definition.nodes) visitNode(node, path, found);
    for (const [name, attribute] of definition.attributeDefaults) visitAttribute(attribute, attributePath(path, NO_NODE, name), found);
  }
  return found;
}

/** Stands for the node where an attribute is a function's own. */
export const NO_NODE = { name: '', opType: '', outputs: [] };

function visitGraph(graph: Graph, path: string, found: Map<TensorPath, Tensor>): void {
  for (const [name, tensor] of graph.initializers) found.set(initializerPath(path, name), tensor);
  for (const tensor of graph.sparseInitializers) visitSparse(tensor, initializerPath(path, tensor.values.name), found);
  for (const node of graph.nodes) visitNode(node, path, found);
}

function visitNode(node: Node, path: string, found: Map<TensorPath, Tensor>): void {
  for (const [name, attribute] of node.attributes) visitAttribute(attribute, attributePath(path, node, name), found);
}

function visitAttribute(attribute: Attribute, path: string, found: Map<TensorPath, Tensor>): void {
  switch (attribute.kind) {
    case 'tensor': found.set(path, attribute.value); return;
    case 'graph': visitGraph(attribute.value, path, found); return;
    case 'sparseTensor': visitSparse(attribute.value, path, found); return;
    case 'tensors': attribute.value.forEach((tensor, index) => found.set(itemPath(path, index), tensor)); return;
    case 'graphs': attribute.value.forEach((graph, index) => visitGraph(graph, itemPath(path, index), found)); return;
    case 'sparseTensors': attribute.value.forEach((tensor, index) => visitSparse(tensor, itemPath(path, index), found)); return;
    default: return;
  }
}

function visitSparse(tensor: SparseTensor, path: TensorPath, found: Map<TensorPath, Tensor>): void {
  const paths = sparsePaths(path);
  found.set(paths.values, tensor.values);
  found.set(paths.indices, tensor.indices);
}
