// What enters a layer, against plain loops: every pair of an output and a weight tells which value of the input the column is.
import assert from 'node:assert/strict';
import { int, ints } from '../../../../../src/engine/ir/attributes';
import { makeValue } from '../../../../../src/engine/ir/build';
import { elementCount, type Model, type Node } from '../../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { findWeights } from '../../../../../src/engine/passes/linear/findWeights';
import { columnsOf, positionsOf } from '../../../../../src/engine/passes/linear/layout';
import type { Sums } from '../../../../../src/engine/passes/linear/sums';
import { gatherStatistics } from '../../../../../src/engine/passes/linear/statistics';
import { type StatisticKind, statisticsGraph } from '../../../../../src/engine/passes/linear/statisticsGraph';
import { outputsOf } from '../../../../support/models';
import { contextFor, floats, node, samples, small } from '../../quantize/staticSupport';

async function gathered(model: Model, shape: readonly number[], kind: StatisticKind, options: { readonly parts?: number; readonly count?: number; readonly samples?: number; readonly change?: (values: Float32Array, index: number) => void } = {}): Promise<Sums> {
  const data = samples(options.count ?? 3, shape, options.change);
  const { weights } = await findWeights(model, { isIgnored: () => false, everyLayer: true });
  const split = data.splits.get('train');
  assert.ok(split);
  return gatherStatistics({
    model, kind, split, samples: options.samples ?? 100, onProgress: () => undefined,
    wanted: weights.map((weight) => ({ weight, parts: options.parts ?? 1 })),
  }, contextFor(model, data));
}

/**
 * Gram matrices by impulses: with a weight that is 1 at one matrix element, an output channel is the value of that column
 * at each place. Needs no formula for padding, strides or groups.
 */
async function reference(linear: Node, dims: readonly number[], shape: readonly number[], count: number): Promise<number[]> {
  const of = (weight: Float32Array): Model => small({ nodes: [linear], constants: { w: { type: 'float32', dims, data: weight } }, shape: ['N', ...shape] });
  const [found] = (await findWeights(of(floats(dims).data), { isIgnored: () => false, everyLayer: true })).weights;
  assert.ok(found);
  const { layout } = found;
  const columns = columnsOf(layout);
  const positions = positionsOf(layout);
  const split = samples(count, shape).splits.get('train');
  assert.ok(split);
  const { inputs } = await split.read(0, count);
  const grams: number[] = [];
  for (let group = 0; group < layout.groups; group += 1) {
    const seen: Float32Array[] = [];
    for (let column = 0; column < columns; column += 1) {
      const weight = new Float32Array(elementCount(dims));
      // The first row of the group.
      weight[positions[group * layout.rows * columns + column] ?? 0] = 1;
      const { y } = await outputsOf(of(weight), inputs);
      seen.push(y?.data as Float32Array);
    }
    for (const one of seen) for (const other of seen) grams.push(one.reduce((sum, value, index) => sum + value * (other[index] as number), 0));
  }
  return grams;
}

