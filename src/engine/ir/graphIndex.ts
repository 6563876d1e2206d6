// Who makes and who uses each tensor of one graph, subgraph captures included. A snapshot: build it anew after edits.

import { EngineError } from '../error';
import { subgraphs } from './attributes';
import { type Graph, type Node, nodeLabel } from './model';

export interface Use {
  readonly node: Node;
  /** Position among the node's inputs, or -1 when a subgraph of the node captures the tensor. */
  readonly input: number;
}

export interface GraphIndex {
  readonly graph: Graph;
  /** The node that makes a tensor; undefined for inputs and initializers. */
  readonly producer: ReadonlyMap<string, Node>;
  /** Uses of a tensor by nodes, in node order. */
  uses(tensor: string): readonly Use[];
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  /** A name like `base` that nothing in the graph (or a subgraph) has yet; it counts as taken from then on. */
  uniqueName(base: string): string;
}

export function indexGraph(graph: Graph): GraphIndex {
  const producer = new Map<string, Node>();
  const uses = new Map<string, Use[]>();
  const names = new Set<string>();
  const use = (tensor: string, node: Node, input: number): void => {
    if (tensor === '') return;
    const list = uses.get(tensor);
    if (list === undefined) uses.set(tensor, [{ node, input }]);
    else list.push({ node, input });
  };
  for (const node of graph.nodes) {
    node.inputs.forEach((tensor, input) => use(tensor, node, input));
    for (const tensor of capturedTensors(node)) use(tensor, node, -1);
    for (const tensor of node.outputs) {
      if (tensor !== '') producer.set(tensor, node);
    }
  }
  collectNames(graph, names);
  const none: readonly Use[] = [];
  return {
    graph,
    producer,
    uses: (tensor) => uses.get(tensor) ?? none,
    inputs: new Set(graph.inputs.map((value) => value.name)),
    outputs: new Set(graph.outputs.map((value) => value.name)),
    uniqueName(base) {
      let name = base;
      for (let number = 2; names.has(name); number += 1) name = `${base}_${number}`;
      names.add(name);
      return name;
    },
  };
}

const nothing: ReadonlySet<string> = new Set();

/** Outer tensors that the subgraphs of a node use (its implicit inputs), each once. */
export function capturedTensors(node: Node): ReadonlySet<string> {
  const inner = subgraphs(node);
  // Asked of every node many times over, and nearly none has subgraphs.
  if (inner.length === 0) return nothing;
  const captured = new Set<string>();
  for (const { graph } of inner) {
    const own = new Set([...graph.inputs.map((value) => value.name), ...graph.initializers.keys(), ...graph.sparseInitializers.map((tensor) => tensor.values.name)]);
    for (const inner of graph.nodes) {
      for (const tensor of [...inner.inputs, ...capturedTensors(inner)]) if (tensor !== '' && !own.has(tensor)) captured.add(tensor);
      for (const tensor of inner.outputs) own.add(tensor);
    }
    for (const output of graph.outputs) if (!own.has(output.name)) captured.add(output.name);
  }
  return captured;
}

/** Every name that stands in a graph or in a subgraph of it: values, nodes, and descriptions of values. */
export function namesOf(graph: Graph): ReadonlySet<string> {
  const names = new Set<string>();
  collectNames(graph, names);
  return names;
}

function collectNames(graph: Graph, names: Set<string>): void {
  for (const value of [...graph.inputs, ...graph.outputs]) names.add(value.name);
  for (const name of [...graph.initializers.keys(), ...graph.valueInfo.keys()]) names.add(name);
  for (const tensor of graph.sparseInitializers) names.add(tensor.values.name);
  for (const node of graph.nodes) {
    names.add(node.name);
    for (const tensor of [...node.inputs, ...node.outputs]) names.add(tensor);
    for (const { graph: inner } of subgraphs(node)) collectNames(inner, names);
  }
}

/**
 * Nodes in an order in which every tensor is made before it is used; stable: nodes keep their order where they can.
 *
 * @throws EngineError `invalidGraph` when there is a cycle.
 */
export function topologicalOrder(graph: { readonly nodes: readonly Node[] }): Node[] {
  if (isSorted(graph.nodes)) return [...graph.nodes];
  const producer = new Map<string, Node>();
  for (const node of graph.nodes) for (const tensor of node.outputs) if (tensor !== '') producer.set(tensor, node);
  const waiting = new Map<Node, number>();
  const followers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const makers = new Set<Node>();
    for (const tensor of [...node.inputs, ...capturedTensors(node)]) {
      const maker = producer.get(tensor);
      if (maker !== undefined) makers.add(maker);
    }
    waiting.set(node, makers.size);
    for (const maker of makers) {
      const list = followers.get(maker);
      if (list === undefined) followers.set(maker, [node]);
      else list.push(node);
    }
  }
  const position = new Map(graph.nodes.map((node, index) => [node, index]));
  const ready = new MinHeap(graph.nodes.filter((node) => waiting.get(node) === 0).map((node) => position.get(node) ?? 0));
  const order: Node[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const node = graph.nodes[next];
    if (node === undefined) break;
    order.push(node);
    for (const follower of followers.get(node) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      waiting.set(follower, left);
      if (left === 0) ready.push(position.get(follower) ?? 0);
    }
  }
  if (order.length < graph.nodes.length) {
    const stuck = graph.nodes.find((node) => (waiting.get(node) ?? 0) > 0);
    throw new EngineError('invalidGraph', { node: stuck ? nodeLabel(stuck) : '', op: stuck?.opType ?? '', rule: 'broken.cycle' });
  }
  return order;
}

/** Whether every tensor is made before it is used: nearly every file is, and seeing it is cheaper than sorting. */
function isSorted(nodes: readonly Node[]): boolean {
  const later = new Set<string>();
  for (const node of nodes) for (const tensor of node.outputs) if (tensor !== '') later.add(tensor);
  for (const node of nodes) {
    if (node.inputs.some((tensor) => later.has(tensor))) return false;
    for (const tensor of capturedTensors(node)) if (later.has(tensor)) return false;
    for (const tensor of node.outputs) later.delete(tensor);
  }
  return true;
}

/** Smallest number first. */
class MinHeap {
  private readonly items: number[] = [];

  constructor(values: readonly number[]) {
    for (const value of values) this.push(value);
  }

  push(value: number): void {
    const { items } = this;
    let at = items.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((items[parent] ?? 0) <= value) break;
      items[at] = items[parent] ?? 0;
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && (items[child + 1] ?? 0) < (items[child] ?? 0)) child += 1;
      if ((items[child] ?? 0) >= last) break;
      items[at] = items[child] ?? 0;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
