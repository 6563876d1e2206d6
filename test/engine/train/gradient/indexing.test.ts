// Gradients of gathering and scattering: linear, so unit steps over whole numbers give them exactly.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, string } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { EngineError } from '../../../../src/engine/error';
import type { NdArray } from '../../../../src/engine/ports';
import { seededRandom } from '../../../../src/engine/random';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { analyticGradients, checkLinear, floats, int64s, wholeNumbers } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';
import { holds, indices, opset, seed, shape, shapeWithAxis, size, vector } from './reference/arbitraries';

const ofType32 = (array: NdArray): NdArray => ({ ...array, type: 'int32', data: Int32Array.from(array.data as BigInt64Array, Number) });

/**
 * Gradient of sum(weights * Gather(table, indices)) with indices that are an input, so that nothing about them is known
 * when the graph is written; then of the same with constant indices.
 */
async function checkGather(table: readonly number[], axis: number, index: NdArray, threads = 1): Promise<void> {
  const at = axis < 0 ? axis + table.length : axis;
  const result = [...table.slice(0, at), ...index.dims, ...table.slice(at + 1)];
  const weights = wholeNumbers(result, 7);
  const model = makeModel(makeGraph({
    nodes: [
      makeNode('Gather', ['table', 'index'], ['y'], { axis: int(axis) }), makeNode('Mul', ['y', 'weights'], ['weighted']),
      makeNode('ReduceSum', ['weighted'], ['loss'], { keepdims: int(0) }),
    ],
    inputs: [makeValue('table', 'float32', table), makeValue('index', index.type, index.dims)], outputs: [],
    initializers: [tensorFrom('weights', weights)],
  }));
  const { model: trained, gradients } = await differentiate(model, 'loss', ['table']);
  const name = gradients.get('table') ?? '';
  trained.graph.outputs = [makeValue(name, 'float32', table)];
  const session = await testRuntime.createSession(trained, { threads });
  try {
    const found = (await session.run({ table: wholeNumbers(table, 1), index }))[name];
    assert.deepEqual(found?.dims, table);
    assert.deepEqual(Array.from(found.data as Float32Array), expectedRows(table, at, index, weights));
  } finally {
    await session.release();
  }
}

/** The definition: every picked row adds its weights. */
function expectedRows(table: readonly number[], axis: number, index: NdArray, weights: NdArray): number[] {
  const inner = table.slice(axis + 1).reduce((total, dim) => total * dim, 1);
  const length = table[axis] ?? 1;
  const sums = Array<number>(table.reduce((total, dim) => total * dim, 1)).fill(0);
  Array.from(weights.data as Float32Array).forEach((weight, flat) => {
    const column = flat % inner;
    const row = Math.floor(flat / inner) % index.data.length;
    const outer = Math.floor(flat / inner / index.data.length);
    const given = Number(index.data[row]);
    const place = (outer * length + (given < 0 ? given + length : given)) * inner + column;
    sums[place] = (sums[place] as number) + weight;
  });
  return sums;
}

describe('gradients: Gather', () => {
  it('holds for indices known only when running, in int32 and int64', () => holds(
    shapeWithAxis(1, 3).chain(({ dims, axis, at }) => shape(0, 2, 3).chain((count) => fc.record({
      dims: fc.constant(dims), axis: fc.constant(axis), index: indices(count, dims[at] ?? 1), narrow: fc.boolean(),
    }))), ({ dims, axis, index, narrow }) => checkGather(dims, axis, narrow ? ofType32(index) : index), 30));

  it('holds for constant indices: ranges, repeats, one element', () => holds(
    shapeWithAxis(1, 3, 6).chain(({ dims, axis, at }) => shape(0, 2, 4).chain((count) => fc.record({
      dims: fc.constant(dims), axis: fc.constant(axis), first: seed, version: opset,
      index: fc.oneof(indices(count, dims[at] ?? 1), fc.constantFrom(
        vector([...Array(dims[at] ?? 1).keys()]), vector([...Array(dims[at] ?? 1).keys()].reverse()), vector([0, 0, 0]), int64s([], [-1]))),
    }))), ({ dims, axis, index, first, version }) => checkLinear({ op: 'Gather', inputs: [wholeNumbers(dims, first), index], attributes: { axis: int(axis) }, opset: version }), 40));

  it('holds for wide rows of a small table, where it is a product with a one-hot matrix', async () => {
    const random = seededRandom(3);
    const index = int64s([2, 9], Array.from({ length: 18 }, () => Math.floor(random() * 14) - 7));
    await checkGather([7, 40], 0, index);
    await checkGather([7, 40], 0, ofType32(index));
    await checkGather([3, 7, 20], 1, index);
    await checkGather([40, 7], -1, index);
  });

  it('loses no update among threads', async () => {
    const random = seededRandom(5);
    const index = int64s([4096], Array.from({ length: 4096 }, () => Math.floor(random() * 300)));
    for (let run = 0; run < 10; run += 1) await checkGather([300, 64], 0, index, 4);
  });
});

