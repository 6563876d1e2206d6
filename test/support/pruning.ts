// The test of pruning's surgery: a model without units equals the model whose pruned units were zeroed. Weights are drawn
// anew, because constant ones would hide an index error.

import assert from 'node:assert/strict';
import { findDependencies, isLabels, type Dependencies, type Mixing } from '../../src/engine/analysis/dependencies/index';
import { findLayers } from '../../src/engine/analysis/layers';
import { int, ints } from '../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { checkModel } from '../../src/engine/ir/check/check';
import { cloneModel } from '../../src/engine/ir/clone';
import { indexGraph } from '../../src/engine/ir/graphIndex';
import type { DataType } from '../../src/engine/ir/dataTypes';
import { type Attribute, type Dim, elementCount, isOp, type Model, type Node, type Tensor } from '../../src/engine/ir/model';
import { inferShapes } from '../../src/engine/ir/shapes/index';
import { readTensor, tensorFrom } from '../../src/engine/ir/tensors';
import { type ChosenUnits, type Kept, removeUnits } from '../../src/engine/passes/prune/surgery/index';
import { FREE_INITIALIZERS_IR } from '../../src/engine/passes/cleanup/graphEditor';
import { seededRandom } from '../../src/engine/random';
import { sampleInputs } from '../../src/runtime/sampleInputs';
import { assetDims, outputsOf, relativeDifference } from './models';
import { testRuntime } from './passContext';

/** Half of the units of every group (rounded down), at random. */
export function halfOfAll({ groups }: Dependencies, seed: number): ChosenUnits {
  const random = seededRandom(seed);
  return new Map(groups.map(({ id, size }) => {
    const order = Array.from({ length: size }, (_, unit) => ({ unit, key: random() })).sort((a, b) => a.key - b.key);
    return [id, order.slice(0, Math.floor(size / 2)).map(({ unit }) => unit)];
  }));
}

// ── weights drawn anew ───────────────────────────────────────────────────────────────────────────────────────────

/** Standard normal from the sum of four uniform numbers: near enough, and fast for a hundred million weights. */
function bell(random: () => number): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3);
}

function drawn(name: string, dims: readonly number[], positive: boolean, random: () => number): Tensor {
  const count = elementCount(dims);
  const data = new Float32Array(count);
  // Matrices lie either way round; kernels have their inputs behind the first axis.
  const fan = dims.length === 2 ? ((dims[0] ?? 1) + (dims[1] ?? 1)) / 2 : count / (dims[0] ?? 1);
  const scale = dims.length < 2 ? 0.3 : Math.sqrt(1.5 / fan);
  for (let at = 0; at < count; at++) data[at] = positive ? 0.5 + random() : bell(random) * scale;
  return tensorFrom(name, { type: 'float32', dims, data });
}

/** Tensors that have to stay away from 0: variances, divisors; scales of norms too, so that signals neither die nor grow. */
function positives(model: Model): ReadonlySet<string> {
  return new Set(model.graph.nodes.flatMap((node) => {
    if (isOp(node, 'BatchNormalization')) return [node.inputs[1] ?? '', node.inputs[4] ?? ''];
    if (isOp(node, 'LayerNormalization', 'Div', 'InstanceNormalization', 'GroupNormalization', 'RMSNormalization')) return [node.inputs[1] ?? ''];
    return [];
  }));
}

/** The model with seeded random weights; those that ConstantOfShape generates become initializers. */
export async function refilled(given: Model, seed: number): Promise<Model> {
  const shapes = await inferShapes(given);
  const weights = new Set(findLayers(given.graph, shapes).flatMap((layer) => layer.weights));
  const model = cloneModel(given);
  const { graph } = model;
  model.irVersion = Math.max(model.irVersion, FREE_INITIALIZERS_IR);
  const positive = positives(model);
  const random = seededRandom(seed);
  const isWeight = (name: string): boolean => weights.has(name) && shapes.tensors.get(name)?.type === 'float32';
  for (const [name, tensor] of graph.initializers) if (isWeight(name)) graph.initializers.set(name, drawn(name, tensor.dims, positive.has(name), random));
  const generated = new Set<Node>();
  for (const node of graph.nodes) {
    const [name = ''] = node.outputs;
    const dims = shapes.tensors.get(name)?.shape;
    if (!isWeight(name) || dims?.every((dim) => typeof dim === 'number') !== true) continue;
    const tensor = drawn(name, dims, positive.has(name), random);
    if (isOp(node, 'Constant')) node.attributes.set('value', { kind: 'tensor', value: tensor });
    if (!isOp(node, 'ConstantOfShape')) continue;
    generated.add(node);
    graph.initializers.set(name, tensor);
  }
  graph.nodes = graph.nodes.filter((node) => !generated.has(node));
  return model;
}

// ── the reference ────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The model with zeros where units were removed, in every weight but those that must not be 0. Statistics over pruned
 * channels run over those that stay: such nodes see only these, and their results are put back in place.
 */
