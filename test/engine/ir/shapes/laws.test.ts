// Laws of shape inference on random valid graphs: names and numbers agree, knowing more never contradicts knowing less,
// and broadcasting is what an algebra of it must be.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, ints as intsOf } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { Attribute, Dim, Graph, Model, Node, Tensor } from '../../../../src/engine/ir/model';
import { broadcast } from '../../../../src/engine/ir/shapes/dims';
import { bindDim, inferShapes, type ShapeMap } from '../../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../../src/engine/ir/tensors';

interface Sample {
  readonly model: Model;
  readonly sizes: Readonly<Record<string, number>>;
}

/** A tensor of the graph so far; every step keeps to what is valid for any sizes of its rank. */
interface Value {
  readonly name: string;
  readonly rank: number;
}

class GraphWriter {
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];
  readonly values: Value[];

  constructor(inputs: readonly Value[]) {
    this.values = [...inputs];
  }

  ints(values: readonly number[]): string {
    const name = `c${this.initializers.length}`;
    this.initializers.push(tensorFrom(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) }));
    return name;
  }

  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const name = `t${this.nodes.length}`;
    this.nodes.push(makeNode(op, inputs, [name], attributes));
    return name;
  }

  keep(name: string, rank: number): void {
    this.values.push({ name, rank });
  }
}

const body = (nodes: readonly Node[], inputs: readonly string[], outputs: readonly string[]): Attribute =>
  ({ kind: 'graph', value: makeGraph({ nodes, inputs: inputs.map((name) => ({ name })), outputs: outputs.map((name) => ({ name })) }) });

type Step = (write: GraphWriter, x: Value, at: number, amount: number) => void;

/** `at` picks an axis, `amount` a small number. */
const steps: readonly Step[] = [
  (write, x) => write.keep(write.node('Relu', [x.name]), x.rank),
  (write, x) => write.keep(write.node('Add', [x.name, x.name]), x.rank),
  (write, x, at) => write.keep(write.node('Transpose', [x.name], { perm: intsOf(rotated(x.rank, at)) }), x.rank),
  (write, x, at) => write.keep(write.node('Concat', [x.name, x.name], { axis: int(at) }), x.rank),
  (write, x, at) => (x.rank < 4 ? write.keep(write.node('Unsqueeze', [x.name, write.ints([at])]), x.rank + 1) : undefined),
  (write, x, at, amount) => write.keep(write.node('Slice', [x.name, write.ints([0]), write.ints([amount]), write.ints([at])]), x.rank),
  (write, x, at, amount) => write.keep(write.node('Slice', [x.name, write.ints([amount]), write.ints([2 ** 40]), write.ints([at])]), x.rank),
  (write, x, at, amount) => write.keep(write.node('Slice', [x.name, write.ints([0]), write.ints([2 ** 40]), write.ints([at]), write.ints([amount])]), x.rank),
  (write, x, at) => write.keep(write.node('Flatten', [x.name], { axis: int(at) }), 2),
  (write, x, at) => write.keep(write.node('ReduceSum', [x.name, write.ints([at])], { keepdims: int(1) }), x.rank),
  (write, x, at, amount) => write.keep(write.node('Pad', [x.name, write.ints(Array.from({ length: 2 * x.rank }, (_, index) => (index === at ? amount : 1)))]), x.rank),
  (write, x, at, amount) => write.keep(write.node('Tile', [x.name, write.ints(Array.from({ length: x.rank }, (_, axis) => (axis === at ? amount : 1)))]), x.rank),
  // Two axes into one, as exporters write it: Shape, Gather, Concat with -1, Reshape.
  (write, x) => {
    if (x.rank < 3) return;
    const first = write.node('Gather', [write.node('Shape', [x.name]), write.ints([0])], { axis: int(0) });
    const target = write.node('Concat', [first, write.ints([-1])], { axis: int(0) });
    write.keep(write.node('Reshape', [x.name, target]), 2);
  },
  (write, x) => write.keep(write.node('Expand', [x.name, write.node('Shape', [x.name])]), x.rank),
  (write, x, _, amount) => write.keep(write.node('ConstantOfShape', [write.node('Mul', [write.node('Shape', [x.name]), write.ints([amount])])]), x.rank),
  (write, x) => (x.rank === 2 ? write.keep(write.node('MatMul', [x.name, write.node('Transpose', [x.name], { perm: intsOf([1, 0]) })]), 2) : undefined),
  (write, x, _, amount) => (x.rank < 3 ? undefined : write.keep(write.node('MaxPool', [x.name], {
    kernel_shape: intsOf(Array<number>(x.rank - 2).fill(1)), strides: intsOf(Array<number>(x.rank - 2).fill(amount)),
  }), x.rank)),
  (write, x, at) => write.keep(write.node('If', [write.node('Equal', [write.node('Size', [x.name]), write.node('Size', [write.values[0]?.name ?? x.name])])], {
    then_branch: body([makeNode('Relu', [x.name], ['yes'])], [], ['yes']),
    else_branch: body([makeNode('Concat', [x.name, x.name], ['no'], { axis: int(at) })], [], ['no']),
  }), x.rank),
  (write, x) => write.keep(write.node('Scan', [x.name], {
    body: body([makeNode('Relu', ['row'], ['out'])], ['row'], ['out']), num_scan_inputs: int(1),
  }), x.rank),
  (write, x, at) => write.keep(write.node('Loop', [write.ints([3]), '', x.name], {
    body: body([makeNode('Identity', ['go'], ['again']), makeNode('Concat', ['state', x.name], ['next'], { axis: int(at) })], ['i', 'go', 'state'], ['again', 'next']),
  }), x.rank),
];

