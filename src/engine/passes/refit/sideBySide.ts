// The model before and the model after a cut as one graph with the same inputs, and the parts of it that are run stage by
// stage: each goes on from activations that the part before it left.

import { constantsOf } from '../../analysis/constants';
import { makeValue } from '../../ir/build';
import { cloneModel } from '../../ir/clone';
import { dropUnused, renameCaptured } from '../../ir/edit/index';
import { capturedTensors, indexGraph, topologicalOrder } from '../../ir/graphIndex';
import type { Model, Node } from '../../ir/model';
import { inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { upstream } from '../linear/columns';

export interface SideBySide {
  readonly model: Model;
  readonly shapes: ShapeMap;
  /** Name of a tensor of the model before the cut; those of the other are as they were. */
  readonly before: (name: string) => string;
}

/** Nodes and weights of `original` behind those of `cut`. */
export async function sideBySide(original: Model, cut: Model): Promise<SideBySide> {
  const model = cloneModel(cut);
  const { graph } = model;
  const added = cloneModel(original).graph;
  const index = indexGraph(graph);
  const names = new Map<string, string>();
  const before = (name: string): string => names.get(name) ?? name;
  for (const name of [...added.nodes.flatMap(({ outputs }) => outputs), ...added.initializers.keys()]) {
    if (name !== '') names.set(name, index.uniqueName(`before/${name}`));
  }
  for (const [name, tensor] of added.initializers) graph.initializers.set(before(name), { ...tensor, name: before(name) });
  for (const node of added.nodes) {
    for (const name of capturedTensors(node)) renameCaptured(node, name, before(name));
    graph.nodes.push({ ...node, name: '', inputs: node.inputs.map(before), outputs: node.outputs.map(before) });
  }
  // Files before IR version 4 list their weights as inputs too; here nobody feeds them.
  graph.inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  return { model, shapes: await inferShapes(model), before };
}

/** Tensors whose values are known, and from which the rest of the graph can be computed. */
export type Boundary = ReadonlySet<string>;

/** The least tensors that `later` needs once `known` and all that `made` depends on are known. */
export function boundaryAfter({ graph }: Model, known: Boundary, made: readonly string[], later: readonly string[]): Boundary {
  const order = topologicalOrder(graph);
  const constants = constantsOf(graph, order);
  const done = new Set(upstream({ graph } as Model, made, known));
  const rest = upstream({ graph } as Model, later, known).filter((node) => !done.has(node) && !constants.nodes.has(node));
  const available = new Set([...known, ...[...done].filter((node) => !constants.nodes.has(node)).flatMap(({ outputs }) => outputs)]);
  return new Set([...rest.flatMap(readBy), ...later].filter((name) => available.has(name)));
}

function readBy(node: Node): string[] {
  return [...node.inputs, ...capturedTensors(node)];
}

/** The part of a graph that makes `outputs` from the tensors of a boundary; undefined where a type is not known. */
export function partOf(model: Model, shapes: ShapeMap, from: Boundary, outputs: Model['graph']['outputs']): Model {
  const part = cloneModel(model);
  const { graph } = part;
  graph.nodes = upstream(part, outputs.map(({ name }) => name), from);
  const read = new Set([...graph.nodes.flatMap(readBy), ...outputs.map(({ name }) => name)]);
  const given = new Map(graph.inputs.map((input) => [input.name, input]));
  graph.inputs = [...from].filter((name) => read.has(name)).map((name) => {
    const facts = shapes.tensors.get(name);
    return given.get(name) ?? makeValue(name, facts?.type ?? 'float32', facts?.shape ?? null);
  });
  graph.outputs = [...outputs];
  dropUnused(graph);
  return part;
}
