// Dataflow questions that attribution asks of the original graph: what lies between tensors, and what comes after what.

import { capturedTensors, type GraphIndex } from '../ir/graphIndex';
import type { Node } from '../ir/model';

export interface Flow {
  /** Position of a node in the file, which ONNX demands to be an execution order. */
  order(node: Node): number;
  /** Nodes needed for `outputs` from the tensors of `known`, in execution order; nodes that no graph input reaches are left out. */
  between(outputs: Iterable<string>, known: ReadonlySet<string>): Node[];
  /** Whether `to` depends on `from` (a node on its own output does not). */
  reaches(from: Node, to: Node): boolean;
  /** Whether `node` depends on a tensor. */
  uses(tensor: string, node: Node): boolean;
  /** Constant tensors that a node uses, directly or through constant nodes (a DequantizeLinear of its weights), and no other node does. */
  weights(node: Node): ReadonlySet<string>;
  /** The node that alone uses the node's first output, when that is no output of the graph. */
  only(node: Node): Node | undefined;
}

export function flowOf(index: GraphIndex): Flow {
  const position = new Map(index.graph.nodes.map((node, at) => [node, at]));
  const order = (node: Node): number => position.get(node) ?? -1;
  const live = liveNodes(index);
  const descendants = new Map<Node, ReadonlySet<Node>>();

  const after = (node: Node): ReadonlySet<Node> => {
    const cached = descendants.get(node);
    if (cached !== undefined) return cached;
    const found = new Set<Node>();
    const stack = [node];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const output of at.outputs) {
        for (const { node: user } of index.uses(output)) {
          if (found.has(user)) continue;
          found.add(user);
          stack.push(user);
        }
      }
    }
    descendants.set(node, found);
    return found;
  };

  return {
    order,
    between(outputs, known) {
      const found = new Set<Node>();
      const stack = [...outputs].map((tensor) => index.producer.get(tensor));
      while (stack.length > 0) {
        const node = stack.pop();
        if (node === undefined || found.has(node) || !live.has(node)) continue;
        found.add(node);
        for (const input of inputsOf(node)) if (!known.has(input)) stack.push(index.producer.get(input));
      }
      return [...found].sort((a, b) => order(a) - order(b));
    },
    reaches: (from, to) => order(from) < order(to) && after(from).has(to),
    uses: (tensor, node) => index.uses(tensor).some(({ node: user }) => user === node || (order(user) < order(node) && after(user).has(node))),
    weights(node) {
      const found = new Set<string>();
      const stack = [...node.inputs];
      for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
        const maker = index.producer.get(tensor);
        if (tensor === '' || (maker !== undefined && live.has(maker)) || index.uses(tensor).length > 1) continue;
        if (maker !== undefined || index.graph.initializers.has(tensor)) found.add(tensor);
        if (maker !== undefined) stack.push(...maker.inputs);
      }
      return found;
    },
    only(node) {
      const output = node.outputs[0] ?? '';
      const uses = index.uses(output);
      return uses.length === 1 && !index.outputs.has(output) ? uses[0]?.node : undefined;
    },
  };
}

/** Inputs of a node and the outer tensors of its subgraphs. */
export function inputsOf(node: Node): string[] {
  return [...node.inputs.filter((input) => input !== ''), ...capturedTensors(node)];
}

/** Nodes that depend on an input of the graph; the others are constants, which onnxruntime computes beforehand. */
function liveNodes(index: GraphIndex): ReadonlySet<Node> {
  const constants = index.graph.initializers;
  const live = new Set<string>([...index.inputs].filter((input) => !constants.has(input)));
  const nodes = new Set<Node>();
  for (const node of index.graph.nodes) {
    if (!inputsOf(node).some((input) => live.has(input)) && !isRandom(node)) continue;
    nodes.add(node);
    for (const output of node.outputs) live.add(output);
  }
  return nodes;
}

function isRandom(node: Node): boolean {
  return node.opType.startsWith('Random');
}