export async function zeroed(model: Model, { groups, relations }: Dependencies, chosen: ChosenUnits, kept: Kept): Promise<Model> {
  const reference = cloneModel(model);
  const { graph } = reference;
  const divisors = new Set(graph.nodes.flatMap((node) => (isOp(node, 'BatchNormalization') ? [node.inputs[4] ?? ''] : isOp(node, 'Div') ? [node.inputs[1] ?? ''] : [])));
  const places = new Map<string, Map<number, Set<number>>>();
  for (const group of groups) {
    for (const unit of chosen.get(group.id) ?? []) {
      for (const { tensor, axis, perUnit, indices } of group.weights) {
        const axes = places.get(tensor) ?? new Map<number, Set<number>>();
        places.set(tensor, axes);
        const entries = axes.get(axis) ?? new Set<number>();
        axes.set(axis, entries);
        for (const index of indices.subarray(unit * perUnit, (unit + 1) * perUnit)) entries.add(index);
      }
    }
  }
  for (const [name, axes] of places) {
    if (divisors.has(name)) continue;
    const stored = graph.initializers.get(name);
    if (stored !== undefined) graph.initializers.set(name, await withZeros(stored, axes));
    const node = stored === undefined ? graph.nodes.find(({ outputs }) => outputs[0] === name) : undefined;
    const value = node?.attributes.get('value');
    if (node !== undefined && value?.kind === 'tensor' && isOp(node, 'Constant')) node.attributes.set('value', { kind: 'tensor', value: await withZeros(value.value, axes) });
  }
  const position = new Map(model.graph.nodes.map((node, at) => [node, at]));
  for (const mixing of relations.mixing) seeOnlyKept(reference, mixing, graph.nodes[position.get(mixing.node) ?? -1], relations, kept);
  graph.nodes = graph.nodes.flatMap((node) => [...(before.get(node) ?? []), node, ...(after.get(node) ?? [])]);
  return reference;
}

/** Nodes around a node of a reference. */
const before = new WeakMap<Node, Node[]>();
const after = new WeakMap<Node, Node[]>();

function seeOnlyKept({ graph }: Model, { inputs, outputs, node: original }: Mixing, node: Node | undefined, { axes }: Dependencies['relations'], kept: Kept): void {
  if (node === undefined) throw new Error('a mixing node that is not in the graph');
  const index = indexGraph(graph);
  const constant = (wanted: string, values: readonly number[], dims: readonly number[], type: 'int64' | 'float32'): string => {
    const name = index.uniqueName(wanted);
    const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
    graph.initializers.set(name, tensorFrom(name, { type, dims, data }));
    return name;
  };
  for (const [at, axis] of inputs) {
    const entries = kept.of(original.inputs[at] ?? '', axis);
    if (entries === undefined) continue;
    const name = index.uniqueName(`${node.inputs[at] ?? ''}_kept`);
    const gather = makeNode('Gather', [node.inputs[at] ?? '', constant('kept', [...entries], [entries.length], 'int64')], [name], { axis: int(axis) });
    before.set(node, [...(before.get(node) ?? []), gather]);
    node.inputs[at] = name;
  }
  for (const [output, axis] of outputs) {
    const result = original.outputs[output] ?? '';
    const entries = kept.of(result, axis);
    const own = axes.get(result);
    const full = own?.[axis];
    if (entries === undefined || own === undefined || full === undefined || !isLabels(full)) continue;
    const place = new Map([...entries].map((entry, at) => [entry, at]));
    const all = Array.from(full, (_, entry) => place.get(entry) ?? 0);
    const mask = Array.from(full, (_, entry) => (place.has(entry) ? 1 : 0));
    const [narrow, wide] = [index.uniqueName(`${result}_narrow`), index.uniqueName(`${result}_wide`)];
    const current = node.outputs[output] ?? '';
    node.outputs[output] = narrow;
    after.set(node, [
      makeNode('Gather', [narrow, constant('all', all, [all.length], 'int64')], [wide], { axis: int(axis) }),
      makeNode('Mul', [wide, constant('mask', mask, own.map((_, at) => (at === axis ? mask.length : 1)), 'float32')], [current]),
      ...(after.get(node) ?? []),
    ]);
  }
}

async function withZeros(tensor: Tensor, axes: ReadonlyMap<number, ReadonlySet<number>>): Promise<Tensor> {
  const array = await readTensor(tensor);
  const data = (array.data as Float32Array | Int8Array).slice();
  const { dims } = tensor;
  for (const [axis, entries] of axes) {
    const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    const size = dims[axis] ?? 1;
    const outer = data.length / (inner * size);
    for (let row = 0; row < outer; row++) {
      for (const entry of entries) data.fill(0, (row * size + entry) * inner, (row * size + entry + 1) * inner);
    }
  }
  return tensorFrom(tensor.name, { type: tensor.type, dims, data });
}

