// Gradients of operators that move elements: linear, so unit steps over whole numbers give them exactly.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Attribute } from '../../../../src/engine/ir/model';
import { int, ints, string } from '../../../../src/engine/ir/attributes';
import { EngineError } from '../../../../src/engine/error';
import type { NdArray } from '../../../../src/engine/ports';
import { analyticGradients, checkLinear, floats, wholeNumbers } from '../../../support/gradientCheck';
import { axesOf, broadcastable, holds, opset, seed, shape, shapeWithAxis, size, vector } from './reference/arbitraries';

type Attributes = Readonly<Record<string, Attribute>>;

const check = (op: string, inputs: readonly (NdArray | null)[], attributes: Attributes = {}, version = 21): Promise<void> =>
  checkLinear({ op, inputs, attributes, opset: version, by: [0] });

describe('gradients: shapes', () => {
  it('Reshape and Flatten', () => holds(fc.tuple(shapeWithAxis(1, 4), seed, opset), async ([{ dims, axis }, first, version]) => {
    const x = wholeNumbers(dims, first);
    await check('Reshape', [x, vector([-1, dims.at(-1) ?? 1])], {}, version);
    await check('Reshape', [x, vector([0, -1])], {}, version);
    await check('Flatten', [x], { axis: int(axis) }, version);
  }, 10));

  it('Squeeze and Unsqueeze', () => holds(shape(1, 3).chain((dims) => fc.tuple(fc.constant(dims), axesOf(dims.length + 1), axesOf(dims.length), seed, opset)), async ([dims, added, ones, first, version]) => {
    await check('Unsqueeze', [wholeNumbers(dims, first), vector(added.slice(0, 1))], {}, version);
    const narrow = dims.map((dim, axis) => (ones.some((one) => (one < 0 ? one + dims.length : one) === axis) ? 1 : dim));
    await check('Squeeze', [wholeNumbers(narrow, first), vector(ones)], {}, version);
    await check('Squeeze', [wholeNumbers(narrow, first)], {}, version);
  }, 10));

  it('Transpose', () => holds(shape(1, 4, 3).chain((dims) => fc.tuple(fc.constant(dims), fc.shuffledSubarray([...dims.keys()], { minLength: dims.length }), seed, opset)), async ([dims, perm, first, version]) => {
    await check('Transpose', [wholeNumbers(dims, first)], { perm: ints(perm) }, version);
    await check('Transpose', [wholeNumbers(dims, first)], {}, version);
  }, 10));

  it('Expand, in both directions', () => holds(shape(1, 4, 3).chain((dims) => fc.tuple(broadcastable(dims), broadcastable(dims), seed)), ([dims, target, first]) =>
    check('Expand', [wholeNumbers(dims, first), vector(target)])));

  it('Tile', () => holds(shape(1, 4, 3).chain((dims) => fc.tuple(fc.constant(dims), fc.array(size(3), { minLength: dims.length, maxLength: dims.length }), seed)), ([dims, repeats, first]) =>
    check('Tile', [wholeNumbers(dims, first), vector(repeats)])));

  it('DepthToSpace in both orders, and SpaceToDepth', () => holds(fc.record({ block: size(3, 2), n: size(2), c: size(2), h: size(3), w: size(3), first: seed }), async ({ block, n, c, h, w, first }) => {
    const blocksize = int(block);
    await check('DepthToSpace', [wholeNumbers([n, c * block ** 2, h, w], first)], { blocksize });
    for (const mode of ['DCR', 'CRD']) await check('DepthToSpace', [wholeNumbers([n, c * block ** 2, h, w], first)], { blocksize, mode: string(mode) });
    await check('SpaceToDepth', [wholeNumbers([n, c, h * block, w * block], first)], { blocksize });
  }, 6));

  it('Trilu', () => holds(fc.tuple(shape(2, 3), fc.integer({ min: -3, max: 3 }), fc.boolean(), seed), async ([dims, k, upper, first]) => {
    await check('Trilu', [wholeNumbers(dims, first), { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(k)) }], { upper: int(upper ? 1 : 0) });
    await check('Trilu', [wholeNumbers(dims, first)]);
  }, 10));

  it('ReverseSequence', () => holds(fc.tuple(size(), size(), size(2), fc.boolean(), seed).chain(([batch, time, rest, timeFirst, first]) => fc.record({
    dims: fc.constant(timeFirst ? [time, batch, rest] : [batch, time, rest]), timeFirst: fc.constant(timeFirst), first: fc.constant(first),
    lengths: fc.array(fc.integer({ min: 1, max: time }), { minLength: batch, maxLength: batch }),
  })), ({ dims, timeFirst, first, lengths }) => check('ReverseSequence', [wholeNumbers(dims, first), vector(lengths)], { time_axis: int(timeFirst ? 0 : 1), batch_axis: int(timeFirst ? 1 : 0) })));
});