describe('what enters layers', () => {
  const cases: readonly [string, Node, readonly number[], readonly number[]][] = [
    ['Conv with pads, strides and dilations', node('Conv', ['x', 'w'], ['y'], { pads: ints([1, 0, 2, 1]), strides: ints([2, 1]), dilations: ints([1, 2]) }), [4, 2, 3, 2], [2, 7, 6]],
    ['Conv in groups, padded to its size', node('Conv', ['x', 'w'], ['y'], { group: int(2), auto_pad: { kind: 'string', value: new TextEncoder().encode('SAME_UPPER') } }), [4, 2, 3, 3], [4, 5, 5]],
    ['depthwise Conv', node('Conv', ['x', 'w'], ['y'], { group: int(3) }), [3, 1, 3, 3], [3, 6, 6]],
    ['Conv over one dimension', node('Conv', ['x', 'w'], ['y'], { pads: ints([1, 1]) }), [3, 2, 3], [2, 9]],
    ['ConvTranspose with strides, pads and more output', node('ConvTranspose', ['x', 'w'], ['y'], { strides: ints([2, 3]), pads: ints([1, 0, 0, 1]), output_padding: ints([1, 2]) }), [2, 3, 3, 3], [2, 4, 3]],
    ['ConvTranspose in groups with dilations', node('ConvTranspose', ['x', 'w'], ['y'], { group: int(2), dilations: ints([2, 1]) }), [4, 3, 2, 2], [4, 3, 3]],
    ['Gemm', node('Gemm', ['x', 'w'], ['y']), [5, 3], [5]],
    ['Gemm with transposed weights', node('Gemm', ['x', 'w'], ['y'], { transB: int(1) }), [3, 5], [5]],
    ['MatMul on sequences', node('MatMul', ['x', 'w'], ['y']), [4, 3], [6, 4]],
  ];
  for (const [title, linear, dims, shape] of cases) {
    it(`${title}: Gram matrix and norms are those of the columns`, async () => {
      // The sum over outputs of one row: of a Conv, each place of the output sees each column once.
      const rows = await reference(linear, dims, shape, 3);
      const model = small({ nodes: [linear], constants: { w: floats(dims) }, shape: ['N', ...shape] });
      const { sums: [gram], skipped } = await gathered(model, shape, 'gram');
      const { sums: [norms] } = await gathered(model, shape, 'norms');
      assert.equal(skipped, 0);
      assert.equal(gram?.length, rows.length);
      rows.forEach((value, index) => assert.ok(Math.abs(value - (gram[index] ?? NaN)) < 1e-4, `${index}: ${value} is not ${gram[index]}`));
      const columns = rows.length / (norms?.length ?? 1);
      norms?.forEach((value, index) => assert.ok(Math.abs(value - (gram[index * columns + (index % columns)] ?? NaN)) < 1e-4));
    });
  }

  it('of parts are the blocks on the diagonal', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w: floats([6, 3]) }, shape: ['N', 6] });
    const { sums: [whole] } = await gathered(model, [6], 'gram');
    const { sums: [parts] } = await gathered(model, [6], 'gram', { parts: 3 });
    assert.equal(parts?.length, 3 * 2 * 2);
    parts.forEach((value, index) => {
      const [part, row, column] = [Math.floor(index / 4), Math.floor(index / 2) % 2, index % 2];
      assert.ok(Math.abs(value - (whole?.[(part * 2 + row) * 6 + part * 2 + column] ?? NaN)) < 1e-6);
    });
  });

  it('are looked at once where several layers read the same activations', async () => {
    const [a, b] = [floats([4, 3]), floats([4, 5], 2)];
    const model = small({ nodes: [node('MatMul', ['x', 'a'], ['y']), node('MatMul', ['x', 'b'], ['z'])], constants: { a, b }, outputs: ['y', 'z'], shape: ['N', 4] });
    const { weights } = await findWeights(model, { isIgnored: () => false, everyLayer: true });
    const graph = await statisticsGraph(model, weights.map((weight) => ({ weight, parts: 1 })), 'gram');
    assert.equal(graph.outputs[0]?.sums, graph.outputs[1]?.sums);
    assert.equal(graph.model.graph.nodes.filter(({ opType }) => opType === 'MatMul').length, 1);
    const { sums: [one, other] } = await gathered(model, [4], 'gram');
    assert.notEqual(one, other);
    assert.deepEqual(one, other);
  });

  it('of layers that share a weight are added, and float16 is read as numbers', async () => {
    const w = floats([4, 4]);
    const twice = small({ nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'w'], ['y'])], constants: { w }, shape: ['N', 4] });
    const once = small({ nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])], constants: { w }, shape: ['N', 4] });
    const alone = small({ nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'v'], ['y'])], constants: { w, v: w }, shape: ['N', 4] });
    const { sums: [both] } = await gathered(twice, [4], 'norms');
    const { sums: [first] } = await gathered(once, [4], 'norms');
    const { sums: [, second] } = await gathered(alone, [4], 'norms');
    both?.forEach((value, index) => assert.ok(Math.abs(value - (first?.[index] ?? 0) - (second?.[index] ?? 0)) < 1e-5));

    const half = small({ nodes: [node('Cast', ['x'], ['h'], { to: int(10) }), node('MatMul', ['h', 'w'], ['y'])], constants: {}, shape: ['N', 4] });
    half.graph.initializers.set('w', tensorFrom('w', { type: 'float16', dims: [4, 2], data: Uint16Array.from({ length: 8 }, (_, index) => 0x3800 + index) }));
    half.graph.outputs = [makeValue('y', 'float16', null)];
    const { sums: [halves] } = await gathered(half, [4], 'norms');
    halves?.forEach((value, index) => assert.ok(Math.abs(value - (first?.[index] ?? NaN)) < 5e-3));
  });

  it('leave out samples that are not finite, one by one, and refuse when all are', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w: floats([4, 3]) }, shape: ['N', 4] });
    const spoil = (bad: (index: number) => boolean) => (values: Float32Array, index: number): void => {
      if (bad(index)) values[1] = index % 2 === 0 ? NaN : Infinity;
    };
    for (const kind of ['norms', 'gram'] as const) {
      const { sums, skipped } = await gathered(model, [4], kind, { count: 20, change: spoil((index) => index === 6 || index === 11) });
      assert.equal(skipped, 2);
      assert.ok(sums[0]?.every(Number.isFinite));
      await assert.rejects(gathered(model, [4], kind, { change: spoil(() => true) }), { code: 'nonFiniteActivation' });
    }
  });

  it('are looked at in whole batches where the model fixes them: at least one, or it is refused', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w: floats([4, 3]) }, shape: [4, 4] });
    for (const kind of ['norms', 'gram'] as const) {
      await assert.rejects(gathered(model, [4], kind, { count: 3 }), { code: 'tooFewSamples', message: /4/u });
      const { sums: [own] } = await gathered(model, [4], kind, { count: 5, samples: 2 });
      assert.ok(own?.some((sum) => sum > 0));
      // The sample that fills no batch does not hide that all others are bad.
      const change = (values: Float32Array): void => { values[1] = NaN; };
      await assert.rejects(gathered(model, [4], kind, { count: 5, change }), { code: 'nonFiniteActivation' });
    }
  });
});
