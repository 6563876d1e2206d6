// Groups the nodes of a graph into layers: a node that holds weights or does real work, with the cheap nodes that follow
// it (design.md, "Words"). By dataflow only; costs are in cost.ts.

import { capturedTensors, indexGraph, topologicalOrder } from '../ir/graphIndex';
import { type Graph, type Node, nodeLabel } from '../ir/model';
import type { ShapeMap } from '../ir/shapes/index';
import { type Constants, constantsOf } from './constants';
import { isLinear, type LayerRole, roleOf } from './layerRoles';
import { weightLeaves } from './weights';

export interface Layer {
  /**
   * First output of the anchor. The anchor, not the last of the cheap nodes: fusing or folding those, or putting
   * QuantizeLinear after them, leaves the id as it is.
   */
  readonly id: string;
  /** Name of the anchor, or the id where it has none. */
  readonly name: string;
  /** Operator of the anchor. */
  readonly op: string;
  /** The node that holds the weights or does the work. */
  readonly anchor: Node;
  /** In topological order, the anchor and the constant nodes before it included. */
  readonly nodes: readonly Node[];
  /** Activations that enter the layer, in order of use; not constants, not results of shape arithmetic. */
  readonly inputs: readonly string[];
  /** Activations that leave the layer: used by another one, or outputs of the graph. */
  readonly outputs: readonly string[];
  /**
   * Tensors that hold parameters (initializers, outputs of Constant and ConstantOfShape nodes), reached through Reshape,
   * Transpose, Cast, Identity or DequantizeLinear too. A tensor shared by layers is listed in each.
   */
  readonly weights: readonly string[];
}

/**
 * Layers in the order of their anchors. Every node is in exactly one: cheap nodes go with the layer before them,
 * those before the first layer (and quantization of a layer's own input) with the layer that uses them, and constant
 * nodes and shape arithmetic with their first user.
 *
 * @throws EngineError `invalidGraph` on a cycle.
 */
export function findLayers(graph: Graph, shapes: ShapeMap): Layer[] {
  const order = topologicalOrder(graph);
  const constants = constantsOf(graph, order);
  return describe(graph, order, constants, shapes, new Grouping(order, constants, shapes).run());
}

interface Grouped {
  /** Anchor of the layer of each node. */
  readonly anchorOf: ReadonlyMap<Node, Node>;
  /** Results of Shape and Size and of arithmetic on them: they connect no layers, and are no activations. */
  readonly shapeTensors: ReadonlySet<string>;
}

class Grouping {
  private readonly anchorOf = new Map<Node, Node>();
  /** Anchor of the layer that makes a tensor; absent for inputs, constants and what comes before the first layer. */
  private readonly layerOf = new Map<string, Node>();
  private readonly shapeTensors = new Set<string>();

  constructor(private readonly order: readonly Node[], private readonly constants: Constants, private readonly shapes: ShapeMap) {}

  run(): Grouped {
    for (const node of this.order) {
      if (this.constants.nodes.has(node)) continue;
      const anchor = this.anchorFor(node);
      if (anchor !== undefined) this.assign(node, anchor);
    }
    this.assignByUse();
    for (const node of this.order) {
      if (!this.anchorOf.has(node) && !this.constants.nodes.has(node)) this.assign(node, this.layersInto(node)[0] ?? node);
    }
    this.assignByUse();
    this.assignUnused();
    return { anchorOf: this.anchorOf, shapeTensors: this.shapeTensors };
  }

  private assign(node: Node, anchor: Node): void {
    this.anchorOf.set(node, anchor);
    for (const output of node.outputs) this.layerOf.set(output, anchor);
  }

  /** The anchor a node goes with, itself for a new layer, undefined when the layer after it has to say. */
  private anchorFor(node: Node): Node | undefined {
    if (this.isShapeArithmetic(node)) {
      node.outputs.forEach((output) => this.shapeTensors.add(output));
      return undefined;
    }
    const before = this.layersInto(node);
    const role = this.role(node);
    switch (role) {
      case 'anchor': return node;
      case 'prologue': return undefined;
      case 'lookup':
      case 'follower': return this.layerOf.get(node.inputs[0] ?? '') ?? before[0];
      case 'normalization': return before[0] !== undefined && isLinear(before[0]) ? before[0] : node;
      case 'reduction': return before[0] !== undefined && roleOf(before[0]) === 'reduction' ? before[0] : node;
      case 'elementwise': return before.length < 2 ? before[0] : (this.reunited(before) ?? node);
    }
  }