// ── small graphs ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Builds a small graph with random weights; names count up. */
export class Net {
  private readonly nodes: Node[] = [];
  private readonly initializers: Tensor[] = [];
  private readonly inputs: ReturnType<typeof makeValue>[] = [];
  private readonly outputs: ReturnType<typeof makeValue>[] = [];
  private readonly random = seededRandom(11);
  private count = 0;

  constructor(private readonly opsets: Readonly<Record<string, number>> = { '': 21 }, private readonly irVersion = 10) {}

  input(shape: readonly Dim[], type: DataType = 'float32'): string {
    const name = `in${this.count++}`;
    this.inputs.push(makeValue(name, type, shape));
    return name;
  }

  weight(...dims: number[]): string {
    return this.add(drawn(`w${this.count++}`, dims, false, this.random));
  }

  positive(...dims: number[]): string {
    return this.add(drawn(`w${this.count++}`, dims, true, this.random));
  }

  ints(...values: number[]): string {
    return this.add(tensorFrom(`i${this.count++}`, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) }));
  }

  add(tensor: Tensor): string {
    this.initializers.push(tensor);
    return tensor.name;
  }

  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, domain = ''): string {
    return this.several(op, inputs, 1, attributes, domain)[0] ?? '';
  }

  several(op: string, inputs: readonly string[], outputs: number, attributes: Readonly<Record<string, Attribute>> = {}, domain = ''): readonly string[] {
    const names = Array.from({ length: outputs }, () => `${op.toLowerCase()}${this.count++}`);
    this.nodes.push(makeNode(op, inputs, names, attributes, { domain }));
    return names;
  }

  conv(x: string, from: number, to: number, { kernel = 1, group = 1, stride = 1 } = {}): string {
    return this.node('Conv', [x, this.weight(to, from / group, kernel, kernel), this.weight(to)],
      { group: int(group), kernel_shape: ints([kernel, kernel]), pads: ints(Array<number>(4).fill((kernel - 1) / 2)), strides: ints([stride, stride]) });
  }

  dense(x: string, from: number, to: number): string {
    return this.node('Add', [this.node('MatMul', [x, this.weight(from, to)]), this.weight(to)]);
  }

  output(name: string, type: DataType = 'float32'): void {
    this.outputs.push(makeValue(name, type, null));
  }

  /** Shapes of outputs are what inference finds. */
  async model(): Promise<Model> {
    const model = makeModel(makeGraph({ nodes: this.nodes, inputs: this.inputs, outputs: this.outputs, initializers: this.initializers }), this.opsets, this.irVersion);
    const shapes = await inferShapes(model);
    model.graph.outputs = model.graph.outputs.map(({ name }) => makeValue(name, shapes.tensors.get(name)?.type ?? 'float32', shapes.tensors.get(name)?.shape ?? null));
    return model;
  }
}

// ── the comparison ───────────────────────────────────────────────────────────────────────────────────────────────

/** Largest relative difference of the outputs of both models for the same inputs; NaN anywhere fails. */
export async function difference(reference: Model, pruned: Model, dims: Readonly<Record<string, number>> = assetDims): Promise<number> {
  const session = await testRuntime.createSession(reference, { optimization: 'disabled', threads: 2 });
  const feeds = sampleInputs(reference, session.inputs, { dims, seed: 5 });
  const expected = await session.run(feeds);
  await session.release();
  const found = await outputsOf(pruned, feeds);
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  let largest = 0;
  for (const [name, array] of Object.entries(expected)) {
    const other = found[name];
    assert.ok(other !== undefined);
    assert.ok(Array.from(array.data as ArrayLike<number | bigint>, Number).every(Number.isFinite), `${name} of the reference is not finite`);
    largest = Math.max(largest, relativeDifference(array, other));
  }
  return largest;
}

export interface Halved {
  readonly dependencies: Dependencies;
  readonly pruned: Model;
  readonly kept: Kept;
  /** Between the pruned model and the reference. */
  readonly difference: number;
  /** Between the model and the reference: what the test could see. */
  readonly effect: number;
}

/** Takes half of all units out; the result breaks no rule of ONNX that the model did not break. */
export async function halved(model: Model, seed = 1, dims: Readonly<Record<string, number>> = assetDims): Promise<Halved> {
  const dependencies = await findDependencies(model);
  const chosen = halfOfAll(dependencies, seed);
  const { model: pruned, kept } = await removeUnits(model, dependencies, chosen);
  const known = new Set((await checkModel(model)).map(({ rule }) => rule));
  const broken = (await checkModel(pruned)).filter(({ rule }) => !known.has(rule));
  assert.deepEqual(broken.map(({ rule, node }) => `${rule} at ${node ?? ''}`), []);
  const reference = await zeroed(model, dependencies, chosen, kept);
  return { dependencies, pruned, kept, difference: await difference(reference, pruned, dims), effect: await difference(model, reference, dims) };
}
