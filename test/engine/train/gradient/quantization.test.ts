// Straight-through gradients of quantization: of a QuantizeLinear with its DequantizeLinear, as one operator, against the
// formulas of LSQ (Esser 2020, equation 3), and through what may stand between the two.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { int, ints } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { Attribute, Node } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import type { NdArray } from '../../../../src/engine/ports';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { assertClose, checkLinear, floats, int64s, type OperatorCase, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';

type Attributes = Readonly<Record<string, Attribute>>;

/** Gradients of sum(weight * y) by x and, where it is in the inputs, the scale. */
async function gradientsOf(nodes: readonly Node[], inputs: Readonly<Record<string, NdArray>>, constants: Readonly<Record<string, NdArray>>): Promise<Readonly<Record<string, Float32Array | undefined>>> {
  const model = makeModel(makeGraph({
    nodes: [...nodes, makeNode('Mul', ['y', 'weight'], ['weighted']), makeNode('Reshape', ['weighted', 'flat'], ['row']), makeNode('ReduceSum', ['row'], ['loss'], { keepdims: int(0) })],
    inputs: Object.entries(inputs).map(([name, { type, dims }]) => makeValue(name, type, dims)),
    outputs: [],
    initializers: [...Object.entries(constants).map(([name, array]) => tensorFrom(name, array)), tensorFrom('flat', int64s([1], [-1]))],
  }));
  const result = await differentiate(model, 'loss', Object.keys(inputs));
  const names = [...new Set(result.gradients.values())];
  const asked = { ...result.model, graph: { ...result.model.graph, outputs: names.map((name) => makeValue(name, 'float32', null)) } };
  const session = await testRuntime.createSession(asked, { threads: 1 });
  try {
    const found = await session.run(inputs);
    return Object.fromEntries([...result.gradients].map(([tensor, gradient]) => [tensor, found[gradient]?.data as Float32Array]));
  } finally {
    await session.release();
  }
}

const pair = (attributes: Attributes, zero: boolean, between: readonly Node[] = []): readonly Node[] => [
  makeNode('QuantizeLinear', ['x', 'scale', ...(zero ? ['zero'] : [])], ['q'], attributes),
  ...between,
  makeNode('DequantizeLinear', [between.length === 0 ? 'q' : 'moved', 'scale', ...(zero ? ['zero'] : [])], ['y'], attributes),
];

/** Whole numbers are even where they lie in the middle: onnxruntime rounds halves to even. */
const roundEven = (value: number): number => {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (Math.abs(floor) % 2) : Math.round(value);
};

/** Equation 3 with x / s inside the range: 1 and round(v) - v; outside: 0 and the bound. `terms`: sums of g v, each taken as positive. */
function expected(x: ArrayLike<number>, weight: ArrayLike<number>, scaleAt: (at: number) => number, scales: Float32Array, zeroAt: (at: number) => number, [low, high]: readonly [number, number]): { x: Float64Array; scale: Float64Array; terms: Float64Array } {
  const result = { x: new Float64Array(x.length), scale: new Float64Array(scales.length), terms: new Float64Array(scales.length) };
  for (let at = 0; at < x.length; at += 1) {
    const index = scaleAt(at);
    const v = Math.fround((x[at] as number) / (scales[index] as number));
    const [least, most] = [low - zeroAt(index), high - zeroAt(index)];
    const inside = v >= least && v <= most;
    const g = weight[at] as number;
    result.x[at] = inside ? g : 0;
    result.terms[index] = (result.terms[index] as number) + Math.abs(g) * Math.min(high - low, Math.abs(v));
    result.scale[index] = (result.scale[index] as number) + g * (inside ? roundEven(v) - v : Math.min(most, Math.max(least, roundEven(v))));
  }
  return result;
}

const RANGES = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535] } as const;

const forms = fc.record({
  type: fc.constantFrom<keyof typeof RANGES>('int8', 'uint8', 'int16', 'uint16'), layout: fc.constantFrom('tensor', 'axis', 'block'), axis: fc.constantFrom(0, 1, 2, -1), zero: fc.boolean(), seed: fc.nat(10_000),
});

