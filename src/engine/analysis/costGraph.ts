// Costs that run over a graph and the graphs inside its nodes: MACs with branches and loops, and the peak of live
// activations over the execution order.

import { intAttribute, intsAttribute, subgraphs } from '../ir/attributes';
import { makeGraph } from '../ir/build';
import { bytesOf } from '../ir/dataTypes';
import { capturedTensors, topologicalOrder } from '../ir/graphIndex';
import type { Graph, Node } from '../ir/model';
import { fixed, type FunctionCall, type ShapeMap, type TensorShape } from '../ir/shapes/index';
import { type Constants, constantsOf } from './constants';
import { type Look, nodeMacs } from './costMacs';

/** What is seen from inside a graph: its tensors, then those around it. */
export function lookInto(shapes: ShapeMap, graph: Graph, outer: Look = () => undefined): Look {
  const own = shapes.bodies.get(graph) ?? shapes.tensors;
  return (tensor) => own.get(tensor) ?? outer(tensor);
}

/** Bytes of a tensor; null where type or shape is not known, and for strings and sequences. */
export function tensorBytes(value: TensorShape | undefined): number | null {
  const dims = fixed(value?.shape);
  if (value === undefined || dims === undefined || value.containers !== undefined || value.type === 'undefined' || value.type === 'string') return null;
  return bytesOf(value.type, dims.reduce((product, dim) => product * dim, 1));
}

export function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

/** MACs of a node, its subgraphs and what it calls included: the costlier branch of If, a Loop or Scan by its rounds. */
export function macsOf(node: Node, shapes: ShapeMap, look: Look): number | null {
  const call = shapes.calls.get(node);
  if (call !== undefined) return sumOfMacs(call.nodes, shapes, (tensor) => call.tensors.get(tensor));
  const inner = subgraphs(node).map(({ graph }) => sumOfMacs(graph.nodes, shapes, lookInto(shapes, graph, look)));
  if (inner.length === 0) return nodeMacs(node, look);
  // The modifiers of scores and probabilities run once over all of them.
  if (node.opType === 'FlexAttention') return inner.reduce(addKnown, nodeMacs(node, look));
  if (inner.every((macs) => macs === 0)) return 0;
  const most = inner.reduce((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
  if (node.opType === 'If') return most;
  const rounds = roundsOf(node, look);
  return most === null || rounds === null ? null : most * rounds;
}

function sumOfMacs(nodes: readonly Node[], shapes: ShapeMap, look: Look): number | null {
  return nodes.reduce<number | null>((sum, node) => (sum === null ? null : addKnown(sum, macsOf(node, shapes, look))), 0);
}

/** The trip count of a Loop where it is a constant (its condition may end it earlier); what a Scan or SequenceMap goes over. */
function roundsOf(node: Node, look: Look): number | null {
  const [first = ''] = node.inputs;
  switch (node.opType) {
    case 'Loop': {
      const [trips = null] = look(first)?.value ?? [];
      return typeof trips === 'number' ? Math.max(trips, 0) : null;
    }
    case 'Scan': return scannedLength(node, look);
    case 'SequenceMap': {
      const length = look(first)?.length;
      return typeof length === 'number' ? length : null;
    }
    default: return null;
  }
}

/** In opset 8 the first input holds sequence lengths, and sequences are [batch, length, ...]; later one axis is chosen. */
function scannedLength(node: Node, look: Look): number | null {
  const shape = fixed(look(node.inputs[node.inputs.length - intAttribute(node, 'num_scan_inputs', 1)] ?? '')?.shape);
  const body = subgraphs(node)[0]?.graph;
  if (body !== undefined && node.inputs.length === body.inputs.length + 1) return shape === undefined ? null : (shape[0] ?? 1) * (shape[1] ?? 1);
  return shape?.at(intsAttribute(node, 'scan_input_axes')?.[0] ?? 0) ?? null;
}

/**
 * Largest sum of bytes of live activations over the nodes in topological order: while a node runs, its inputs, its
 * outputs and everything still needed later are live. Inputs of the graph count until their last use, outputs stay to
 * the end, constants do not count, nothing is computed in place. A subgraph or function adds its own peak while its node
 * runs; the outputs of a function are those of its node.
 * null when the size of any activation is not known.
 */
export function peakActivationBytes(graph: Graph, shapes: ShapeMap): number | null {
  return new PeakOf(shapes).graph(graph, lookInto(shapes, graph), () => false);
}

/** What runs: a graph, or the nodes of a function call, whose inputs and outputs live outside. */
interface Running {
  readonly nodes: readonly Node[];
  readonly constants: Constants;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors that are counted elsewhere. */
  readonly outside: ReadonlySet<string>;
}

class PeakOf {
  constructor(private readonly shapes: ShapeMap) {}

  graph(graph: Graph, look: Look, outerConstant: (tensor: string) => boolean): number | null {
    const nodes = topologicalOrder(graph);
    const constants = constantsOf(graph, nodes, outerConstant);
    const inputs = graph.inputs.map((input) => input.name).filter((name) => !constants.has(name));
    return this.run({ nodes, constants, inputs, outputs: graph.outputs.map(({ name }) => name), outside: new Set() }, look);
  }

  private call({ definition: { inputs, outputs }, nodes, tensors }: FunctionCall): number | null {
    const constants = constantsOf(makeGraph({ nodes, inputs: inputs.map((name) => ({ name })), outputs: [] }), nodes);
    return this.run({ nodes, constants, inputs: [], outputs, outside: new Set([...inputs, ...outputs]) }, (tensor) => tensors.get(tensor));
  }

  private run({ nodes, constants, inputs, outputs, outside }: Running, look: Look): number | null {
    const last = lastUses(nodes, outputs);
    let live = 0;
    const sizes = new Map<string, number>();
    const open = (name: string): boolean => {
      const bytes = tensorBytes(look(name));
      if (bytes === null) return false;
      sizes.set(name, bytes);
      live += bytes;
      return true;
    };
    if (!inputs.every(open)) return null;
    let peak = live;
    for (const [at, node] of nodes.entries()) {
      if (constants.nodes.has(node)) continue;
      if (!node.outputs.every((name) => name === '' || outside.has(name) || open(name))) return null;
      const inner = this.inner(node, look, constants);
      if (inner === null) return null;
      peak = Math.max(peak, live + inner);
      for (const name of new Set([...node.inputs, ...node.outputs, ...capturedTensors(node)])) {
        if ((last.get(name) ?? -1) > at) continue;
        live -= sizes.get(name) ?? 0;
        sizes.delete(name);
      }
    }
    return peak;
  }

  private inner(node: Node, look: Look, constants: Constants): number | null {
    const call = this.shapes.calls.get(node);
    if (call !== undefined) return this.call(call);
    return subgraphs(node).map(({ graph }) => this.graph(graph, lookInto(this.shapes, graph, look), constants.has))
      .reduce<number | null>((most, peak) => (most === null || peak === null ? null : Math.max(most, peak)), 0);
  }
}

/** Position of the last node that uses a tensor; outputs are used past the end. */
function lastUses(nodes: readonly Node[], outputs: readonly string[]): Map<string, number> {
  const last = new Map<string, number>();
  nodes.forEach((node, at) => {
    for (const name of [...node.inputs, ...capturedTensors(node)]) last.set(name, at);
  });
  for (const name of outputs) last.set(name, nodes.length);
  return last;
}
