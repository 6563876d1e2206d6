// Inserting and removing nodes and leading readers to other values. Edits the main graph of a clone of the caller
// (ir/clone.ts); each edit checks first and leaves a valid model. For thousands of edits in one go a pass keeps an index
// (passes/cleanup/graphEditor.ts); here each edit looks at the whole graph.

import { checkNode } from '../check/check';
import { typeString } from '../check/typeStrings';
import { capturedTensors, namesOf, topologicalOrder } from '../graphIndex';
import type { Graph, Model, Node } from '../model';
import { inferShapes } from '../shapes/index';
import { renameCaptured } from './captures';
import { dropStrayDescriptions } from './dropUnused';
import { refuse } from './refuse';

/**
 * Puts a node where all its inputs exist: after the last node that makes one of them.
 *
 * @throws EngineError `invalidGraph` when an input does not exist, an output does already, or the node breaks a rule of its operator.
 */
export function insertNode(model: Model, node: Node): void {
  const { nodes } = model.graph;
  const names = namesOf(model.graph);
  const taken = node.outputs.find((output) => output !== '' && names.has(output));
  if (taken !== undefined) refuse('check.madeTwice', node, { value: taken });
  const [problem] = checkNode(model, node);
  if (problem !== undefined) refuse(problem.rule, node, problem.params);
  const needed = new Set([...node.inputs, ...capturedTensors(node)]);
  const position = nodes.findLastIndex(({ outputs }) => outputs.some((output) => output !== '' && needed.has(output))) + 1;
  nodes.splice(position, 0, node);
}

/** Inserts a node that reads `value` and lets everyone else who reads `value` read the node's first output. */
export async function insertAfter(model: Model, value: string, node: Node): Promise<void> {
  insertNode(model, node);
  try {
    await replaceUses(model, value, node.outputs[0] ?? '', (reader) => reader !== node);
  } catch (error) {
    removeNode(model, node);
    throw error;
  }
}

/**
 * Takes a node out, with the descriptions of its outputs.
 *
 * @throws EngineError `invalidGraph` while one of its outputs is read or is an output of the model.
 */
export function removeNode(model: Model, node: Node): void {
  const { graph } = model;
  const outputs = new Set(node.outputs.filter((output) => output !== ''));
  for (const reader of graph.nodes) {
    const read = reader === node ? undefined : [...reader.inputs, ...capturedTensors(reader)].find((name) => outputs.has(name));
    if (read !== undefined) refuse('check.notMade', reader, { value: read });
  }
  const result = graph.outputs.find(({ name }) => outputs.has(name));
  if (result !== undefined) refuse('check.outputNotMade', node, { value: result.name });
  graph.nodes = graph.nodes.filter((other) => other !== node);
  dropStrayDescriptions(graph);
}

/**
 * Lets the readers of `from` (all, or those that `which` takes) read `to`; outputs of the model keep their value. Nodes are
 * put in order again where that is needed, and stated types of inner values that depend on the readers are dropped. Whether
 * the readers take the shape of `to` is the caller's to know.
 *
 * @throws EngineError `invalidGraph` when `to` does not exist, has another type, or depends on one of the readers.
 */
export async function replaceUses(model: Model, from: string, to: string, which: (reader: Node) => boolean = () => true): Promise<void> {
  const { graph } = model;
  if (from === to) return;
  if (!exists(graph, to)) refuse('check.notMade', undefined, { value: to });
  const readers = graph.nodes.filter((node) => which(node) && (node.inputs.includes(from) || capturedTensors(node).has(from)));
  const [first] = readers;
  if (first === undefined) return;
  const { tensors } = await inferShapes(model);
  const [before, after] = [typeString(tensors.get(from)), typeString(tensors.get(to))];
  if (before !== undefined && after !== undefined && before !== after) refuse('edit.otherType', first, { value: to, type: after, replaced: from, other: before });
  const dependent = dependents(graph, readers);
  const maker = graph.nodes.find(({ outputs }) => outputs.includes(to));
  if (maker !== undefined && dependent.has(maker)) refuse('check.cycle', maker);
  for (const reader of readers) {
    reader.inputs = reader.inputs.map((input) => (input === from ? to : input));
    renameCaptured(reader, from, to);
  }
  graph.nodes = topologicalOrder(graph);
  // Values may have other shapes now; outputs of the model keep what they promise.
  for (const { outputs } of dependent) for (const output of outputs) graph.valueInfo.delete(output);
}

/** The nodes themselves and all that depend on them. */
function dependents(graph: Graph, nodes: readonly Node[]): ReadonlySet<Node> {
  const found = new Set(nodes);
  const changed = new Set(nodes.flatMap(({ outputs }) => outputs).filter((output) => output !== ''));
  for (const node of topologicalOrder(graph)) {
    if (!node.inputs.some((input) => changed.has(input)) && ![...capturedTensors(node)].some((name) => changed.has(name))) continue;
    found.add(node);
    for (const output of node.outputs) if (output !== '') changed.add(output);
  }
  return found;
}

function exists(graph: Graph, name: string): boolean {
  return name !== '' && (graph.initializers.has(name) || graph.inputs.some((input) => input.name === name)
    || graph.sparseInitializers.some(({ values }) => values.name === name) || graph.nodes.some(({ outputs }) => outputs.includes(name)));
}
