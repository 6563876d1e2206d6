// Costs that run over a graph and the graphs inside its nodes: MACs with branches and loops, and the peak of live
// activations over the execution order.

import { intAttribute, subgraphs } from '../ir/attributes';
import { bytesOf } from '../ir/dataTypes';
import { capturedTensors, topologicalOrder } from '../ir/graphIndex';
import type { Graph, Node } from '../ir/model';
import { fixed, type ShapeMap, type TensorShape } from '../ir/shapes/index';
import { constantsOf } from './constants';
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

/** MACs of a node, its subgraphs included: the costlier branch of If, a Loop or Scan by its number of rounds. */
export function macsOf(node: Node, shapes: ShapeMap, look: Look): number | null {
  const inner = subgraphs(node).map(({ graph }) => {
    const within = lookInto(shapes, graph, look);
    return graph.nodes.reduce<number | null>((sum, child) => addKnown(sum, macsOf(child, shapes, within)), 0);
  });
  if (inner.length === 0) return nodeMacs(node, look);
  if (inner.every((macs) => macs === 0)) return 0;
  const most = inner.reduce((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
  if (node.opType === 'If') return most;
  const rounds = roundsOf(node, look);
  return most === null || rounds === null ? null : most * rounds;
}

/** The trip count of a Loop where it is a constant (its condition may end it earlier); the scanned length of a Scan. */
function roundsOf(node: Node, look: Look): number | null {
  if (node.opType === 'Loop') {
    const [trips = null] = look(node.inputs[0] ?? '')?.value ?? [];
    return typeof trips === 'number' ? trips : null;
  }
  if (node.opType !== 'Scan') return null;
  const scanned = intAttribute(node, 'num_scan_inputs', 1);
  const axes = node.attributes.get('scan_input_axes');
  const first = node.inputs[node.inputs.length - scanned] ?? '';
  const axis = axes?.kind === 'ints' ? Number(axes.value[0] ?? 0n) : 0;
  return fixed(look(first)?.shape)?.at(axis) ?? null;
}

/**
 * Largest sum of bytes of live activations over the nodes in topological order: while a node runs, its inputs, its
 * outputs and everything still needed later are live. Inputs of the graph count (until their last use), outputs stay to
 * the end, constants do not count, nothing is computed in place. A subgraph adds its own peak while its node runs.
 * null when the size of any activation is not known.
 */
export function peakActivationBytes(graph: Graph, shapes: ShapeMap): number | null {
  return peakOf(graph, shapes, lookInto(shapes, graph), () => false);
}

function peakOf(graph: Graph, shapes: ShapeMap, look: Look, outerConstant: (tensor: string) => boolean): number | null {
  const order = topologicalOrder(graph);
  const constants = constantsOf(graph, order, outerConstant);
  const last = lastUses(graph, order);
  let live = 0;
  let peak = 0;
  const sizes = new Map<string, number>();
  const open = (name: string): boolean => {
    const bytes = tensorBytes(look(name));
    if (bytes === null) return false;
    sizes.set(name, bytes);
    live += bytes;
    return true;
  };
  const inputs = graph.inputs.map((input) => input.name).filter((name) => !constants.has(name));
  if (!inputs.every(open)) return null;
  peak = live;
  for (const [at, node] of order.entries()) {
    if (constants.nodes.has(node)) continue;
    if (!node.outputs.every((name) => name === '' || open(name))) return null;
    const inner = innerPeak(node, shapes, look, constants.has);
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

/** Position of the last node that uses a tensor; outputs of the graph are used past the end. */
function lastUses(graph: Graph, order: readonly Node[]): Map<string, number> {
  const last = new Map<string, number>();
  order.forEach((node, at) => {
    for (const name of [...node.inputs, ...capturedTensors(node)]) last.set(name, at);
  });
  for (const output of graph.outputs) last.set(output.name, order.length);
  return last;
}

function innerPeak(node: Node, shapes: ShapeMap, look: Look, constant: (tensor: string) => boolean): number | null {
  return subgraphs(node).map(({ graph }) => peakOf(graph, shapes, lookInto(shapes, graph, look), constant))
    .reduce<number | null>((most, peak) => (most === null || peak === null ? null : Math.max(most, peak)), 0);
}
