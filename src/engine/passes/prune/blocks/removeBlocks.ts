// Takes blocks out of a model for good: their shortcuts take their place, and what nothing needs any more goes. Names of
// what is left stay as they are.

import { type Block, dataFlowOf, neededNodes, resolve } from '../../../analysis/blocks/index';
import { makeNode } from '../../../ir/build';
import { cloneModel } from '../../../ir/clone';
import { dropUnused, renameCaptured } from '../../../ir/edit/index';
import { capturedTensors } from '../../../ir/graphIndex';
import type { Graph, Model, Node } from '../../../ir/model';

/** The model without the blocks, which are of this model. It is not changed. */
export function removeBlocks(given: Model, blocks: Iterable<Block>): Model {
  const model = cloneModel(given);
  const { graph } = model;
  const replaced = new Map([...blocks].flatMap(({ parts }) => parts.map(({ exit, shortcut }) => [exit, shortcut] as const)));
  const { order } = dataFlowOf(graph);
  const before = neededNodes(graph, order);
  const after = neededNodes(graph, order, replaced);
  // What nothing needed before is not ours to take.
  const gone = new Set(graph.nodes.filter((node) => before.has(node) && !after.has(node)));
  graph.nodes = graph.nodes.filter((node) => !gone.has(node));
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) => resolve(name, replaced));
    for (const exit of replaced.keys()) renameCaptured(node, exit, resolve(exit, replaced));
  }
  // An output of the model keeps its name.
  for (const { name } of graph.outputs) {
    if (replaced.has(name)) graph.nodes.push(makeNode('Identity', [resolve(name, replaced)], [name]));
  }
  dropListedWeights(graph, gone);
  dropUnused(graph);
  return model;
}

/** Before IR 4 weights are listed among the inputs as well. */
function dropListedWeights(graph: Graph, gone: ReadonlySet<Node>): void {
  const read = new Set(graph.nodes.flatMap((node) => [...node.inputs, ...capturedTensors(node)]));
  const unread = new Set([...gone].flatMap((node) => [...node.inputs, ...capturedTensors(node)]).filter((name) => graph.initializers.has(name) && !read.has(name)));
  graph.inputs = graph.inputs.filter(({ name }) => !unread.has(name));
}