describe('gradients: GatherElements and GatherND', () => {
  const narrowed = (wide: readonly number[], axis: number): fc.Arbitrary<number[]> =>
    fc.tuple(...wide.map((dim, index) => (index === axis ? size(4) : size(dim)))).map((dims) => [...dims]);

  it('GatherElements', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => narrowed(dims, at).chain((count) => fc.record({
    dims: fc.constant(dims), axis: fc.constant(axis), index: indices(count, dims[at] ?? 1), first: seed,
  }))), ({ dims, axis, index, first }) => checkLinear({ op: 'GatherElements', inputs: [wholeNumbers(dims, first), index], attributes: { axis: int(axis) } }), 30));

  it('GatherND with and without batch axes', () => holds(shape(1, 4, 3).chain((dims) => fc.integer({ min: 0, max: dims.length - 1 })
    .chain((batch) => fc.tuple(fc.integer({ min: 1, max: dims.length - batch }), shape(0, 2, 3)).chain(([depth, count]) => fc.record({
      dims: fc.constant(dims), batch: fc.constant(batch), depth: fc.constant(depth), count: fc.constant([...dims.slice(0, batch), ...count]), first: seed,
      picks: fc.infiniteStream(fc.nat({ max: 1000 })),
    })))), ({ dims, batch, depth, count, picks, first }) => {
    const tuples = count.reduce((total, dim) => total * dim, 1);
    const data = Array.from({ length: tuples * depth }, (_, at) => {
      const length = dims[batch + (at % depth)] ?? 1;
      return ((picks.next().value as number) % (2 * length)) - length;
    });
    return checkLinear({ op: 'GatherND', inputs: [wholeNumbers(dims, first), int64s([...count, depth], data)], attributes: { batch_dims: int(batch) } });
  }, 40));
});

