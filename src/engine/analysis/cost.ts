// Parameters, bytes, MACs and memory of layers and of the model, for the sizes that shape inference was given. A number
// that depends on an unknown shape is null, never 0. Nothing here reads weights.

import { subgraphs, tensorAttribute } from '../ir/attributes';
import { capturedTensors, topologicalOrder } from '../ir/graphIndex';
import { elementCount, type Graph, type Node, type SparseTensor } from '../ir/model';
import { fixed, type ShapeMap } from '../ir/shapes/index';
import { storedBytes } from '../ir/tensors';
import { type Constants, constantsOf } from './constants';
import { addKnown, lookInto, macsOf, peakActivationBytes, tensorBytes } from './costGraph';
import type { Layer } from './layers';
import { packedParameters, type Shapes, weightLeaves } from './weights';

export interface LayerCost {
  /**
   * Learned numbers (BatchNormalization statistics included; quantization scales, shapes and lone constants not). A
   * tensor shared by layers counts in the first, so that rows add up.
   */
  readonly parameters: number;
  /** Stored bytes of all constant tensors of the layer, scales, zero points and shapes included; 4-bit types packed. */
  readonly weightBytes: number;
  /** See costMacs.ts for the convention. */
  readonly macs: number | null;
  /** Bytes of the tensors that leave the layer. */
  readonly activationBytes: number | null;
  /** Bytes read and written once: tensors that enter, weights (shared ones in each layer), tensors that leave. */
  readonly bytesMoved: number | null;
}

export interface ModelCost {
  /** By layer id. */
  readonly layers: ReadonlyMap<string, LayerCost>;
  readonly parameters: number;
  /** Stored bytes of all constant tensors of the model, unused ones included. */
  readonly weightBytes: number;
  readonly macs: number | null;
  /** See `peakActivationBytes`: inputs included. */
  readonly peakActivationBytes: number | null;
}

/** Costs of the layers that `findLayers` gave for the same graph and shapes. */
export function costOf(graph: Graph, layers: readonly Layer[], shapes: ShapeMap): ModelCost {
  const look = lookInto(shapes, graph);
  const constants = constantsOf(graph, topologicalOrder(graph));
  const parameters = new ParameterCount(shapes);
  const bytes = new StoredBytes(graph);
  const costs = new Map<string, LayerCost>();
  for (const layer of layers) {
    const { own: weightBytes, read } = bytes.of(layer.nodes);
    const activationBytes = sumBytes(layer.outputs, look);
    const entering = sumBytes(layer.inputs, look);
    costs.set(layer.id, {
      parameters: parameters.of(layer.nodes, { graph, constants }),
      weightBytes,
      macs: layer.nodes.reduce<number | null>((sum, node) => addKnown(sum, macsOf(node, shapes, look)), 0),
      activationBytes,
      bytesMoved: addKnown(addKnown(entering, activationBytes), read),
    });
  }
  const rows = [...costs.values()];
  return {
    layers: costs,
    parameters: rows.reduce((sum, row) => sum + row.parameters, 0),
    weightBytes: rows.reduce((sum, row) => sum + row.weightBytes, 0) + bytes.unclaimed(),
    macs: rows.reduce<number | null>((sum, row) => addKnown(sum, row.macs), 0),
    peakActivationBytes: peakActivationBytes(graph, shapes),
  };
}

function sumBytes(names: readonly string[], look: ReturnType<typeof lookInto>): number | null {
  return names.reduce<number | null>((sum, name) => addKnown(sum, tensorBytes(look(name))), 0);
}

/** A graph with what is constant in it, inside those around it. */
interface Scope {
  readonly graph: Graph;
  readonly constants: Constants;
  readonly outer?: Scope;
}

/** The graph that stores or makes a constant tensor. */
function homeOf(name: string, scope: Scope): Graph {
  const own = scope.graph.initializers.has(name) || scope.constants.producer(name) !== undefined;
  return own || scope.outer === undefined ? scope.graph : homeOf(name, scope.outer);
}