describe('gradients: quantization', () => {
  it('go straight through a pair, nothing where it clips, and to the scale as LSQ has it', async () => {
    await fc.assert(fc.asyncProperty(forms, async ({ type, layout, axis, zero: wanted, seed }) => {
      const dims = [2, 3, 5];
      const range = RANGES[type];
      const along = (axis + 3) % 3;
      const size = dims[along] as number;
      const block = 2;
      const scaleDims = layout === 'tensor' ? [] : layout === 'axis' ? [size] : dims.map((dim, index) => (index === along ? Math.ceil(dim / block) : dim));
      const count = scaleDims.reduce((a, b) => a * b, 1);
      // Values reach about a fifth over the range.
      const scale = uniform(scaleDims, seed + 1, 1.5 / (range[1] - range[0]), 2 / (range[1] - range[0]));
      const x = uniform(dims, seed, -2, 2);
      const weight = wholeNumbers(dims, seed + 2, 2);
      // Without a zero point the output is uint8.
      const zero = wanted || type !== 'uint8';
      const zeros = Array.from({ length: count }, (_, index) => (wanted ? Math.round((range[0] + range[1]) / 2) + (index % 3) : 0));
      const Held = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array }[type];
      const strides = (shape: readonly number[], index: readonly number[]): number => shape.reduce((flat, dim, at) => flat * dim + (index[at] as number), 0);
      const scaleAt = (at: number): number => {
        const index = [Math.floor(at / 15), Math.floor(at / 5) % 3, at % 5];
        if (layout === 'tensor') return 0;
        return layout === 'axis' ? (index[along] as number) : strides(scaleDims, index.map((value, k) => (k === along ? Math.floor(value / block) : value)));
      };
      const attributes = { axis: int(axis), ...(layout === 'block' && { block_size: int(block) }) };
      const found = await gradientsOf(pair(attributes, zero), { x, scale }, { weight, ...(zero && { zero: { type, dims: scaleDims, data: Held.from(zeros) } }) });
      const formula = expected(x.data as Float32Array, weight.data as Float32Array, scaleAt, scale.data as Float32Array, (index) => zeros[index] ?? 0, range);
      assertClose(formula.x, found['x'], 1e-6, 'dL/dx');
      // v is near 65,535 for 16 bits, where float32 has steps of 0.004: round(v) - v is as coarse, at each of 30 elements.
      if (type.endsWith('16')) assertClose(formula.scale, found['scale'], 0.02, 'dL/dscale');
      // Of 8 bits no more than float32 rounds of the terms, which may cancel to a sum far below them (2500 draws: 0.6 of a rounding).
      else formula.scale.forEach((value, index) => {
        const off = Math.abs(value - (found['scale']?.[index] ?? 0));
        assert.ok(off <= 2 ** -22 * Math.max(1, formula.terms[index] as number), `dL/dscale ${index}: off by ${off}`);
      });
    }), { numRuns: 40, examples: [[{ type: 'uint8', layout: 'tensor', axis: 0, zero: false, seed: 12 }]] });
  }).timeout(20_000);

  const between: readonly (readonly [string, Attributes, Readonly<Record<string, NdArray>>, readonly number[]])[] = [
    ['Reshape', {}, { shape: int64s([2], [6, 4]) }, [6, 4]],
    ['Transpose', { perm: ints([2, 0, 1]) }, {}, [4, 2, 3]],
    ['Slice', {}, { starts: int64s([1], [1]), ends: int64s([1], [3]), axes: int64s([1], [2]) }, [2, 3, 2]],
    ['Gather', { axis: int(1) }, { indices: int64s([2], [2, 0]) }, [2, 2, 4]],
    ['MaxPool', { kernel_shape: ints([2]) }, {}, [2, 3, 3]],
    ['Unsqueeze', {}, { axes: int64s([1], [0]) }, [1, 2, 3, 4]],
    ['Identity', {}, {}, [2, 3, 4]],
  ];
  for (const [op, attributes, operands, dims] of between) {
    it(`go through the integers of ${op} between the two`, async () => {
      const x = uniform([2, 3, 4], 3);
      const weight = wholeNumbers(dims, 4, 2);
      const scale = floats([], [0.02]);
      const zero: NdArray = { type: 'int8', dims: [], data: Int8Array.of(3) };
      const moved = makeNode(op, ['q', ...Object.keys(operands)], ['moved'], attributes);
      const quantized = await gradientsOf(pair({}, true, [moved]), { x }, { weight, scale, zero, ...operands });
      const plain = await gradientsOf([makeNode(op, ['x', ...Object.keys(operands)], ['y'], attributes)], { x }, { weight, ...operands });
      // Steps of 0.02 may tie where distinct values meet in a window: not with these.
      assertClose(Float64Array.from(plain['x'] as Float32Array), quantized['x'], 1e-5, op);
    });
  }

  it('go straight through DynamicQuantizeLinear', async () => {
    const x = uniform([3, 5], 6);
    const weight = wholeNumbers([3, 5], 7);
    const nodes = [makeNode('DynamicQuantizeLinear', ['x'], ['q', 'scale', 'zero']), makeNode('DequantizeLinear', ['q', 'scale', 'zero'], ['y'])];
    const found = await gradientsOf(nodes, { x }, { weight });
    assertClose(Float64Array.from(weight.data as Float32Array), found['x'], 1e-5, 'dL/dx');
  });

  it('reach the scale of constant integers', async () => {
    const test: OperatorCase = { op: 'DequantizeLinear', attributes: { axis: int(0) }, by: [1], inputs: [{ type: 'int8', dims: [2, 3], data: Int8Array.of(-3, 2, 1, 5, 0, -7) }, floats([2], [1, 2]), { type: 'int8', dims: [2], data: Int8Array.of(1, -2) }] };
    await checkLinear(test);
  });

  it('refuse 8-bit floats', async () => {
    const nodes = [makeNode('QuantizeLinear', ['x', 'scale'], ['q'], { output_dtype: int(17) }), makeNode('DequantizeLinear', ['q', 'scale'], ['y'])];
    await assert.rejects(gradientsOf(nodes, { x: uniform([2], 1) }, { weight: floats([2], [1, 1]), scale: floats([], [1]) }), { code: 'gradientFormUnsupported' });
  });
});
