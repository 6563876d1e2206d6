// Refitting on small graphs. Where removed channels were combinations of kept ones, nothing is lost: the law of the method.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, ints } from '../../../../src/engine/ir/attributes';
import { encodeModel } from '../../../../src/engine/ir/codec';
import type { Model, Node } from '../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import type { NdArray } from '../../../../src/engine/ports';
import { recordSparse, sparseMasks } from '../../../../src/engine/passes/prune/weights/masks';
import { floats, node, samples, small } from '../quantize/staticSupport';
import { behindConvolution, CHANNELS, differs, fit, repeated, repeatedColumns, withoutCopies } from './refitSupport';

const shape = [3, 7, 6];
/** As little as rounding allows: what the default leaves out for the sake of few samples is no part of the law. */
const exact = { damping: 1e-9 };
const TOLERANCE = 1e-4;

async function recovers(model: Model, options: Parameters<typeof withoutCopies>[2] = {}, sampleShape: readonly number[] = shape, weights: readonly string[] = ['p']): Promise<void> {
  const removal = await withoutCopies(model, weights, options);
  const lost = await differs(model, removal.model, sampleShape);
  assert.ok(lost > 1e-2, `the cut changes nothing: ${lost}`);
  const { model: fitted, layers, left } = await fit(model, removal, samples(48, sampleShape), exact);
  assert.equal(left, 0);
  assert.ok(layers.length > 0 && layers.every(({ missedAfter, missedBefore }) => missedAfter < 1e-5 && missedBefore > 1e-3), JSON.stringify(layers));
  const difference = await differs(model, fitted, sampleShape);
  assert.ok(difference < TOLERANCE, `differs by ${difference}`);
}

describe('refitting recovers what kept channels can tell', function () {
  this.timeout(60_000);

  it('behind any convolution', async () => {
    const cases = fc.record({
      kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
      pads: fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })),
      dilation: fc.integer({ min: 1, max: 2 }), groups: fc.constantFrom(1, 2), hasBias: fc.boolean(), seed: fc.integer({ min: 10, max: 1000 }),
    });
    await fc.assert(fc.asyncProperty(cases, async ({ kernel, strides, pads, dilation, groups, hasBias, seed }) => {
      const conv = node('Conv', hasBias ? ['h', 'w', 'b'] : ['h', 'w'], ['y'], {
        strides: ints(strides), pads: ints(pads), dilations: ints([dilation, dilation]), group: int(groups),
      });
      await recovers(behindConvolution(conv, { w: floats([4, CHANNELS / groups, ...kernel], seed), b: floats([4], 3) }, { groups }), { groups });
    }), { numRuns: 12 });
  });

  it('behind a transposed convolution', async () => {
    const conv = node('ConvTranspose', ['h', 'w', 'b'], ['y'], { strides: ints([2, 1]), pads: ints([1, 0, 0, 1]), output_padding: ints([1, 0]) });
    await recovers(behindConvolution(conv, { w: floats([CHANNELS, 4, 3, 2], 5), b: floats([4], 3) }));
  });

  it('through a depthwise convolution that it leaves alone', async () => {
    const depthwise = { ...repeated([CHANNELS, 1, 3, 3], { scale: 1, seed: 6 }) };
    const model = behindConvolution(
      node('Conv', ['h', 'd'], ['e'], { group: int(CHANNELS) }), { d: depthwise, w: floats([4, CHANNELS, 1, 1], 7) }, { more: [node('Conv', ['e', 'w'], ['y'])] },
    );
    await recovers(model);
  });

  for (const [title, reader, weight] of [
    ['Gemm', node('Gemm', ['h', 'w', 'b'], ['y']), [CHANNELS, 5]],
    ['Gemm with transposed weights', node('Gemm', ['h', 'w', 'b'], ['y'], { transB: int(1) }), [5, CHANNELS]],
    ['Gemm without a bias', node('Gemm', ['h', 'w'], ['y']), [CHANNELS, 5]],
    ['MatMul', node('MatMul', ['h', 'w'], ['y']), [CHANNELS, 5]],
  ] as const) {
    it(`behind ${title}`, async () => {
      const model = small({
        nodes: [node('Gemm', ['x', 'p', 'pb'], ['c'], { transB: int(1) }), node('Relu', ['c'], ['h']), reader],
        constants: { p: repeated([CHANNELS, 6]), pb: repeated([CHANNELS], { seed: 4 }), w: floats(weight, 8), b: floats([5], 3) }, shape: ['N', 6],
      });
      await recovers(model, {}, [6]);
    });
  }

  it('of sequences, with the bias in an Add', async () => {
    const model = small({
      nodes: [node('MatMul', ['x', 'p'], ['c']), node('Relu', ['c'], ['h']), node('MatMul', ['h', 'w'], ['m']), node('Add', ['b', 'm'], ['y'])],
      constants: { p: repeatedColumns([6, CHANNELS]), w: floats([CHANNELS, 5], 8), b: floats([5], 3) }, shape: ['N', 4, 6],
    });
    await recovers(model, { axis: 1 }, [4, 6]);
  });

  it('layer by layer, each on what the ones before it give', async () => {
    const model = behindConvolution(node('Conv', ['h', 'q', 'qb'], ['e'], { pads: ints([1, 1, 1, 1]) }), {
      q: repeated([CHANNELS, CHANNELS, 3, 3], { seed: 9 }), qb: repeated([CHANNELS], { seed: 10 }), w: floats([4, CHANNELS, 1, 1], 7), b: floats([4], 3),
    }, { more: [node('Relu', ['e'], ['f']), node('Conv', ['f', 'w', 'b'], ['y'])] });
    await recovers(model, {}, shape, ['p', 'q']);
  });
});

