// Renaming nodes and values. Edits a clone of the caller (ir/clone.ts); everything that refers to the old name follows.

import { namesOf } from '../graphIndex';
import type { Graph, Model, Node } from '../model';
import { renameFree, renameCaptured } from './captures';
import { refuse } from './refuse';

/** Gives a node of the main graph another name; '' is allowed. */
export function renameNode(model: Model, node: Node, name: string): void {
  const taken = model.graph.nodes.some((other) => other !== node && other.name === name && name !== '');
  if (taken) refuse('check.nodeNameTaken', node, { value: name });
  node.name = name;
}

/**
 * Gives a value of the main graph another name, wherever it stands: nodes, subgraphs that capture it, inputs and outputs
 * of the model, initializers, types, quantization annotations, training information.
 *
 * @throws EngineError `invalidGraph` when there is no such value, or the name is empty or taken in the graph or a subgraph.
 */
export function renameValue(model: Model, from: string, to: string): void {
  const { graph } = model;
  if (from === to) return;
  const names = namesOf(graph);
  if (from === '' || !names.has(from)) refuse('check.notMade', undefined, { value: from });
  if (to === '' || names.has(to)) refuse('check.madeTwice', undefined, { value: to });
  renameDefinition(graph, from, to);
  const renamed = (name: string): string => (name === from ? to : name);
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map(renamed);
    node.outputs = node.outputs.map(renamed);
    renameCaptured(node, from, to);
  }
  renameDescriptions(graph, from, to);
  renameTraining(model, from, to);
}

function renameDefinition(graph: Graph, from: string, to: string): void {
  graph.inputs = graph.inputs.map((value) => (value.name === from ? { ...value, name: to } : value));
  graph.outputs = graph.outputs.map((value) => (value.name === from ? { ...value, name: to } : value));
  graph.initializers = renameKey(graph.initializers, from, to, (tensor) => ({ ...tensor, name: to }));
  graph.sparseInitializers = graph.sparseInitializers.map((tensor) => (tensor.values.name === from ? { ...tensor, values: { ...tensor.values, name: to } } : tensor));
}

function renameDescriptions(graph: Graph, from: string, to: string): void {
  graph.valueInfo = renameKey(graph.valueInfo, from, to, (info) => ({ ...info, name: to }));
  const annotations = renameKey(graph.quantizationAnnotations, from, to, (parameters) => parameters);
  graph.quantizationAnnotations = new Map([...annotations].map(([name, parameters]) =>
    [name, new Map([...parameters].map(([key, parameter]) => [key, parameter === from ? to : parameter]))]));
}

/** The training graphs see the values of the main graph; bindings name its initializers. */
function renameTraining(model: Model, from: string, to: string): void {
  for (const info of model.trainingInfo) {
    for (const graph of [info.initialization, info.algorithm]) if (graph !== undefined) renameFree(graph, from, to);
    info.initializationBinding = renameKey(info.initializationBinding, from, to, (output) => output);
    info.updateBinding = renameKey(info.updateBinding, from, to, (output) => output);
  }
}

/** The map with one key renamed, in the same order: files keep their order. */
function renameKey<Value>(map: Map<string, Value>, from: string, to: string, change: (value: Value) => Value): Map<string, Value> {
  if (!map.has(from)) return map;
  return new Map([...map].map(([key, value]) => (key === from ? [to, change(value)] : [key, value])));
}