/** Counts every parameter tensor once; subgraphs see the constants of the graphs around them. */
class ParameterCount {
  private readonly counted = new Map<Graph, Set<string>>();

  constructor(private readonly shapes: ShapeMap) {}

  of(nodes: readonly Node[], scope: Scope, around?: Shapes): number {
    const own = this.shapes.bodies.get(scope.graph) ?? this.shapes.tensors;
    const tensors: Shapes = around === undefined ? own : { get: (name) => own.get(name) ?? around.get(name) };
    let total = 0;
    for (const node of nodes) {
      for (const name of weightLeaves(node, scope.constants, tensors)) {
        if (!this.isFirst(name, homeOf(name, scope))) continue;
        const elements = elementsOf(tensors, name);
        total += packedParameters(node, elements) ?? elements;
      }
      for (const { graph } of subgraphs(node)) {
        const constants = constantsOf(graph, topologicalOrder(graph), scope.constants.has);
        total += this.of(graph.nodes, { graph, constants, outer: scope }, tensors);
      }
    }
    return total;
  }

  private isFirst(name: string, home: Graph): boolean {
    const counted = this.counted.get(home) ?? new Set<string>();
    this.counted.set(home, counted);
    const first = !counted.has(name);
    counted.add(name);
    return first;
  }
}

/** 0 for a generated tensor of unknown shape: it is not stored, and its size is not the model's. */
function elementsOf(tensors: Shapes, name: string): number {
  return elementCount(fixed(tensors.get(name)?.shape) ?? [0]);
}

/** Hands every stored tensor to the first layer that uses it, and says what each layer reads. */
class StoredBytes {
  private readonly sizes: ReadonlyMap<string, number>;
  private readonly left: Set<string>;

  constructor(graph: Graph) {
    this.sizes = initializerBytes(graph);
    this.left = new Set(this.sizes.keys());
  }

  /** Bytes of all stored tensors of these nodes, and of those that no layer had before. */
  of(nodes: readonly Node[]): { readonly own: number; readonly read: number } {
    const used = new Set(nodes.flatMap((node) => [...node.inputs, ...capturedTensors(node)]));
    const inside = nodes.reduce((sum, node) => sum + ownBytes(node), 0);
    let own = inside;
    let read = inside;
    for (const name of used) {
      const bytes = this.sizes.get(name) ?? 0;
      read += bytes;
      if (this.left.delete(name)) own += bytes;
    }
    return { own, read };
  }

  unclaimed(): number {
    return [...this.left].reduce((sum, name) => sum + (this.sizes.get(name) ?? 0), 0);
  }
}

function initializerBytes(graph: Graph): Map<string, number> {
  return new Map([
    ...[...graph.initializers].map(([name, tensor]) => [name, storedBytes(tensor)] as const),
    ...graph.sparseInitializers.map((sparse) => [sparse.values.name, sparseBytes(sparse)] as const),
  ]);
}

/** Tensors inside a node: the value of Constant, and everything stored in its subgraphs. */
function ownBytes(node: Node): number {
  const value = node.opType === 'Constant' ? tensorAttribute(node, 'value') : undefined;
  const sparse = node.attributes.get('sparse_value');
  const inner = subgraphs(node).map(({ graph }) =>
    [...initializerBytes(graph).values()].reduce((sum, bytes) => sum + bytes, 0)
    + graph.nodes.reduce((sum, child) => sum + ownBytes(child), 0));
  return (value === undefined ? 0 : storedBytes(value))
    + (sparse?.kind === 'sparseTensor' ? sparseBytes(sparse.value) : 0)
    + inner.reduce((sum, bytes) => sum + bytes, 0);
}

function sparseBytes(sparse: SparseTensor): number {
  return storedBytes(sparse.values) + storedBytes(sparse.indices);
}