describe('gradients: pieces', () => {
  it('Concat, of all inputs and of some', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => fc.record({
    shapes: fc.array(size(3), { minLength: 1, maxLength: 4 }).map((sizes) => sizes.map((own) => dims.map((dim, index) => (index === at ? own : dim)))),
    axis: fc.constant(axis), some: fc.boolean(), first: seed, version: opset,
  })), ({ shapes, axis, some, first, version }) => checkLinear({
    op: 'Concat', attributes: { axis: int(axis) }, inputs: shapes.map((dims, position) => wholeNumbers(dims, first + position)), opset: version,
    by: shapes.flatMap((_, position) => (some && position % 2 === 1 ? [] : [position])),
  })));

  it('Split by sizes; parts that are not used have zeros', () => holds(shapeWithAxis(1, 3).chain(({ dims, axis, at }) => fc.record({
    sizes: fc.array(size(3), { minLength: 1, maxLength: 4 }), dims: fc.constant(dims), axis: fc.constant(axis), at: fc.constant(at), used: fc.integer({ min: 1, max: 15 }), first: seed,
  })), async ({ sizes, dims, axis, at, used, first }) => {
    const lossOutputs = sizes.flatMap((_, position) => (used & (1 << position) ? [position] : []));
    if (lossOutputs.length === 0) return;
    const whole = sizes.reduce((sum, part) => sum + part, 0);
    await checkLinear({
      op: 'Split', attributes: { axis: int(axis) }, outputs: sizes.length, lossOutputs,
      inputs: [wholeNumbers(dims.map((dim, index) => (index === at ? whole : dim)), first), vector(sizes)],
    });
  }, 30));

  it('Split into equal parts, the last one smaller', () => holds(fc.tuple(size(4, 2), size(3), seed), ([count, part, first]) => {
    const lossOutputs = first % 2 === 0 ? [0] : [...Array(count).keys()];
    const whole = count * part - (part > 1 ? 1 : 0);
    return checkLinear({ op: 'Split', attributes: { axis: int(-1), num_outputs: int(count) }, outputs: count, lossOutputs, inputs: [wholeNumbers([2, whole], first)] });
  }, 10));

  it('Slice forwards and backwards, in steps, along any axes', () => holds(shape(1, 3, 7).chain((dims) => axesOf(dims.length).chain((axes) => fc.record({
    dims: fc.constant(dims), axes: fc.constant(axes), first: seed, version: opset,
    cuts: fc.array(fc.record({
      start: fc.integer({ min: -8, max: 8 }), end: fc.oneof(fc.integer({ min: -8, max: 8 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER)),
      step: fc.constantFrom(1, 1, 2, 3, 4, -1, -2, -3),
    }), { minLength: axes.length, maxLength: axes.length }),
  }))), ({ dims, axes, cuts, first, version }) => check('Slice', [
    wholeNumbers(dims, first), vector(cuts.map(({ start }) => start)), vector(cuts.map(({ end }) => end)), vector(axes), vector(cuts.map(({ step }) => step)),
  ], {}, version), 60));

  it('Slice without axes and steps', () => check('Slice', [wholeNumbers([4, 5], 1), vector([1, -3]), vector([3, 5])]));

  // Dilations in two dimensions only: in others onnxruntime's Col2Im itself is wrong.
  it('Col2Im in one to three dimensions', () => holds(fc.record({
    n: size(2), c: size(2), block: shape(1, 3, 3), extra: size(3), stride: size(2), spread: size(2), pad: fc.integer({ min: 0, max: 1 }), first: seed,
  }), ({ n, c, block, extra, stride, spread, pad, first }) => {
    const dilation = block.length === 2 ? spread : 1;
    const image = block.map((kernel) => dilation * (kernel - 1) + extra);
    const windows = image.map((dim, axis) => Math.floor((dim + 2 * pad - dilation * ((block[axis] ?? 1) - 1) - 1) / stride) + 1);
    const columns = c * block.reduce((total, kernel) => total * kernel, 1);
    return check('Col2Im', [wholeNumbers([n, columns, windows.reduce((total, count) => total * count, 1)], first), vector(image), vector(block)], {
      dilations: ints(block.map(() => dilation)), strides: ints(block.map(() => stride)), pads: ints([...block, ...block].map(() => pad)),
    });
  }, 30));
});

