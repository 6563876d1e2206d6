// Walks a graph once in topological order and lets each operator's rule tie the entries of its axes; afterwards settles what
// only the whole graph can tell. Gives the labels of every axis. Which classes make groups is groups.ts.

import type { LockCode } from '../../../protocol/text/locks';
import { bitsOf } from '../../ir/dataTypes';
import { capturedTensors, topologicalOrder } from '../../ir/graphIndex';
import { type Dim, type Graph, isDefaultDomain, type Model, type Node, nodeLabel, opsetOf, type Tensor } from '../../ir/model';
import type { ShapeMap } from '../../ir/shapes/index';
import { type Constants, constantsOf } from '../constants';
import { countingNodes } from './counts';
import { type Axis, isLabels, Labels, type Lock, type Mark, marks, mostEntries } from './labels';
import { type Factor, type Product, settle } from './products';
import type { RelateSite } from './rule';
import { dependencyOf } from './table';

/** Entries that influence each other in a node: what stays is not what zeroing the others would give. */
export interface Mixing {
  readonly node: Node;
  readonly inputs: readonly (readonly [position: number, axis: number])[];
  readonly outputs: readonly (readonly [output: number, axis: number])[];
}

export interface Relations {
  readonly labels: Labels;
  /** Axes of every tensor of known rank, in the order in which tensors come up. */
  readonly axes: ReadonlyMap<string, readonly Axis[]>;
  readonly mixing: readonly Mixing[];
  readonly order: readonly Node[];
  readonly constants: Constants;
}

/** @throws EngineError `invalidGraph` on a cycle. */
export function relate(model: Model, shapes: ShapeMap): Relations {
  const order = topologicalOrder(model.graph);
  const walk = new Walk(model, shapes, constantsOf(model.graph, order));
  for (const node of order) walk.node(node);
  for (const node of countingNodes(order, shapes)) walk.counts(node);
  walk.finish();
  return { labels: walk.labels, axes: walk.axes, mixing: walk.mixing, order, constants: walk.constants };
}

/** All entries of an axis are one unit; a lone entry is locked at once, since that tells which axis carries what a reshape split. */
const single: Lock = { code: 'lock.single', params: {} };

class Walk {
  readonly labels = new Labels();
  readonly axes = new Map<string, readonly Axis[]>();
  readonly mixing: Mixing[] = [];
  private readonly products: Product[] = [];
  private readonly graph: Graph;

  constructor(private readonly model: Model, private readonly shapes: ShapeMap, readonly constants: Constants) {
    this.graph = model.graph;
    for (const input of this.graph.inputs) {
      if (!this.graph.initializers.has(input.name)) this.lockedTensor(input.name, { code: 'lock.input', params: { tensor: input.name } });
    }
    for (const sparse of this.graph.sparseInitializers) this.lockedTensor(sparse.values.name, { code: 'lock.stored', params: { tensor: sparse.values.name } });
    for (const tensor of this.graph.initializers.values()) this.stored(tensor);
  }

  node(node: Node): void {
    const site = new Site(this, node);
    for (const captured of capturedTensors(node)) this.lockTensor(captured, site.fixed('lock.subgraph'));
    const entry = dependencyOf(node);
    entry?.relate(site);
    const untouched = site.fixed(entry === undefined ? 'lock.unknown' : 'lock.operator');
    node.inputs.forEach((name, position) => {
      if (name === '') return;
      this.axesOf(name).forEach((axis, index) => {
        if (!site.claimed(position, index)) this.labels.lockAll(axis, untouched);
      });
    });
    node.outputs.forEach((name, output) => {
      if (name !== '') this.output(name, site.given(output), site, untouched);
    });
    if (node.opType === 'Constant') this.storedInNode(node);
  }

  /** A size that is used as a number counts the entries that stay. */
  counts(node: Node): void {
    const inputs = this.axesOf(node.inputs[0] ?? '').flatMap((axis, index) => (isLabels(axis) ? [[0, index] as const] : []));
    if (inputs.length > 0) this.mixing.push({ node, inputs, outputs: [] });
  }

  finish(): void {
    for (const output of this.graph.outputs) this.lockTensor(output.name, { code: 'lock.output', params: { tensor: output.name } });
    settle(this.products, this.labels);
    for (const axes of this.axes.values()) {
      for (const axis of axes) {
        if (isLabels(axis) && this.isOneUnit(axis)) this.labels.lockAll(axis, single);
      }
    }
  }

  axesOf(name: string): readonly Axis[] {
    return this.axes.get(name) ?? [];
  }

  shapeOf(name: string | undefined): readonly Dim[] | null {
    return name === undefined || name === '' ? null : (this.shapes.tensors.get(name)?.shape ?? null);
  }

  valuesOf(name: string | undefined): readonly Dim[] | undefined {
    return name === undefined ? undefined : this.shapes.tensors.get(name)?.value;
  }

  opset(node: Node): number {
    return opsetOf(this.model, isDefaultDomain(node.domain) ? '' : node.domain) ?? Infinity;
  }

  product(product: Product): void {
    this.products.push(product);
  }

