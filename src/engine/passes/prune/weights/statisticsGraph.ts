// The part of a model before some of its layers, with nodes behind it that reduce what enters each layer to what pruning
// wants to know: squared norms of the columns (Wanda) or their Gram matrix X Xᵀ (SparseGPT). Activations never leave the graph.

import { int, ints, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { makeNode, makeValue } from '../../../ir/build';
import { cloneModel } from '../../../ir/clone';
import { wireOf } from '../../../ir/dataTypes';
import { dropUnused } from '../../../ir/edit/index';
import { capturedTensors, indexGraph, topologicalOrder } from '../../../ir/graphIndex';
import { type Attribute, isOp, type Model, type Node, opsetOf, type ValueInfo } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import { tensorFrom } from '../../../ir/tensors';
import type { PrunableWeight } from './findWeights';
import { columnsOf, type MatrixLayout } from './layout';

export type StatisticKind = 'norms' | 'gram';

/** What is wanted of one weight: `blocks` equal parts of its columns, all groups one after the other. */
export interface Wanted {
  readonly weight: PrunableWeight;
  /** Parts of a group's columns that are looked at apart from each other; 1 where the memory allows. */
  readonly parts: number;
}

export interface StatisticsGraph {
  readonly model: Model;
  /**
   * For each wanted weight: output with its sums over samples and places, [groups * parts, columns / parts] (norms) or
   * the same with the last axis twice (gram), and outputs (int64) that say how many values the columns had in all.
   */
  readonly outputs: readonly { readonly sums: string; readonly sizes: readonly string[] }[];
}

/** ReduceSum takes its axes as an input from here on. */
const AXES_INPUT_OPSET = 13;

export async function statisticsGraph(model: Model, wanted: readonly Wanted[], kind: StatisticKind): Promise<StatisticsGraph> {
  const copy = cloneModel(model);
  const build = builderOn(copy);
  const { tensors } = await inferShapes(copy);
  const inputs = wanted.flatMap(({ weight }) => weight.nodes.map((node) => node.inputs[0] ?? ''));
  copy.graph.nodes = upstream(copy, inputs);
  const reduced = (node: Node, { weight: { layout }, parts }: Wanted): Reduced => {
    const input = node.inputs[0] ?? '';
    const single = tensors.get(input)?.type === 'float32' ? input : build.node('Cast', [input], { to: int(wireOf('float32')) });
    const whole = columnsGraph(build, single, node, layout);
    const columns = parts === 1 ? whole : build.reshape(whole, [layout.groups * parts, columnsOf(layout) / parts, -1]);
    const sums = kind === 'norms'
      ? build.sumOverLast(build.node('Mul', [columns, columns]))
      : build.node('MatMul', [columns, build.node('Transpose', [columns], { perm: ints([0, 2, 1]) })]);
    return { sums, size: build.node('Size', [columns]) };
  };
  /** Query, key and value look at the same activations. */
  const known = new Map<string, Reduced>();
  const outputs = wanted.map((one) => {
    const seen = one.weight.nodes.map((node) => {
      const key = isOp(node, 'MatMul') ? `${node.inputs[0] ?? ''} / ${one.parts}` : node.outputs[0] ?? '';
      const found = known.get(key) ?? reduced(node, one);
      known.set(key, found);
      return found;
    });
    const [first, ...rest] = seen;
    const sums = first === undefined || rest.length > 0 ? build.node('Sum', seen.map((each) => each.sums)) : first.sums;
    return { sums, sizes: seen.map(({ size }) => size) };
  });
  const results = new Map<string, ValueInfo>();
  for (const { sums, sizes } of outputs) {
    results.set(sums, makeValue(sums, 'float32', null));
    for (const size of sizes) results.set(size, makeValue(size, 'int64', []));
  }
  copy.graph.outputs = [...results.values()];
  dropUnused(copy.graph);
  return { model: copy, outputs };
}

interface Reduced {
  readonly sums: string;
  readonly size: string;
}

/** Nodes that the tensors depend on, in their order. */
function upstream({ graph }: Model, tensors: readonly string[]): Node[] {
  const needed = new Set(tensors);
  return topologicalOrder(graph).reverse().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const name of [...node.inputs, ...capturedTensors(node)]) needed.add(name);
    return true;
  }).reverse();
}

interface Builder {
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  constant(dims: readonly number[], data: Float32Array | BigInt64Array): string;
  reshape(tensor: string, dims: readonly number[]): string;
  /** Over axis 2 of 3. */
  sumOverLast(tensor: string): string;
}

function builderOn(model: Model): Builder {
  const { graph } = model;
  const index = indexGraph(graph);
  const added: Builder = {
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
function columnsGraph(build: Builder, input: string, node: Node, layout: MatrixLayout): string {
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

/** Input patches by a convolution whose kernels pick one place each, every channel for itself. */
function unfold(build: Builder, input: string, { groups, channels, taps, kernel }: MatrixLayout, attributes: Readonly<Record<string, Attribute>>): string {
  const all = groups * channels;
  const picks = new Float32Array(all * taps * taps);
  for (let index = 0; index < all * taps; index += 1) picks[index * taps + (index % taps)] = 1;
  return build.node('Conv', [input, build.constant([all * taps, 1, ...kernel], picks)], { ...attributes, group: int(all) });
}

/** The input with zeros between its values, as the strides of a ConvTranspose spread it. */
function spread(build: Builder, input: string, { groups, channels, kernel }: MatrixLayout, node: Node): string {
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