describe('gradients: padding', () => {
  it('Pad with a constant, negative pads included, also by the constant', () => holds(shape(1, 3, 4).chain((dims) => axesOf(dims.length).chain((axes) => fc.record({
    dims: fc.constant(dims), axes: fc.constant(axes), first: seed, version: opset, rank: fc.constantFrom([], [1]),
    pads: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 2 * axes.length, maxLength: 2 * axes.length }),
  }))), async ({ dims, axes, pads, first, version }) => {
    const x = wholeNumbers(dims.map((dim) => dim + 2), first);
    await checkLinear({ op: 'Pad', inputs: [x, vector(pads), floats([], [2]), vector(axes)], opset: version });
    await checkLinear({ op: 'Pad', inputs: [x, vector(pads), null, vector(axes)], opset: version });
    const full = [...dims, ...dims].map((_, index) => pads[index % pads.length] ?? 0);
    await checkLinear({ op: 'Pad', inputs: [x, vector(full)], attributes: { mode: string('constant') }, opset: version });
  }, 25));

  for (const mode of ['reflect', 'edge', 'wrap']) {
    it(`Pad in mode ${mode}`, () => holds(shape(1, 3, 4).chain((dims) => axesOf(dims.length).chain((axes) => fc.record({
      dims: fc.constant(dims), axes: fc.constant(axes), first: seed, version: opset,
      pads: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2 * axes.length, maxLength: 2 * axes.length }),
    }))), ({ dims, axes, pads, first, version }) => {
      const limit = (axis: number): number => (mode === 'edge' ? 3 : (dims.at(axis) ?? 1) - (mode === 'reflect' ? 1 : 0));
      const fitting = pads.map((count, index) => Math.min(count, limit(axes[index % axes.length] ?? 0)));
      return check('Pad', [wholeNumbers(dims, first), vector(fitting), null, vector(axes)], { mode: string(mode) }, version);
    }, 30));
  }

  it('refuses to mirror and cut at once', () => assert.rejects(
    analyticGradients({ op: 'Pad', inputs: [wholeNumbers([4], 1), vector([-1, 1])], attributes: { mode: string('reflect') } }),
    (error) => error instanceof EngineError && error.code === 'gradientFormUnsupported' && error.params['form'] === 'mode=reflect pads=-1,1'));

  it('CenterCropPad', () => holds(shape(1, 3, 6).chain((dims) => axesOf(dims.length).chain((axes) => fc.record({
    dims: fc.constant(dims), axes: fc.constant(axes), target: fc.array(size(7), { minLength: axes.length, maxLength: axes.length }), first: seed,
  }))), ({ dims, axes, target, first }) => check('CenterCropPad', [wholeNumbers(dims, first), vector(target)], { axes: ints(axes) }), 30));
});