/** Channels of the second half are `level` for every input; p makes them, a reader with the weight `w` reads them. */
function constantCopies(level: number): Readonly<Record<string, NdArray>> {
  const [p, pb] = [floats([CHANNELS, 3, 1, 1]), floats([CHANNELS], 4)];
  return {
    p: { ...p, data: p.data.map((value, at) => (at >= p.data.length / 2 ? 0 : value)) },
    pb: { ...pb, data: pb.data.map((value, at) => (at >= CHANNELS / 2 ? level : value)) },
    w: floats([4, CHANNELS, 1, 1], 8),
  };
}

const norm = (output: string): Node => node('BatchNormalization', ['m', 's', 't', 'mean', 'variance'], [output]);

describe('what channels gave to every output', function () {
  this.timeout(20_000);
  const cases: readonly [string, readonly Node[], Readonly<Record<string, NdArray>>][] = [
    ['goes into the bias', [node('Conv', ['h', 'w', 'b'], ['y'])], { b: floats([4], 3) }],
    ['goes into an Add behind', [node('Conv', ['h', 'w'], ['m']), node('Add', ['m', 'b'], ['y'])], { b: floats([4, 1, 1], 3) }],
    ['goes into a new bias', [node('Conv', ['h', 'w'], ['y'])], {}],
    ['goes into the mean of the BatchNormalization behind', [node('Conv', ['h', 'w'], ['m']), norm('y')],
      { s: floats([4], 20), t: floats([4], 21), mean: floats([4], 22), variance: { type: 'float32', dims: [4], data: Float32Array.of(1, 2, 0.5, 3) } }],
  ];
  for (const [title, nodes, constants] of cases) {
    it(title, async () => {
      const model = small({ nodes: [node('Conv', ['x', 'p', 'pb'], ['c']), node('Relu', ['c'], ['h']), ...nodes], constants: { ...constantCopies(0.7), ...constants }, shape: ['N', ...shape] });
      const removal = await withoutCopies(model, ['p']);
      assert.ok(await differs(model, removal.model, shape) > 1e-2);
      const { model: fitted } = await fit(model, removal, samples(8, shape));
      assert.ok(await differs(model, fitted, shape) < TOLERANCE);
    });
  }
});

