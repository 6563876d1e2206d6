// Gradients of Conv and ConvTranspose over random windows, by unit steps: both are bilinear.

import fc from 'fast-check';
import { int, ints, string } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import { checkLinear, wholeNumbers } from '../../../support/gradientCheck';

interface Axis { readonly size: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly begin: number; readonly end: number }

/** ONNX needs pads below the extent and at least one window. */
const axis: fc.Arbitrary<Axis> = fc.record({
  kernel: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 3 }), dilation: fc.integer({ min: 1, max: 2 }),
  begin: fc.integer({ min: 0, max: 2 }), end: fc.integer({ min: 0, max: 2 }), more: fc.integer({ min: 0, max: 3 }),
}).map(({ kernel, stride, dilation, begin, end, more }) => {
  const extent = (kernel - 1) * dilation + 1;
  const pads = { begin: Math.min(begin, extent - 1), end: Math.min(end, extent - 1) };
  return { kernel, stride, dilation, ...pads, size: Math.max(1, extent - pads.begin - pads.end) + more };
});

/** Grouped, and depthwise with several filters a channel, among them. */
const channels = fc.record({ group: fc.integer({ min: 1, max: 3 }), inner: fc.integer({ min: 1, max: 2 }), outer: fc.integer({ min: 1, max: 2 }) });

const axesOf = (minLength: number, maxLength: number): fc.Arbitrary<Axis[]> => fc.array(axis, { minLength, maxLength });

const shape = fc.record({
  batch: fc.integer({ min: 1, max: 2 }), channels, bias: fc.boolean(), seed: fc.integer({ min: 0, max: 999 }),
  axes: fc.oneof({ weight: 3, arbitrary: axesOf(1, 2) }, { weight: 1, arbitrary: axesOf(3, 3) }),
});

const windowAttributes = (axes: readonly Axis[], group: number): Record<string, Attribute> => ({
  kernel_shape: ints(axes.map(({ kernel }) => kernel)), strides: ints(axes.map(({ stride }) => stride)), dilations: ints(axes.map(({ dilation }) => dilation)),
  pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]), group: int(group),
});

const inputsOf = (x: readonly number[], w: readonly number[], bias: number | undefined, seed: number) =>
  [wholeNumbers(x, seed), wholeNumbers(w, seed + 1), ...(bias === undefined ? [] : [wholeNumbers([bias], seed + 2)])];

describe('gradients: Conv', () => {
  it('over windows, groups and padding, in one to three dimensions', async () => {
    await fc.assert(fc.asyncProperty(shape, async ({ batch, channels: { group, inner, outer }, bias, seed, axes }) => {
      const filters = group * outer;
      await checkLinear({
        op: 'Conv', attributes: windowAttributes(axes, group),
        inputs: inputsOf([batch, group * inner, ...axes.map(({ size }) => size)], [filters, inner, ...axes.map(({ kernel }) => kernel)], bias ? filters : undefined, seed),
      });
    }), { numRuns: 40 });
  }).timeout(60_000);

  it('over rows too long to shift by products, and maps small against the channels', async () => {
    await checkLinear({ op: 'Conv', attributes: { pads: ints([1, 2, 0, 1]), dilations: ints([1, 2]) }, inputs: [wholeNumbers([2, 2, 2, 40], 1), wholeNumbers([2, 2, 2, 3], 2)] });
    await checkLinear({ op: 'Conv', attributes: { pads: ints([1, 1, 1, 1]) }, inputs: [wholeNumbers([3, 6, 2, 2], 1), wholeNumbers([5, 6, 3, 3], 2)] });
    await checkLinear({ op: 'Conv', inputs: [wholeNumbers([1, 2, 40], 1), wholeNumbers([3, 2, 3], 2)] });
  });

  it('with padding that onnxruntime chooses', async () => {
    for (const autoPad of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
      for (const [kernel, stride, size] of [[3, 2, 6], [2, 1, 5], [3, 1, 4], [1, 2, 5], [2, 3, 7]] as const) {
        await checkLinear({
          op: 'Conv', attributes: { auto_pad: string(autoPad), strides: ints([stride, 1]) },
          inputs: [wholeNumbers([2, 2, size, 4], 7), wholeNumbers([3, 2, kernel, 2], 8)],
        });
      }
    }
  }).timeout(60_000);
});

describe('gradients: ConvTranspose', () => {
  it('over windows, groups, padding and output_padding', async () => {
    await fc.assert(fc.asyncProperty(shape, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }), async ({ batch, channels: { group, inner, outer }, bias, seed, axes }, extra) => {
      // onnxruntime wants output_padding below the stride.
      const padding = axes.map(({ stride }, index) => Math.min(extra[index] ?? 0, stride - 1));
      const sizes = axes.map(({ size, kernel, stride, dilation, begin, end }, index) => {
        const made = (count: number): number => (count - 1) * stride + (kernel - 1) * dilation + 1 + (padding[index] ?? 0) - begin - end;
        let count = Math.min(size, 4);
        while (made(count) < 1) count += 1;
        return count;
      });
      await checkLinear({
        op: 'ConvTranspose', attributes: { ...windowAttributes(axes, group), output_padding: ints(padding) },
        inputs: inputsOf([batch, group * inner, ...sizes], [group * inner, outer, ...axes.map(({ kernel }) => kernel)], bias ? group * outer : undefined, seed),
      });
    }), { numRuns: 40 });
  }).timeout(60_000);

  it('to a given output shape, and with automatic padding', async () => {
    const inputs = [wholeNumbers([1, 2, 3, 4], 3), wholeNumbers([2, 2, 3, 3], 4)];
    for (const autoPad of ['NOTSET', 'SAME_UPPER', 'SAME_LOWER']) {
      await checkLinear({ op: 'ConvTranspose', inputs, attributes: { auto_pad: string(autoPad), strides: ints([2, 2]), output_shape: ints([6, 8]) } });
      await checkLinear({ op: 'ConvTranspose', inputs, attributes: { auto_pad: string(autoPad), strides: ints([3, 2]) } });
    }
    await checkLinear({ op: 'ConvTranspose', inputs, attributes: { auto_pad: string('VALID'), strides: ints([2, 1]) } });
  }).timeout(60_000);
});
