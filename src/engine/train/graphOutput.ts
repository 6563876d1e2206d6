// Outputs of graphs that are built here: a flat vector under the name it has outside.

import { makeValue } from '../ir/build';
import type { GraphBuilder } from './graphBuilder';

/**
 * Makes `tensor` an output called `name`. What a node made is renamed, its uses included: an Identity would be a copy
 * (2 % of a step of sst2-transformer, where onnxruntime cannot drop it because the tensor has other uses).
 */
export function addOutput(build: GraphBuilder, name: string, tensor: string, length: number): string {
  const { graph } = build;
  const isOutput = graph.outputs.some((output) => output.name === tensor);
  const made = graph.nodes.find((node) => node.outputs.includes(tensor));
  if (isOutput || made === undefined) {
    build.named('Identity', [tensor], [name]);
  } else {
    const renamed = (other: string): string => (other === tensor ? name : other);
    made.outputs = made.outputs.map(renamed);
    for (const node of graph.nodes) if (node.inputs.includes(tensor)) node.inputs = node.inputs.map(renamed);
  }
  graph.outputs.push(makeValue(name, 'float32', [length]));
  return name;
}
