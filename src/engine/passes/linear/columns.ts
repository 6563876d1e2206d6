// What enters a linear node as the columns of its weight matrix, and what leaves it as the rows: nodes added to a graph
// that looks at activations.

import { int, ints, intsAttribute, stringAttribute } from '../../ir/attributes';
import { makeNode } from '../../ir/build';
import { capturedTensors, indexGraph, topologicalOrder } from '../../ir/graphIndex';
import { type Attribute, isOp, type Model, type Node, opsetOf } from '../../ir/model';
import { tensorFrom } from '../../ir/tensors';
import type { MatrixLayout } from './layout';

/** ReduceSum takes its axes as an input from here on. */
const AXES_INPUT_OPSET = 13;

/** Nodes that the tensors depend on, in their order; not those behind tensors that are known already. */
export function upstream({ graph }: Model, tensors: readonly string[], known: ReadonlySet<string> = new Set()): Node[] {
  const needed = new Set(tensors.filter((name) => !known.has(name)));
  return topologicalOrder(graph).reverse().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const name of [...node.inputs, ...capturedTensors(node)]) if (!known.has(name)) needed.add(name);
    return true;
  }).reverse();
}

export interface GraphWriter {
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  constant(dims: readonly number[], data: Float32Array | BigInt64Array): string;
  reshape(tensor: string, dims: readonly number[]): string;
  /** Over axis 2 of 3. */
  sumOverLast(tensor: string): string;
}

export function writerOn(model: Model): GraphWriter {
  const { graph } = model;
  const index = indexGraph(graph);
  const added: GraphWriter = {
    node(opType, inputs, attributes = {}) {
      const output = index.uniqueName(`prune/${opType}`);
      graph.nodes.push(makeNode(opType, inputs, [output], attributes));
      return output;
    },
    constant(dims, data) {
      const name = index.uniqueName('prune/constant');
      graph.initializers.set(name, tensorFrom(name, { type: data instanceof Float32Array ? 'float32' : 'int64', dims, data }));
      return name;
    },
    reshape: (tensor, dims) => added.node('Reshape', [tensor, added.constant([dims.length], BigInt64Array.from(dims, BigInt))]),
    sumOverLast: (tensor) => ((opsetOf(model) ?? 0) >= AXES_INPUT_OPSET
      ? added.node('ReduceSum', [tensor, added.constant([1], BigInt64Array.of(2n))], { keepdims: int(0) })
      : added.node('ReduceSum', [tensor], { axes: ints([2]), keepdims: int(0) })),
  };
  return added;
}

/** What enters the layer as [groups, columns, samples * places]: columns as in the weight's layout. */
export function columnsGraph(build: GraphWriter, input: string, node: Node, layout: MatrixLayout): string {
  const { groups, channels, taps } = layout;
  if (isOp(node, 'MatMul')) return build.reshape(build.node('Transpose', [build.reshape(input, [-1, channels])], { perm: ints([1, 0]) }), [1, channels, -1]);
  if (isOp(node, 'Gemm')) {
    const isTransposed = node.attributes.get('transA')?.value === 1n;
    return build.reshape(isTransposed ? input : build.node('Transpose', [input], { perm: ints([1, 0]) }), [1, channels, -1]);
  }
  // [samples, groups * channels * taps, places] with the taps of a channel side by side.
  const patches = isOp(node, 'Conv')
    ? unfold(build, input, layout, kept(node, ['auto_pad', 'dilations', 'pads', 'strides']))
    : unfold(build, spread(build, input, layout, node), layout, correlation(node, layout));
  const split = build.reshape(patches, [0, groups, channels, taps, -1]);
  return build.reshape(build.node('Transpose', [split], { perm: ints([1, 3, 2, 0, 4]) }), [groups, taps * channels, -1]);
}

/** What leaves the layer as [groups, rows, samples * places], places in the order of the columns'. */
export function rowsGraph(build: GraphWriter, output: string, node: Node, { groups, rows }: MatrixLayout): string {
  if (!isOp(node, 'Conv', 'ConvTranspose')) return build.reshape(build.node('Transpose', [build.reshape(output, [-1, rows])], { perm: ints([1, 0]) }), [1, rows, -1]);
  const split = build.reshape(output, [0, groups, rows, -1]);
  return build.reshape(build.node('Transpose', [split], { perm: ints([1, 2, 0, 3]) }), [groups, rows, -1]);
}

/** Input patches by a convolution whose kernels pick one place each, every channel for itself. */
function unfold(build: GraphWriter, input: string, { groups, channels, taps, kernel }: MatrixLayout, attributes: Readonly<Record<string, Attribute>>): string {
  const all = groups * channels;
  const picks = new Float32Array(all * taps * taps);
  for (let index = 0; index < all * taps; index += 1) picks[index * taps + (index % taps)] = 1;
  return build.node('Conv', [input, build.constant([all * taps, 1, ...kernel], picks)], { ...attributes, group: int(all) });
}

/** The input with zeros between its values, as the strides of a ConvTranspose spread it. */
function spread(build: GraphWriter, input: string, { groups, channels, kernel }: MatrixLayout, node: Node): string {
  if ((intsAttribute(node, 'strides') ?? []).every((stride) => stride === 1)) return input;
  const all = groups * channels;
  const ones = build.constant([all, 1, ...kernel.map(() => 1)], new Float32Array(all).fill(1));
  return build.node('ConvTranspose', [input, ones], { ...kept(node, ['strides']), group: int(all) });
}

/**
 * Attributes of the convolution that a ConvTranspose is over its spread input: padded by the kernel's reach less its own
 * pads. Where those follow from the output's size, and where they crop more than the kernel reaches, all places count.
 */
function correlation(node: Node, { kernel }: MatrixLayout): Record<string, Attribute> {
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || node.attributes.has('output_shape');
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const pads = automatic ? [] : (intsAttribute(node, 'pads') ?? []);
  const more = intsAttribute(node, 'output_padding') ?? [];
  const reach = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1));
  const begin = reach.map((size, axis) => Math.max(0, size - (pads[axis] ?? 0)));
  const end = reach.map((size, axis) => Math.max(0, size - (pads[kernel.length + axis] ?? 0) + (more[axis] ?? 0)));
  return { ...kept(node, ['dilations']), pads: ints([...begin, ...end]) };
}

function kept(node: Node, names: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries([...node.attributes].filter(([name]) => names.includes(name)));
}