  private role(node: Node): LayerRole {
    const role = roleOf(node);
    if (role !== 'lookup') return role;
    const [table = ''] = node.inputs;
    const rank = this.shapes.tensors.get(table)?.shape?.length ?? 0;
    return this.constants.has(table) && rank > 1 ? 'anchor' : role;
  }

  private isShapeArithmetic(node: Node): boolean {
    if (node.opType === 'Shape' || node.opType === 'Size') return true;
    const inputs = node.inputs.filter((name) => name !== '' && !this.constants.has(name));
    const cheap = this.role(node) !== 'anchor' || node.opType.startsWith('Reduce');
    return cheap && inputs.length > 0 && inputs.every((name) => this.shapeTensors.has(name));
  }

  /** Anchors of the layers whose tensors the node uses, in order of use, each once. */
  private layersInto(node: Node): Node[] {
    const before = new Set<Node>();
    for (const name of [...node.inputs, ...capturedTensors(node)]) {
      const layer = this.layerOf.get(name);
      if (layer !== undefined && !this.shapeTensors.has(name)) before.add(layer);
    }
    return [...before];
  }

  /** The reduction among two layers that worked on a tensor of the other: x - mean(x) belongs to the mean. */
  private reunited(before: readonly Node[]): Node | undefined {
    if (before.length !== 2) return undefined;
    return before.find((anchor, index) => {
      const other = before[1 - index];
      return roleOf(anchor) === 'reduction' && this.layerOf.get(anchor.inputs[0] ?? '') === other;
    });
  }

  /** Constants that nothing uses, such as bounds of a Clip that was folded, make no row: they go with the node after them. */
  private assignUnused(): void {
    const last = this.order.findLast((node) => this.anchorOf.has(node));
    let anchor = last === undefined ? this.order.at(-1) : this.anchorOf.get(last);
    for (const node of [...this.order].reverse()) {
      if (!this.anchorOf.has(node) && anchor !== undefined) this.assign(node, anchor);
      anchor = this.anchorOf.get(node);
    }
  }

  /** Nodes that had no layer before them, last first, go with the first node that uses them. */
  private assignByUse(): void {
    const firstUse = new Map<string, Node>();
    for (const node of [...this.order].reverse()) {
      if (!this.anchorOf.has(node)) {
        const user = node.outputs.map((output) => firstUse.get(output)).find((anchor) => anchor !== undefined);
        if (user !== undefined) this.assign(node, user);
      }
      const anchor = this.anchorOf.get(node);
      if (anchor === undefined) continue;
      for (const name of [...node.inputs, ...capturedTensors(node)]) firstUse.set(name, anchor);
    }
  }
}

function describe(graph: Graph, order: readonly Node[], constants: Constants, shapes: ShapeMap, { anchorOf, shapeTensors }: Grouped): Layer[] {
  const index = indexGraph(graph);
  const members = new Map<Node, Node[]>();
  for (const node of order) {
    const anchor = anchorOf.get(node) ?? node;
    const list = members.get(anchor);
    if (list === undefined) members.set(anchor, [node]);
    else list.push(node);
  }
  return order.filter((node) => members.has(node)).map((anchor) => {
    const nodes = members.get(anchor) ?? [];
    const inside = new Set(nodes);
    const made = nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
    const own = new Set(made);
    const working = nodes.filter((node) => !node.outputs.every((name) => shapeTensors.has(name)));
    const used = new Set(working.flatMap((node) => [...node.inputs, ...capturedTensors(node)]));
    const leaves = (name: string): boolean => index.outputs.has(name) || !shapeTensors.has(name) && index.uses(name).some((use) => !inside.has(use.node));
    return {
      id: anchor.outputs[0] ?? nodeLabel(anchor),
      name: nodeLabel(anchor),
      op: anchor.opType,
      anchor,
      nodes,
      inputs: [...used].filter((name) => name !== '' && !own.has(name) && !constants.has(name) && !shapeTensors.has(name)),
      outputs: made.filter((name) => !constants.has(name) && leaves(name)),
      weights: [...new Set(nodes.flatMap((node) => weightLeaves(node, constants, shapes.tensors)))],
    };
  });
}
