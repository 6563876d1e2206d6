// How values flow through a graph, as far as residual blocks care: constants and arithmetic on shapes carry no data, and a
// node lives as long as an output of the model needs it.

import { capturedTensors, topologicalOrder } from '../../ir/graphIndex';
import { type Graph, isOp, type Node } from '../../ir/model';
import { constantsOf } from '../constants';

export interface DataFlow {
  readonly order: readonly Node[];
  readonly isConstant: (tensor: string) => boolean;
  /** Tensors whose values the node works on: no constants, no sizes. */
  dataInputs(node: Node): readonly string[];
  /** The node that makes the tensor. */
  readonly producer: ReadonlyMap<string, Node>;
  /** Nodes that read the tensor for whatever reason, those that capture it in a subgraph included. */
  readers(tensor: string): readonly Node[];
  /** Tensors the tensor is computed from, itself included. */
  sources(tensor: string): ReadonlySet<string>;
}

/** @throws EngineError `invalidGraph` on a cycle. */
export function dataFlowOf(graph: Graph): DataFlow {
  const order = topologicalOrder(graph);
  const constants = constantsOf(graph, order);
  const producer = new Map<string, Node>();
  const readers = new Map<string, Node[]>();
  const inputs = new Map<Node, readonly string[]>();
  const sizes = new Set<string>();
  for (const node of order) {
    const read = new Set([...node.inputs, ...capturedTensors(node)].filter((name) => name !== ''));
    for (const name of read) readers.set(name, [...(readers.get(name) ?? []), node]);
    for (const name of node.outputs) producer.set(name, node);
    const variable = [...read].filter((name) => !constants.has(name));
    const isSize = isOp(node, 'Shape', 'Size') || (variable.length > 0 && variable.every((name) => sizes.has(name)));
    if (isSize) node.outputs.forEach((name) => sizes.add(name));
    inputs.set(node, isSize ? [] : variable.filter((name) => !sizes.has(name)));
  }
  const dataInputs = (node: Node): readonly string[] => inputs.get(node) ?? [];
  return {
    order, producer, dataInputs,
    isConstant: (tensor) => constants.has(tensor),
    readers: (tensor) => readers.get(tensor) ?? [],
    sources(tensor) {
      const found = new Set([tensor]);
      for (const name of found) {
        const node = producer.get(name);
        if (node !== undefined) dataInputs(node).forEach((input) => found.add(input));
      }
      return found;
    },
  };
}

/** Nodes that outputs of the model need when every reader of a key of `replaced` reads its value instead. */
export function neededNodes(graph: Graph, order: readonly Node[], replaced: ReadonlyMap<string, string> = new Map()): ReadonlySet<Node> {
  const resolved = (name: string): string => resolve(name, replaced);
  const needed = new Set(graph.outputs.map(({ name }) => resolved(name)));
  const nodes = new Set<Node>();
  for (const node of [...order].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    nodes.add(node);
    for (const name of [...node.inputs, ...capturedTensors(node)]) needed.add(resolved(name));
  }
  return nodes;
}

/** What stands for a tensor in the end, where replacements replace each other. */
export function resolve(name: string, replaced: ReadonlyMap<string, string>): string {
  let last = name;
  for (let next = replaced.get(last); next !== undefined; next = replaced.get(last)) last = next;
  return last;
}
