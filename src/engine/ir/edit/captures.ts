// Renaming of values that subgraphs (bodies of If, Loop, Scan) take from the graph around them.

import { subgraphs } from '../attributes';
import type { Graph, Node } from '../model';

/** Renames an outer value inside the subgraphs of `node`. */
export function renameCaptured(node: Node, from: string, to: string): void {
  for (const { graph } of subgraphs(node)) renameFree(graph, from, to);
}

/** Renames a value that a graph takes from outside. ONNX forbids a body to reuse an outer name; where one does, the name is its own and stays. */
export function renameFree(graph: Graph, from: string, to: string): void {
  if (defines(graph, from)) return;
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((input) => (input === from ? to : input));
    renameCaptured(node, from, to);
  }
  graph.outputs = graph.outputs.map((output) => (output.name === from ? { ...output, name: to } : output));
}

function defines(graph: Graph, name: string): boolean {
  return graph.initializers.has(name)
    || graph.inputs.some((input) => input.name === name)
    || graph.sparseInitializers.some((tensor) => tensor.values.name === name)
    || graph.nodes.some((node) => node.outputs.includes(name));
}