  /** Axes that the rule gave, where they agree with the shape; the others are locked. */
  private output(name: string, given: readonly Axis[] | undefined, site: Site, otherwise: Lock): void {
    const shape = this.shapeOf(name);
    if (given === undefined || shape === null || given.length !== shape.length) {
      for (const axis of given ?? []) this.labels.lockAll(axis, site.fixed('lock.size'));
      this.axes.set(name, (shape ?? []).map(() => otherwise));
      return;
    }
    this.axes.set(name, given.map((axis, index) => {
      if (isLabels(axis) && axis.length === 1) this.labels.lockAll(axis, single);
      if (!isLabels(axis) || axis.length === shape[index]) return axis;
      const lock = site.fixed('lock.size');
      this.labels.lockAll(axis, lock);
      return lock;
    }));
  }

  private stored(tensor: Tensor): void {
    const whole = 'strings' in tensor.data || bitsOf(tensor.type) < 8 || tensor.dims.some((dim) => dim > mostEntries);
    if (whole) this.lockedTensor(tensor.name, { code: 'lock.stored', params: { tensor: tensor.name } });
    else this.axes.set(tensor.name, tensor.dims.map((dim) => this.labels.fresh(dim)));
  }

  /** Values in a node that surgery could not slice. */
  private storedInNode(node: Node): void {
    const value = node.attributes.get('value');
    if (value?.kind === 'tensor' && !('strings' in value.value.data) && bitsOf(value.value.type) >= 8) return;
    const [name = ''] = node.outputs;
    this.lockTensor(name, { code: 'lock.stored', params: { tensor: name } });
  }

  private lockedTensor(name: string, lock: Lock): void {
    this.axes.set(name, (this.shapeOf(name) ?? []).map(() => lock));
  }

  private lockTensor(name: string, lock: Lock): void {
    for (const axis of this.axesOf(name)) this.labels.lockAll(axis, lock);
  }

  private isOneUnit(axis: Int32Array): boolean {
    const first = this.labels.find(axis[0] ?? 0);
    return axis.length > 0 && this.labels.lockOf(first) === undefined && axis.every((label) => this.labels.find(label) === first);
  }
}

/** A node as its rule sees it; keeps which axes the rule spoke of and what it gave. */
class Site implements RelateSite {
  private readonly spoken = new Set<string>();
  private readonly outputs = new Map<number, readonly Axis[]>();
  readonly opset: number;

  constructor(private readonly walk: Walk, readonly node: Node) {
    this.opset = walk.opset(node);
  }

  has(position: number): boolean {
    return (this.node.inputs[position] ?? '') !== '';
  }

  shape(position: number): readonly Dim[] | null {
    return this.walk.shapeOf(this.node.inputs[position]);
  }

  outputShape(position: number): readonly Dim[] | null {
    return this.walk.shapeOf(this.node.outputs[position]);
  }

  elements(position: number): readonly Dim[] | undefined {
    return this.walk.valuesOf(this.node.inputs[position]);
  }

  isConstant(position: number): boolean {
    return this.walk.constants.has(this.node.inputs[position] ?? '');
  }

  rank(position: number): number {
    return this.walk.axesOf(this.node.inputs[position] ?? '').length;
  }

  axis(position: number, axis: number): Axis {
    const axes = this.walk.axesOf(this.node.inputs[position] ?? '');
    const at = axis < 0 ? axis + axes.length : axis;
    this.spoken.add(`${position} ${at}`);
    return axes[at] ?? this.fixed('lock.size');
  }

  axes(position: number): readonly Axis[] {
    const axes = this.walk.axesOf(this.node.inputs[position] ?? '');
    return axes.map((_, axis) => this.axis(position, axis));
  }

  give(output: number, axes: readonly Axis[]): void {
    this.outputs.set(output, axes);
  }

  unite(...axes: readonly Axis[]): Axis {
    const [first = this.fixed(), ...others] = axes;
    return others.reduce((united, axis) => this.walk.labels.unite(united, axis, this.fixed('lock.mismatch')), first);
  }

  tie(labels: Iterable<number>): void {
    let first: number | undefined;
    for (const label of labels) {
      first ??= label;
      this.walk.labels.join(first, label);
    }
  }

  fresh(count: number, lock?: Lock): Int32Array {
    const made = this.walk.labels.fresh(count);
    if (lock !== undefined) this.walk.labels.lockAll(made, lock);
    return made;
  }

  newAxis(size: Dim | undefined): Axis {
    return typeof size === 'number' && size <= mostEntries ? this.fresh(size) : this.fixed('lock.size');
  }

  lock(axis: Axis, code: LockCode = 'lock.operator'): void {
    this.walk.labels.lockAll(axis, this.fixed(code));
  }

  fixed(code: LockCode = 'lock.operator'): Lock {
    return { code, params: { node: nodeLabel(this.node), op: this.node.opType } };
  }

  product(flat: Axis, factors: readonly Factor[]): void {
    this.walk.product({ flat, factors, lock: this.fixed('lock.factor') });
  }

  mixes(inputs: Mixing['inputs'], outputs: Mixing['outputs'] = []): void {
    this.walk.mixing.push({ node: this.node, inputs, outputs });
  }

  mark(axis: Axis, mark: Mark): void {
    if (isLabels(axis)) for (const label of axis) this.walk.labels.mark(label, marks[mark]);
  }

  claimed(position: number, axis: number): boolean {
    return this.spoken.has(`${position} ${axis}`);
  }

  given(output: number): readonly Axis[] | undefined {
    return this.outputs.get(output);
  }
}
