// Which tensors of a graph depend on no input: weights, and what is computed from them at run time. Also where the
// numbers behind such a tensor are stored.

import { capturedTensors } from '../ir/graphIndex';
import type { Graph, Node } from '../ir/model';

export interface Constants {
  /** Initializers and results of nodes that depend on nothing but constants. */
  readonly has: (tensor: string) => boolean;
  /** The constant node that makes the tensor. */
  readonly producer: (tensor: string) => Node | undefined;
  /** Nodes whose results are all constant, in the order given. */
  readonly nodes: ReadonlySet<Node>;
}

/** Operators whose result differs from run to run although they need no input. */
const random = new Set(['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Multinomial', 'Bernoulli']);

/**
 * @param order nodes of `graph` in topological order.
 * @param outer whether a tensor of an enclosing graph is constant.
 */
export function constantsOf(graph: Graph, order: readonly Node[], outer: (tensor: string) => boolean = () => false): Constants {
  const stored = new Set([...graph.initializers.keys(), ...graph.sparseInitializers.map((sparse) => sparse.values.name)]);
  const producers = new Map<string, Node>();
  const own = new Set([...graph.inputs.map((input) => input.name), ...order.flatMap((node) => node.outputs)]);
  const has = (tensor: string): boolean => stored.has(tensor) || producers.has(tensor) || (!own.has(tensor) && outer(tensor));
  const nodes = new Set<Node>();
  for (const node of order) {
    const needs = [...node.inputs.filter((name) => name !== ''), ...capturedTensors(node)];
    if (random.has(node.opType) || !needs.every(has)) continue;
    nodes.add(node);
    for (const output of node.outputs) producers.set(output, node);
  }
  return { has, producer: (tensor) => producers.get(tensor), nodes };
}
