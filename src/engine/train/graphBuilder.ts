// Appends nodes to a graph: what gradient rules, losses and optimisers write their formulas with. It knows no shapes.

import type { DataType } from '../ir/dataTypes';
import { int, ints } from '../ir/attributes';
import { makeNode } from '../ir/build';
import { namesOf } from '../ir/graphIndex';
import { type Attribute, elementCount, type Graph, type Node } from '../ir/model';
import { tensorFrom } from '../ir/tensors';
import { wireOf } from '../ir/dataTypes';
import type { NdArray } from '../ports';

export type Attributes = Readonly<Record<string, Attribute>>;

export class GraphBuilder {
  private readonly names: Set<string>;
  private readonly shared = new Map<string, string>();
  private readonly counters = new Map<string, number>();
  private sink: Node[];

  /** Nodes go to the end of `graph.nodes`, constants to its initializers: give it a graph of its own. */
  constructor(readonly graph: Graph) {
    this.names = new Set(namesOf(graph));
    this.sink = graph.nodes;
  }

  /** A name like `base` that nothing in the graph has; it counts as taken from then on. */
  uniqueName(base: string): string {
    if (!this.names.has(base)) {
      this.names.add(base);
      return base;
    }
    let number = this.counters.get(base) ?? 2;
    while (this.names.has(`${base}_${number}`)) number += 1;
    this.counters.set(base, number + 1);
    const name = `${base}_${number}`;
    this.names.add(name);
    return name;
  }

  /** Adds a node with one output and gives the output's name. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    const [output] = this.nodes(opType, inputs, 1, attributes, domain);
    return output as string;
  }

  /** Adds a node with several outputs. */
  nodes(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}, domain = ''): string[] {
    const names = Array.from({ length: outputs }, () => this.uniqueName(`train/${opType}`));
    this.sink.push(makeNode(opType, inputs, names, attributes, { domain }));
    return names;
  }

  /** Adds a node whose outputs have given names ('' for an omitted one). */
  named(opType: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes = {}, domain = ''): void {
    for (const name of outputs) this.names.add(name);
    this.sink.push(makeNode(opType, inputs, outputs, attributes, { domain }));
  }

  /** A node with one output that carries a note for gradient rules in its metadata. */
  noted(opType: string, inputs: readonly string[], attributes: Attributes, [key, value]: readonly [string, string], output = this.uniqueName(`train/${opType}`)): string {
    this.names.add(output);
    const node = makeNode(opType, inputs, [output], attributes);
    node.metadata.set(key, value);
    this.sink.push(node);
    return output;
  }

  /** Runs `write` with its nodes going to `into`, in order. */
  collect<T>(into: Node[], write: () => T): T {
    const before = this.sink;
    this.sink = into;
    try {
      return write();
    } finally {
      this.sink = before;
    }
  }

  // ── constants ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A constant tensor; equal small ones are one initializer. */
  constant(array: NdArray, base = 'train/constant'): string {
    const key = elementCount(array.dims) <= 64 ? `${array.type} [${array.dims.join()}] ${Array.from(array.data, printed).join()}` : undefined;
    const known = key === undefined ? undefined : this.shared.get(key);
    if (known !== undefined) return known;
    const name = this.uniqueName(base);
    this.graph.initializers.set(name, tensorFrom(name, array));
    if (key !== undefined) this.shared.set(key, name);
    return name;
  }

  /** A float constant of rank 0. Types that plain arrays cannot hold come as a Cast, which onnxruntime folds. */
  scalar(value: number, type: DataType = 'float32'): string {
    if (type === 'float64') return this.constant({ type, dims: [], data: Float64Array.of(value) });
    if (type === 'int64') return this.constant({ type, dims: [], data: BigInt64Array.of(BigInt(value)) });
    if (type === 'int32') return this.constant({ type, dims: [], data: Int32Array.of(value) });
    const single = this.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
    return type === 'float32' ? single : this.cast(single, type);
  }

  /** A one-dimensional int64 constant: axes, shapes, pads. */
  ints(values: readonly number[]): string {
    return this.constant({ type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  /** `value` in every element. */
  filled(dims: readonly number[], value: number, type: DataType = 'float32'): string {
    return this.node('Expand', [this.scalar(value, type), this.ints(dims)]);
  }

  // ── the operators that formulas are full of ────────────────────────────────────────────────────────────────────

  add(a: string, b: string): string { return this.node('Add', [a, b]); }
  sub(a: string, b: string): string { return this.node('Sub', [a, b]); }
  mul(a: string, b: string): string { return this.node('Mul', [a, b]); }
  div(a: string, b: string): string { return this.node('Div', [a, b]); }
  neg(a: string): string { return this.node('Neg', [a]); }
  where(condition: string, a: string, b: string): string { return this.node('Where', [condition, a, b]); }
  matmul(a: string, b: string): string { return this.node('MatMul', [a, b]); }

  cast(a: string, type: DataType): string { return this.node('Cast', [a], { to: int(wireOf(type)) }); }

  reshape(a: string, dims: readonly number[]): string { return this.node('Reshape', [a, this.ints(dims)]); }

  transpose(a: string, perm: readonly number[]): string {
    return perm.every((axis, index) => axis === index) ? a : this.node('Transpose', [a], { perm: ints(perm) });
  }

  /** Sum over axes (opset 13 and later); no axes leave the tensor as it is. */
  reduceSum(a: string, axes: readonly number[], keepDims = true): string {
    return axes.length === 0 ? a : this.node('ReduceSum', [a, this.ints(axes)], { keepdims: int(keepDims ? 1 : 0) });
  }

  /** Mean over axes (opset 18 and later). */
  reduceMean(a: string, axes: readonly number[], keepDims = true): string {
    return axes.length === 0 ? a : this.node('ReduceMean', [a, this.ints(axes)], { keepdims: int(keepDims ? 1 : 0) });
  }

  /** `start` to `end` (exclusive) of one axis. */
  slice(a: string, axis: number, start: number, end: number, step = 1): string {
    return this.node('Slice', [a, this.ints([start]), this.ints([end]), this.ints([axis]), this.ints([step])]);
  }

  concat(parts: readonly string[], axis: number): string {
    return parts.length === 1 ? (parts[0] as string) : this.node('Concat', parts, { axis: int(axis) });
  }

  /** Sum of any number of tensors of one shape. */
  sum(parts: readonly [string, ...string[]]): string {
    if (parts.length === 1) return parts[0];
    return parts.length === 2 ? this.node('Add', parts) : this.node('Sum', parts);
  }
}

/** Negative zero is a value of its own. */
function printed(value: number | bigint | string): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