describe('gradients: scattering', () => {
  /** Different numbers below `length`, in any order. */
  const unique = (length: number, count: number): fc.Arbitrary<number[]> => fc.shuffledSubarray([...Array(length).keys()], { minLength: count, maxLength: count });

  it('ScatterElements, adding at equal indices', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => size(4).chain((own) => {
    const count = dims.map((dim, index) => (index === at ? own : dim));
    return fc.record({ dims: fc.constant(dims), axis: fc.constant(axis), index: indices(count, dims[at] ?? 1), first: seed });
  })), ({ dims, axis, index, first }) => checkLinear({
    op: 'ScatterElements', inputs: [wholeNumbers(dims, first), index, wholeNumbers(index.dims, first + 1)], attributes: { axis: int(axis), reduction: string('add') },
  })));

  it('ScatterElements, overwriting', () => holds(size(4).chain((rows) => size(5).chain((length) => size(length).chain((count) => fc.record({
    index: fc.array(unique(length, count), { minLength: rows, maxLength: rows }), length: fc.constant(length), first: seed,
  })))), ({ index, length, first }) => {
    const updates = [index.length, index[0]?.length ?? 0];
    return checkLinear({ op: 'ScatterElements', inputs: [wholeNumbers([index.length, length], first), int64s(updates, index.flat()), wholeNumbers(updates, first + 1)], attributes: { axis: int(-1) } });
  }));

  it('Scatter of old opsets', () => checkLinear({
    op: 'Scatter', opset: 10, inputs: [wholeNumbers([2, 3], 1), int64s([2, 1], [2, 0]), wholeNumbers([2, 1], 2)], attributes: { axis: int(1) },
  }));

  it('ScatterND, overwriting and adding', () => holds(shape(1, 3, 3).chain((dims) => fc.integer({ min: 1, max: dims.length }).chain((depth) => {
    const rows = dims.slice(0, depth).reduce((total, dim) => total * dim, 1);
    return size(Math.min(rows, 4)).chain((count) => fc.record({
      dims: fc.constant(dims), depth: fc.constant(depth), first: seed, chosen: unique(rows, count),
      repeated: fc.array(fc.nat({ max: rows - 1 }), { minLength: count, maxLength: count }),
    }));
  })), async ({ dims, depth, chosen, repeated, first }) => {
    const tuple = (row: number): number[] => {
      const place: number[] = [];
      for (let axis = depth - 1, rest = row; axis >= 0; rest = Math.floor(rest / (dims[axis] ?? 1)), axis -= 1) place.unshift(rest % (dims[axis] ?? 1));
      return place;
    };
    for (const [reduction, rows] of [['none', chosen], ['add', repeated]] as const) {
      await checkLinear({
        op: 'ScatterND', attributes: { reduction: string(reduction) },
        inputs: [wholeNumbers(dims, first), int64s([rows.length, depth], rows.flatMap(tuple)), wholeNumbers([rows.length, ...dims.slice(depth)], first + 1)],
      });
    }
  }, 30));

  it('refuses reductions that choose or multiply', async () => {
    for (const op of ['ScatterElements', 'ScatterND']) {
      const inputs = [wholeNumbers([3], 1), op === 'ScatterND' ? int64s([1, 1], [0]) : vector([0]), wholeNumbers([1], 2)];
      await assert.rejects(analyticGradients({ op, inputs, attributes: { reduction: string('mul') } }),
        (error) => error instanceof EngineError && error.code === 'gradientFormUnsupported' && error.params['form'] === 'reduction=mul');
    }
  });

  it('TensorScatter, linear and circular', () => holds(fc.record({
    batch: size(3), length: size(5), heads: fc.constantFrom([], [2]), width: size(2), first: seed, circular: fc.boolean(), starts: fc.boolean(), shift: fc.nat({ max: 4 }), part: fc.nat({ max: 4 }),
  }), ({ batch, length, heads, width, first, circular, starts, shift, part }) => {
    const count = 1 + (part % length);
    const at = Array.from({ length: batch }, (_, sample) => (circular ? (shift + sample) % length : (shift + sample) % (length - count + 1)));
    return checkLinear({
      op: 'TensorScatter', opset: 24, attributes: circular ? { mode: string('circular') } : {},
      inputs: [wholeNumbers([batch, ...heads, length, width], first), wholeNumbers([batch, ...heads, count, width], first + 1), ...(starts ? [vector(at)] : [])],
    });
  }));
});

describe('gradients: choosing', () => {
  it('TopK, largest and smallest', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => fc.record({
    dims: fc.constant(dims), axis: fc.constant(axis), k: size(dims[at] ?? 1), largest: fc.boolean(), sorted: fc.boolean(), first: seed, version: fc.constantFrom(21, 24),
  })), ({ dims, axis, k, largest, sorted, first, version }) => {
    // Three apart, so that a unit step changes no order.
    const random = seededRandom(first);
    const count = dims.reduce((total, dim) => total * dim, 1);
    const order = [...Array(count).keys()].map((value) => ({ value, key: random() })).sort((a, b) => a.key - b.key);
    return checkLinear({
      op: 'TopK', outputs: 2, inputs: [floats(dims, order.map(({ value }) => 3 * value)), vector([k])], opset: version,
      attributes: { axis: int(axis), largest: int(largest ? 1 : 0), sorted: int(sorted ? 1 : 0) },
    });
  }));

  it('Compress, along an axis and flat', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => fc.record({
    dims: fc.constant(dims), axis: fc.constant(axis), first: seed,
    along: fc.array(fc.boolean(), { minLength: 1, maxLength: dims[at] ?? 1 }), flat: fc.array(fc.boolean(), { minLength: 1, maxLength: dims.reduce((total, dim) => total * dim, 1) }),
  })), async ({ dims, axis, along, flat, first }) => {
    // At least one element stays: a loss of nothing is no loss.
    const flags = (chosen: readonly boolean[]): NdArray => ({ type: 'bool', dims: [chosen.length], data: Uint8Array.from(chosen, (flag, index) => (flag || index === 0 ? 1 : 0)) });
    await checkLinear({ op: 'Compress', inputs: [wholeNumbers(dims, first), flags(along)], attributes: { axis: int(axis) } });
    await checkLinear({ op: 'Compress', inputs: [wholeNumbers(dims, first), flags(flat)] });
  }));
});
