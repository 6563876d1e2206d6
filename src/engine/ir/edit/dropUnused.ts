// Takes what nothing refers to any more out of a graph: initializers, and the types of tensors that are gone.

import { indexGraph } from '../graphIndex';
import type { Graph } from '../model';

export function dropUnused(graph: Graph): void {
  const index = indexGraph(graph);
  for (const name of [...graph.initializers.keys()]) {
    if (index.uses(name).length > 0 || index.outputs.has(name) || index.inputs.has(name)) continue;
    graph.initializers.delete(name);
  }
  const exists = (name: string): boolean => graph.initializers.has(name) || index.inputs.has(name) || index.producer.has(name);
  for (const described of [graph.valueInfo, graph.quantizationAnnotations]) {
    for (const name of [...described.keys()]) if (!exists(name)) described.delete(name);
  }
}
