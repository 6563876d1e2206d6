// Gradients of poolings: averages by unit steps, maxima and powers against float64 references.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, ints, string } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import { analyticGradients, checkAgainst, checkLinear, distinct, floats, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { globalPool, pool, type Window } from './reference/pooling';

interface Axis { readonly size: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly begin: number; readonly end: number }

/** onnxruntime wants pads below the kernel. */
const axis = (dilations: number): fc.Arbitrary<Axis> => fc.record({
  kernel: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 3 }), dilation: fc.integer({ min: 1, max: dilations }),
  begin: fc.integer({ min: 0, max: 2 }), end: fc.integer({ min: 0, max: 2 }), more: fc.integer({ min: 0, max: 4 }),
}).map(({ kernel, stride, dilation, begin, end, more }) => ({
  // Large enough that every window sees the input.
  kernel, stride, dilation, begin: Math.min(begin, kernel - 1), end: Math.min(end, kernel - 1), size: (kernel - 1) * dilation + 1 + more,
}));

const axesOf = (dilations: number, minLength: number, maxLength: number): fc.Arbitrary<Axis[]> => fc.array(axis(dilations), { minLength, maxLength });

const shape = (dilations: number) => fc.record({
  batch: fc.integer({ min: 1, max: 2 }), channels: fc.integer({ min: 1, max: 2 }), ceil: fc.boolean(), include: fc.boolean(), seed: fc.integer({ min: 0, max: 999 }),
  axes: fc.oneof({ weight: 3, arbitrary: axesOf(dilations, 1, 2) }, { weight: 1, arbitrary: axesOf(dilations, 3, 3) }),
}).filter(loads);

/**
 * With ceil_mode a window may start behind the input. The operator's text drops it, onnxruntime's check of shapes does
 * not, so such a graph does not load.
 */
const loads = ({ axes, ceil }: { readonly axes: readonly Axis[]; readonly ceil: boolean }): boolean => !ceil || axes.every(({ size, kernel, stride, dilation, begin, end }) =>
  Math.ceil((size + begin + end - (kernel - 1) * dilation - 1) / stride) * stride < size + begin);

const attributesOf = (axes: readonly Axis[], ceil: boolean): Record<string, Attribute> => ({
  kernel_shape: ints(axes.map(({ kernel }) => kernel)), strides: ints(axes.map(({ stride }) => stride)), dilations: ints(axes.map(({ dilation }) => dilation)),
  pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]), ceil_mode: int(ceil ? 1 : 0),
});

const windowOf = (axes: readonly Axis[], ceil: boolean): Window => ({ axes, ceil });
const sizes = (batch: number, channels: number, axes: readonly Axis[]): number[] => [batch, channels, ...axes.map(({ size }) => size)];

describe('gradients: AveragePool', () => {
  it('over windows, padding counted or not, and ceil_mode', async () => {
    await fc.assert(fc.asyncProperty(shape(2), async ({ batch, channels, ceil, include, seed, axes }) => {
      await checkLinear({
        op: 'AveragePool', attributes: { ...attributesOf(axes, ceil), count_include_pad: int(include ? 1 : 0) },
        inputs: [wholeNumbers(sizes(batch, channels, axes), seed)],
      });
    }), { numRuns: 40 });
  }).timeout(60_000);

  it('with automatic padding', async () => {
    for (const autoPad of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
      await checkLinear({ op: 'AveragePool', attributes: { auto_pad: string(autoPad), kernel_shape: ints([3, 2]), strides: ints([2, 1]) }, inputs: [wholeNumbers([2, 2, 6, 5], 5)] });
    }
  });

  it('globally', async () => {
    await checkLinear({ op: 'GlobalAveragePool', inputs: [wholeNumbers([2, 3, 4, 4], 5)] });
    await checkLinear({ op: 'GlobalAveragePool', inputs: [wholeNumbers([2, 3, 8], 5)] });
  });
});

describe('gradients: MaxPool', () => {
  it('over windows, dilation, padding and ceil_mode', async () => {
    await fc.assert(fc.asyncProperty(shape(2), fc.integer({ min: 1, max: 2 }), fc.boolean(), async ({ batch, channels, ceil, seed, axes }, outputs, columns) => {
      await checkAgainst({
        op: 'MaxPool', outputs, lossOutputs: [0], inputs: [distinct(sizes(batch, channels, axes), seed)],
        attributes: { ...attributesOf(axes, ceil), storage_order: int(columns ? 1 : 0) },
      }, ([x]) => [pool(x as Float64Array, sizes(batch, channels, axes), windowOf(axes, ceil), (values) => Math.max(...values))]);
    }), { numRuns: 40 });
  }).timeout(60_000);

  it('sends the gradient to the first of equal maxima', async () => {
    const ties = floats([1, 1, 2, 4], [0, 0, 1, 2, 0, 0, 2, 2]);
    const windows = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
    const pooled = await analyticGradients({ op: 'MaxPool', attributes: windows, inputs: [ties] });
    const averaged = await analyticGradients({ op: 'AveragePool', attributes: windows, inputs: [ties] });
    // Both have the same loss weights: an average's gradient is a quarter of the weight in each place.
    const weights = Array.from(averaged.get(0) ?? [], (value) => value * 4);
    assert.deepEqual(Array.from(pooled.get(0) ?? []), weights.map((weight, place) => (place === 0 || place === 3 ? weight : 0)));
    assert.ok(weights[3] !== 0);
  });

  it('globally', async () => {
    for (const dims of [[2, 3, 3, 4], [1, 2, 5]]) {
      await checkAgainst({ op: 'GlobalMaxPool', inputs: [distinct(dims, 9)] }, ([x]) => [globalPool(x as Float64Array, dims, (values) => Math.max(...values))]);
    }
  });
});

describe('gradients: LpPool', () => {
  const norm = (p: number) => (values: readonly number[]): number => values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);

  it('over windows and powers', async () => {
    await fc.assert(fc.asyncProperty(shape(2), fc.integer({ min: 1, max: 4 }), async ({ batch, channels, ceil, seed, axes }, p) => {
      const dims = sizes(batch, channels, axes);
      await checkAgainst({ op: 'LpPool', attributes: { ...attributesOf(axes, ceil), p: int(p) }, inputs: [distinct(dims, seed, 0.21)] },
        ([x]) => [pool(x as Float64Array, dims, windowOf(axes, ceil), norm(p))]);
    }), { numRuns: 30 });
  }).timeout(60_000);

  it('globally', async () => {
    for (const p of [1, 2, 3]) {
      const dims = [2, 2, 3, 3];
      await checkAgainst({ op: 'GlobalLpPool', attributes: { p: int(p) }, inputs: [uniform(dims, 9, 0.2, 2)] }, ([x]) => [globalPool(x as Float64Array, dims, norm(p))]);
    }
  });
});