const rotated = (rank: number, by: number): number[] => Array.from({ length: rank }, (_, axis) => (axis + by) % rank);

const names = ['N', 'M', 'odd name'] as const;
const sizes = fc.record({ N: fc.integer({ min: 1, max: 6 }), M: fc.integer({ min: 1, max: 6 }), 'odd name': fc.integer({ min: 1, max: 6 }) });
const dim: fc.Arbitrary<Dim> = fc.oneof(fc.constantFrom<Dim>(...names), fc.integer({ min: 1, max: 5 }));

const sample: fc.Arbitrary<Sample> = fc.record({
  inputs: fc.array(fc.array(dim, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 }),
  steps: fc.array(fc.record({ step: fc.nat(steps.length - 1), on: fc.nat(999), at: fc.nat(3), amount: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 9 }),
  sizes,
}).map((drawn): Sample => {
  const write = new GraphWriter(drawn.inputs.map((shape, index) => ({ name: `x${index}`, rank: shape.length })));
  for (const { step, on, at, amount } of drawn.steps) {
    const x = write.values[Math.floor((on * write.values.length) / 1000)];
    if (x !== undefined && x.rank > 0) steps[step]?.(write, x, at % x.rank, amount);
  }
  const graph: Graph = makeGraph({
    nodes: write.nodes, initializers: write.initializers, outputs: [],
    inputs: drawn.inputs.map((shape, index) => makeValue(`x${index}`, 'float32', shape)),
  });
  return { model: makeModel(graph), sizes: drawn.sizes };
});

/** Inference with all sizes. A Reshape of nothing has no answer: such graphs are left out. */
async function withSizes({ model, sizes: given }: Sample): Promise<ShapeMap> {
  const full = await inferShapes(model, { dims: given });
  fc.pre([...full.tensors.values()].every(({ shape }) => shape?.includes(0) !== true));
  return full;
}

/** Every number that `less` knows of a tensor stands in `more` too, once names have their sizes. */
function assertRefines(less: ShapeMap, more: ShapeMap, given: Readonly<Record<string, number>>): void {
  for (const [name, { type, shape, value }] of less.tensors) {
    const other = more.tensors.get(name);
    if (type !== 'undefined') assert.equal(other?.type, type, name);
    if (shape === null) continue;
    assert.equal(other?.shape?.length, shape.length, name);
    shape.forEach((size, axis) => {
      const bound = bindDim(size, given);
      if (bound !== null) assert.equal(other?.shape?.[axis], bound, `${name} axis ${axis}: ${String(size)}`);
    });
    value?.forEach((element, index) => {
      const bound = bindDim(element, given);
      if (typeof bound === 'number') assert.equal(other?.value?.[index] ?? bound, bound, `${name}[${index}]`);
    });
  }
}

describe('laws of shape inference', () => {
  it('names, then sizes put in, give what sizes from the start give', async () => {
    await fc.assert(fc.asyncProperty(sample, async (drawn) => {
      assertRefines(await inferShapes(drawn.model), await withSizes(drawn), drawn.sizes);
    }), { numRuns: 400 });
  });

  it('knowing the sizes of inputs leaves nothing open but what branches and loops decide', async () => {
    await fc.assert(fc.asyncProperty(sample, async (drawn) => {
      const { tensors } = await withSizes(drawn);
      if (drawn.model.graph.nodes.some(({ opType }) => opType === 'If' || opType === 'Loop')) return;
      for (const [name, { shape }] of tensors) assert.ok(shape?.every((size) => typeof size === 'number'), `${name}: ${JSON.stringify(shape)}`);
    }), { numRuns: 300 });
  });

  it('knowing less of the inputs never contradicts knowing more', async () => {
    await fc.assert(fc.asyncProperty(sample, fc.infiniteStream(fc.nat(3)), async (drawn, forget) => {
      const { model, sizes: given } = drawn;
      const full = await withSizes(drawn);
      const inputShapes = Object.fromEntries(model.graph.inputs.map(({ name }) =>
        [name, (full.tensors.get(name)?.shape ?? []).map((size) => (forget.next().value === 0 ? null : size))]));
      const opened = makeModel(makeGraph({ ...model.graph, initializers: [...model.graph.initializers.values()], inputs: model.graph.inputs.map(({ name }) => makeValue(name, 'float32', inputShapes[name] ?? null)) }));
      assertRefines(await inferShapes(opened), full, given);
      const unranked = makeModel(makeGraph({ ...model.graph, initializers: [...model.graph.initializers.values()], inputs: model.graph.inputs.map(({ name }) => makeValue(name, 'float32', null)) }));
      assertRefines(await inferShapes(unranked), full, given);
    }), { numRuns: 300 });
  });
});

describe('laws of broadcasting', () => {
  const shape = fc.array(fc.constantFrom<Dim>(1, 4, 'N', null), { maxLength: 4 });

  it('commutes, has [] and 1 as neutral, and is idempotent', () => {
    fc.assert(fc.property(shape, shape, (a, b) => {
      assert.deepEqual(broadcast(a, b), broadcast(b, a));
      assert.deepEqual(broadcast(a, []), a);
      assert.deepEqual(broadcast(a, a.map(() => 1)), a);
      assert.deepEqual(broadcast(a, a), a);
    }));
  });

  it('associates for shapes that fit each other', () => {
    fc.assert(fc.property(shape, shape, shape, (a, b, c) => {
      assert.deepEqual(broadcast(broadcast(a, b), c), broadcast(a, broadcast(b, c)));
    }));
  });
});
