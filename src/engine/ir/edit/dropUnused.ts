// Takes what nothing refers to any more out of a graph: initializers, and descriptions of tensors that are gone.

import { indexGraph } from '../graphIndex';
import type { Graph } from '../model';

/** Descriptions of what does not exist, and initializers that neither nodes nor annotations read. */
export function dropUnused(graph: Graph): void {
  dropStrayDescriptions(graph);
  const index = indexGraph(graph);
  const described = new Set([...graph.quantizationAnnotations.values()].flatMap((parameters) => [...parameters.values()]));
  for (const name of [...graph.initializers.keys()]) {
    if (index.uses(name).length > 0 || index.outputs.has(name) || index.inputs.has(name) || described.has(name)) continue;
    graph.initializers.delete(name);
  }
  dropStrayDescriptions(graph);
}

/** Types and quantization annotations of values that do not exist, and annotations that name parameters that are gone. */
export function dropStrayDescriptions(graph: Graph): void {
  const exists = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name), ...graph.sparseInitializers.map(({ values }) => values.name)]);
  for (const { outputs } of graph.nodes) for (const name of outputs) exists.add(name);
  for (const name of [...graph.valueInfo.keys()]) if (!exists.has(name)) graph.valueInfo.delete(name);
  for (const [name, parameters] of [...graph.quantizationAnnotations]) {
    if (!exists.has(name) || [...parameters.values()].some((parameter) => !exists.has(parameter))) graph.quantizationAnnotations.delete(name);
  }
}