describe('refitting', function () {
  this.timeout(20_000);
  const chain = (size = [7, 6]): Model => behindConvolution(node('Conv', ['h', 'w', 'b'], ['y']), { p: floats([CHANNELS, 3, 1, 1]), w: floats([4, CHANNELS, 3, 3], 5), b: floats([4], 3) }, { size });
  const bytes = async (model: Model): Promise<Buffer> => Buffer.from(await encodeModel(model));
  const weightOf = async (model: Model, name: string): Promise<Float32Array> => (await readTensor(model.graph.initializers.get(name) ?? assert.fail(name))).data as Float32Array;

  it('comes closer on samples it has not seen, keeps names, shapes and the given models, and repeats itself', async () => {
    const model = chain();
    const removal = await withoutCopies(model, ['p']);
    const [originalBytes, cutBytes] = [await bytes(model), await bytes(removal.model)];
    const { model: fitted, layers } = await fit(model, removal, samples(32, shape));
    assert.deepEqual(layers.map(({ id }) => id), ['y']);
    assert.ok(await differs(model, fitted, shape) < 0.7 * await differs(model, removal.model, shape));
    assert.deepEqual([...fitted.graph.initializers].map(([name, { dims, type }]) => [name, dims, type]), [...removal.model.graph.initializers].map(([name, { dims, type }]) => [name, dims, type]));
    assert.ok((await bytes(model)).equals(originalBytes) && (await bytes(removal.model)).equals(cutBytes));
    const again = await fit(model, removal, samples(32, shape));
    assert.ok((await bytes(again.model)).equals(await bytes(fitted)));
  });

  it('gives the same without memory for activations', async () => {
    const model = behindConvolution(node('Conv', ['h', 'q', 'qb'], ['e']), {
      p: floats([CHANNELS, 3, 1, 1]), q: floats([CHANNELS, CHANNELS, 3, 3], 9), qb: floats([CHANNELS], 10), w: floats([4, CHANNELS, 1, 1], 7),
    }, { more: [node('Relu', ['e'], ['f']), node('Conv', ['f', 'w'], ['y'])] });
    const removal = await withoutCopies(model, ['p', 'q']);
    const [held, not] = [await fit(model, removal, samples(20, shape)), await fit(model, removal, samples(20, shape), { heldBytes: 0 })];
    assert.equal(held.layers.length, 2);
    assert.ok((await bytes(held.model)).equals(await bytes(not.model)));
  });

  it('stays near the old weights where samples say little', async () => {
    const model = chain([4, 3]);
    const removal = await withoutCopies(model, ['p']);
    // Two places of one sample for 36 columns.
    const { model: fitted, layers } = await fit(model, removal, samples(1, [3, 4, 3]));
    assert.ok((layers[0]?.missedAfter ?? NaN) <= (layers[0]?.missedBefore ?? NaN));
    const [before, after] = [await weightOf(removal.model, 'w'), await weightOf(fitted, 'w')];
    const size = (values: Float32Array): number => Math.hypot(...values);
    assert.ok(after.every(Number.isFinite) && size(after.map((value, at) => value - (before[at] ?? 0))) < 2 * size(before));
  });

  it('leaves the weights of inputs that are always zero', async () => {
    const model = chain();
    const pb = await weightOf(model, 'pb');
    // A Relu behind a bias this low gives nothing.
    model.graph.initializers.set('pb', tensorFrom('pb', { type: 'float32', dims: [CHANNELS], data: pb.map((value, at) => (at === 1 ? -100 : value)) }));
    const removal = await withoutCopies(model, ['p']);
    const { model: fitted } = await fit(model, removal, samples(16, shape));
    const [before, after] = [await weightOf(removal.model, 'w'), await weightOf(fitted, 'w')];
    const ofChannel = (values: Float32Array, channel: number): number[] => [...values].filter((_, at) => Math.floor(at / 9) % (CHANNELS / 2) === channel);
    assert.deepEqual(ofChannel(after, 1), ofChannel(before, 1));
    assert.notDeepEqual(ofChannel(after, 0), ofChannel(before, 0));
  });

  it('leaves out samples that are not finite, and refuses when all are', async () => {
    const model = chain();
    const removal = await withoutCopies(model, ['p']);
    const spoil = (bad: (index: number) => boolean) => (values: Float32Array, index: number): void => { if (bad(index)) values[3] = NaN; };
    const { model: fitted, skipped } = await fit(model, removal, samples(24, shape, spoil((index) => index === 5 || index === 20)));
    assert.equal(skipped, 2);
    assert.ok((await weightOf(fitted, 'w')).every(Number.isFinite));
    await assert.rejects(fit(model, removal, samples(8, shape, spoil(() => true))), { code: 'nonFiniteActivation' });
  });

  it('stops when it is cancelled', async () => {
    const model = chain();
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(async () => fit(model, await withoutCopies(model, ['p']), samples(8, shape), {}, { signal: controller.signal }), { code: 'cancelled' });
  });

  it('leaves weights alone that a pass made sparse, and fits the others', async () => {
    const model = behindConvolution(node('Conv', ['h', 'w', 'b'], ['e']), { w: floats([4, CHANNELS, 1, 1], 5), b: floats([4], 3), v: floats([4, CHANNELS, 1, 1], 6) }, {
      more: [node('Conv', ['h', 'v'], ['f']), node('Add', ['e', 'f'], ['y'])],
    });
    const values = await weightOf(model, 'w');
    model.graph.initializers.set('w', tensorFrom('w', { type: 'float32', dims: [4, CHANNELS, 1, 1], data: values.map((value, at) => (at % 3 === 0 ? 0 : value)) }));
    recordSparse(model, ['w']);
    const removal = await withoutCopies(model, ['p']);
    const { layers, left, model: fitted } = await fit(model, removal, samples(16, shape));
    assert.deepEqual([layers.map(({ id }) => id), left], [['f'], 1]);
    assert.deepEqual(await weightOf(fitted, 'w'), await weightOf(removal.model, 'w'));
    const zeros = (await sparseMasks(fitted)).get('w')?.filter((kept) => kept === 0).length;
    // Entries 0, 3, ... of rows of 8 of which the first 4 stay.
    assert.equal(zeros, [...values.keys()].filter((at) => at % 3 === 0 && at % CHANNELS < CHANNELS / 2).length);
  });

  it('leaves weights alone that other layers share or that are scaled, and says how many', async () => {
    const shared = behindConvolution(node('Conv', ['h', 'w', 'b'], ['y']), { w: floats([4, CHANNELS, 1, 1], 5), b: floats([4], 3) }, { more: [node('Conv', ['h', 'w'], ['z'])] });
    shared.graph.outputs.push({ ...(shared.graph.outputs[0] ?? assert.fail()), name: 'z' });
    const removal = await withoutCopies(shared, ['p']);
    const { layers, left, model } = await fit(shared, removal, samples(8, shape));
    assert.deepEqual([layers.length, left], [0, 2]);
    assert.ok((await bytes(model)).equals(await bytes(removal.model)));
    const scaled = small({
      nodes: [node('Gemm', ['x', 'p'], ['h'], { transB: int(1) }), node('Gemm', ['h', 'w'], ['y'], { alpha: float(2) })],
      constants: { p: repeated([CHANNELS, 6]), w: floats([CHANNELS, 5]) }, shape: ['N', 6],
    });
    assert.equal((await fit(scaled, await withoutCopies(scaled, ['p']), samples(8, [6]))).left, 1);
  });
});
