// Gradients of onnxruntime's fused operators: decompositions against its own kernels, then gradients.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { float, int, ints, string } from '../../../../src/engine/ir/attributes';
import type { NdArray } from '../../../../src/engine/ports';
import { analyticGradients, checkAgainst, checkDirections, int64s, type OperatorCase, uniform } from '../../../support/gradientCheck';
import { checkForward, runDecomposed } from '../../../support/rewriteCheck';

const domain = 'com.microsoft';
const int32s = (dims: readonly number[], data: readonly number[]): NdArray => ({ type: 'int32', dims, data: Int32Array.from(data) });
const small = fc.integer({ min: 1, max: 3 });
const seeds = fc.nat(10_000);

/** Whole numbers in [0, below). */
const whole = (count: number, seed: number, below: number): number[] => Array.from(uniform([count], seed, 0, below).data as Float32Array, Math.floor);

/** The decomposition equals the kernel, and its gradient the kernel's differences where they are `smooth`. */
function law<T>(title: string, form: fc.Arbitrary<T>, make: (form: T) => OperatorCase, smooth: (form: T) => boolean = () => true, numRuns = 30): void {
  it(`${title}: forward`, async () => {
    await fc.assert(fc.asyncProperty(form, async (value) => { await checkForward(make(value)); }), { numRuns });
  }).timeout(20_000);
  it(`${title}: gradients`, async () => {
    await fc.assert(fc.asyncProperty(form.filter(smooth), async (value) => { await checkDirections(make(value)); }), { numRuns: 15 });
  }).timeout(20_000);
}

/** Kinks spoil differences; the activations alone are held to references elsewhere. */
const KINKED: readonly (string | undefined)[] = ['Relu', 'LeakyRelu', 'Clip', 'HardSigmoid', 'ThresholdedRelu', 'Elu'];

const activations: readonly (readonly [string | undefined, readonly number[]])[] = [
  [undefined, []], ['Relu', []], ['Sigmoid', []], ['Tanh', []], ['LeakyRelu', [0.2]], ['Clip', [-0.5, 1]], ['HardSigmoid', [0.3, 0.4]],
];

describe('gradients: fused operators of onnxruntime', () => {
  law('FusedConv', fc.record({ activation: fc.constantFrom(...activations), bias: fc.boolean(), added: fc.boolean(), pad: fc.constantFrom(0, 1), stride: fc.constantFrom(1, 2), seed: seeds }),
    ({ activation: [name, parameters], bias, added, pad, stride, seed }) => {
      const size = Math.floor((4 + 2 * pad - 3) / stride) + 1;
      return {
        op: 'FusedConv', domain,
        attributes: {
          kernel_shape: ints([3, 3]), pads: ints([pad, pad, pad, pad]), strides: ints([stride, stride]),
          ...(name !== undefined && { activation: string(name) }), ...(parameters.length > 0 && { activation_params: { kind: 'floats', value: [...parameters] } }),
        },
        inputs: [uniform([2, 2, 4, 4], seed), uniform([3, 2, 3, 3], seed + 1, -1, 1), bias || added ? uniform([3], seed + 2) : null, ...(added ? [uniform([2, 3, size, size], seed + 3)] : [])],
      };
    }, ({ activation: [name] }) => !KINKED.includes(name));

  law('FusedGemm', fc.record({ activation: fc.constantFrom('Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'Elu', 'Softplus', 'Softsign', 'ThresholdedRelu', 'HardSigmoid'), transA: fc.boolean(), transB: fc.boolean(), alpha: fc.constantFrom(1, 0.5), bias: fc.boolean(), seed: seeds }),
    ({ activation, transA, transB, alpha, bias, seed }) => ({
      op: 'FusedGemm', domain,
      attributes: {
        transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: float(alpha), beta: float(0.5), activation: string(activation),
        ...(['LeakyRelu', 'Elu', 'ThresholdedRelu', 'HardSigmoid'].includes(activation) && { activation_alpha: float(0.3) }),
        ...(activation === 'HardSigmoid' && { activation_beta: float(0.4) }),
      },
      inputs: [uniform(transA ? [3, 2] : [2, 3], seed), uniform(transB ? [4, 3] : [3, 4], seed + 1), ...(bias ? [uniform([4], seed + 2)] : [])],
    }), ({ activation }) => !KINKED.includes(activation));

  law('FusedMatMul', fc.record({ batch: small, transA: fc.boolean(), transB: fc.boolean(), batchA: fc.boolean(), batchB: fc.boolean(), alpha: fc.constantFrom(1, 0.125), seed: seeds }),
    ({ batch, transA, transB, batchA, batchB, alpha, seed }) => {
      // A is [batch, 2, 3] and B [batch, 3, 4], before the transposes that the flags undo.
      const shape = (rows: number, columns: number, turned: boolean, moved: boolean): number[] => {
        const [first, last] = turned ? [columns, rows] : [rows, columns];
        return moved ? [first, batch, last] : [batch, first, last];
      };
      return {
        op: 'FusedMatMul', domain,
        attributes: { alpha: float(alpha), transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), transBatchA: int(batchA ? 1 : 0), transBatchB: int(batchB ? 1 : 0) },
        inputs: [uniform(shape(2, 3, transA, batchA), seed), uniform(shape(3, 4, transB, batchB), seed + 1)],
      };
    });

  law('Gelu and its kin', fc.record({ op: fc.constantFrom('Gelu', 'BiasGelu', 'FastGelu', 'FastGeluBias', 'QuickGelu'), seed: seeds }), ({ op, seed }) => ({
    op: op === 'FastGeluBias' ? 'FastGelu' : op, domain,
    inputs: [uniform([2, 3, 4], seed, -3, 3), ...(op.includes('Bias') ? [uniform([4], seed + 1)] : [])],
  }));

  law('SkipLayerNormalization and SkipSimplifiedLayerNormalization', fc.record({ simplified: fc.boolean(), beta: fc.boolean(), bias: fc.boolean(), broadcast: fc.boolean(), sum: fc.boolean(), seed: seeds }),
    ({ simplified, beta, bias, broadcast, sum, seed }) => ({
      op: simplified ? 'SkipSimplifiedLayerNormalization' : 'SkipLayerNormalization', domain, attributes: { epsilon: float(1e-5) },
      inputs: [uniform([2, 3, 4], seed), uniform(broadcast ? [1, 3, 4] : [2, 3, 4], seed + 1), uniform([4], seed + 2),
        ...(simplified ? [] : [beta ? uniform([4], seed + 3) : null]), bias ? uniform([4], seed + 4) : null],
      ...(sum && { outputs: 4, omit: [1, 2] }),
    }));

  law('EmbedLayerNormalization', fc.record({ segments: fc.boolean(), mask: fc.boolean(), ids: fc.boolean(), outputs: fc.integer({ min: 2, max: 3 }), seed: seeds }), ({ segments, mask, ids, outputs, seed }) => ({
    op: 'EmbedLayerNormalization', domain, outputs, attributes: { epsilon: float(1e-5) },
    inputs: [
      int32s([2, 3], whole(6, seed, 5)), segments ? int32s([2, 3], whole(6, seed + 1, 2)) : null, uniform([5, 4], seed + 2), uniform([6, 4], seed + 3),
      segments ? uniform([2, 4], seed + 4) : null, uniform([4], seed + 5), uniform([4], seed + 6),
      mask ? int32s([2, 3], [1, 1, 1, 1, 1, 0]) : null, ids ? int32s([2, 3], whole(6, seed + 7, 6)) : null,
    ],
  }));

  // With a bias always: without one, the kernel of onnxruntime 1.30 crashes.
  law('Attention', fc.record({
    mask: fc.constantFrom('none', 'lengths', 'keys', 'pairs'), added: fc.constantFrom(null, [1, 1], [1, 2], [2, 2]), causal: fc.boolean(), scale: fc.boolean(), sizes: fc.boolean(), seed: seeds,
  }), ({ mask, added, causal, scale, sizes, seed }) => {
    const [batch, length, width] = [2, 3, 4];
    const masks: Readonly<Record<string, NdArray | null>> = {
      none: null, lengths: int32s([batch], [3, 2]), keys: int32s([batch, length], [1, 1, 1, 1, 0, 1]),
      pairs: int32s([batch, length, length], whole(18, seed + 5, 2).map((value, at) => (at % length === 0 ? 1 : value))),
    };
    const widths = sizes ? [4, 4, 6] : [4, 4, 4];
    const total = widths.reduce((a, b) => a + b, 0);
    return {
      op: 'Attention', domain,
      attributes: { num_heads: int(2), unidirectional: int(causal ? 1 : 0), ...(scale && { scale: float(0.3) }), ...(sizes && { qkv_hidden_sizes: ints(widths) }) },
      inputs: [uniform([batch, length, width], seed), uniform([width, total], seed + 1, -0.5, 0.5), uniform([total], seed + 2), masks[mask] ?? null, null,
        added === null ? null : uniform([...added, length, length], seed + 3)],
    };
  }, () => true, 50);

  law('MultiHeadAttention', fc.record({
    mask: fc.constantFrom('none', 'lengths', 'keys'), bias: fc.boolean(), added: fc.boolean(), causal: fc.boolean(), split: fc.boolean(), present: fc.boolean(), wide: fc.boolean(), seed: seeds,
  }), ({ mask, bias, added, causal, split, present, wide, seed }) => {
    const [batch, queries, heads, size] = [2, 3, 2, 2];
    const keys = causal ? queries : 4;
    // onnxruntime has no kernel for split keys and values of two sizes.
    const valueSize = wide && !split ? 3 : size;
    const tensor = (length: number, width: number, offset: number): NdArray => uniform(split && offset > 0 ? [batch, heads, length, width] : [batch, length, heads * width], seed + offset);
    return {
      op: 'MultiHeadAttention', domain, outputs: present ? 3 : 1,
      attributes: { num_heads: int(heads), unidirectional: int(causal ? 1 : 0) },
      inputs: [tensor(queries, size, 0), tensor(keys, size, 1), tensor(keys, valueSize, 2), bias && !split ? uniform([heads * (2 * size + valueSize)], seed + 3) : null,
        mask === 'none' ? null : mask === 'lengths' ? int32s([batch], [keys, keys - 1]) : int32s([batch, keys], whole(batch * keys, seed + 4, 2).map((value, at) => (at % keys === 0 ? 1 : value))),
        added ? uniform([1, heads, queries, keys], seed + 5) : null],
    };
  }, () => true, 50);

  law('GroupQueryAttention', fc.record({ packed: fc.boolean(), group: fc.integer({ min: 1, max: 2 }), rotary: fc.boolean(), interleaved: fc.boolean(), window: fc.constantFrom(-1, 2), softcap: fc.constantFrom(0, 2), seed: seeds }),
    ({ packed, group, rotary, interleaved, window, softcap, seed }) => {
      const [batch, length, keyHeads, size] = [2, 3, 2, 16];
      const heads = keyHeads * group;
      const empty: NdArray = { type: 'float32', dims: [batch, keyHeads, 0, size], data: new Float32Array(0) };
      return {
        op: 'GroupQueryAttention', domain, outputs: 3, lossOutputs: [0], by: [0, 1, 2].slice(0, packed ? 1 : 3),
        attributes: { num_heads: int(heads), kv_num_heads: int(keyHeads), do_rotary: int(rotary ? 1 : 0), rotary_interleaved: int(interleaved ? 1 : 0), local_window_size: int(window), softcap: float(softcap) },
        inputs: [
          uniform([batch, length, (packed ? heads + 2 * keyHeads : heads) * size], seed),
          packed ? null : uniform([batch, length, keyHeads * size], seed + 1), packed ? null : uniform([batch, length, keyHeads * size], seed + 2),
          empty, empty, int32s([batch], [length - 1, length - 1]), int32s([1], [length]),
          ...(rotary ? [uniform([8, size / 2], seed + 3, -1, 1), uniform([8, size / 2], seed + 4, -1, 1)] : []),
        ],
      };
    });

  law('RotaryEmbedding', fc.record({ merged: fc.boolean(), offset: fc.boolean(), interleaved: fc.boolean(), partial: fc.boolean(), seed: seeds }), ({ merged, offset, interleaved, partial, seed }) => {
    const [batch, heads, length, size] = [2, 3, 2, partial ? 6 : 4];
    return {
      op: 'RotaryEmbedding', domain,
      attributes: { interleaved: int(interleaved ? 1 : 0), ...(partial && { rotary_embedding_dim: int(4), num_heads: int(heads) }) },
      inputs: [uniform(merged ? [batch, length, heads * size] : [batch, heads, length, size], seed), offset ? int64s([1], [3]) : int64s([batch, length], whole(4, seed + 1, 6)),
        uniform([6, 2], seed + 2, -1, 1), uniform([6, 2], seed + 3, -1, 1)],
    };
  });

  law('MatMulNBits', fc.record({ k: fc.constantFrom(16, 24, 48), bits: fc.constantFrom(2, 4, 8), zero: fc.constantFrom('none', 'packed', 'float'), bias: fc.boolean(), seed: seeds }), ({ k, bits, zero: wanted, bias, seed }) => {
    const [n, block] = [3, 16];
    // onnxruntime has no kernel for 8 bits with zero points in float.
    const zero = bits === 8 && wanted === 'float' ? 'none' : wanted;
    const blocks = Math.ceil(k / block);
    const bytes = (count: number, offset: number, dims: readonly number[]): NdArray => ({ type: 'uint8', dims, data: Uint8Array.from(whole(count, seed + offset, 256)) });
    const zeroBytes = Math.ceil((blocks * bits) / 8);
    return {
      op: 'MatMulNBits', domain, by: [0],
      attributes: { K: int(k), N: int(n), bits: int(bits), block_size: int(block) },
      inputs: [uniform([2, 2, k], seed), bytes((n * blocks * block * bits) / 8, 1, [n, blocks, (block * bits) / 8]), uniform([n, blocks], seed + 2, 0.01, 0.1),
        zero === 'packed' ? bytes(n * zeroBytes, 3, [n, zeroBytes]) : zero === 'float' ? uniform([n, blocks], seed + 3, 0, 2 ** bits) : null, null, bias ? uniform([n], seed + 4) : null],
    };
  });

  it('BiasAdd, BiasSplitGelu and GroupNorm, which have no kernel on CPU', async () => {
    const [x, bias, skip] = [uniform([2, 3, 4], 1), uniform([4], 2), uniform([2, 3, 4], 3)];
    const data = (array: NdArray): Float32Array => array.data as Float32Array;
    const added = await runDecomposed({ op: 'BiasAdd', domain, inputs: [x, bias, skip] });
    assert.deepEqual(Array.from(added['y0']?.data as Float32Array), Array.from(data(x), (value, at) => Math.fround(Math.fround(value + (data(bias)[at % 4] as number)) + (data(skip)[at] as number))));
    const halves = await runDecomposed({ op: 'BiasSplitGelu', domain, inputs: [x, bias] });
    assert.deepEqual(halves['y0']?.dims, [2, 3, 2]);
    const groups = await runDecomposed({ op: 'GroupNorm', domain, attributes: { groups: int(2), activation: int(0), channels_last: int(1) }, inputs: [uniform([1, 2, 2, 4], 4), uniform([4], 5, 1, 1), uniform([4], 6, 0, 0)] });
    const values = groups['y0']?.data as Float32Array;
    // Channels 0 and 1 are a group: its mean is zero.
    const mean = values.reduce((sum, value, at) => sum + (at % 4 < 2 ? value : 0), 0) / 8;
    assert.ok(Math.abs(mean) < 1e-6, `${mean}`);
  });

  it('SimplifiedLayerNormalization, which onnxruntime has in the default domain', async () => {
    const attributes = { axis: int(-1), epsilon: float(1e-5) };
    await checkAgainst({ op: 'SimplifiedLayerNormalization', attributes, inputs: [uniform([2, 3, 4], 1), uniform([4], 2)] }, ([x = new Float64Array(0), scale = new Float64Array(0)]) => {
      const deviation = (row: number): number => Math.sqrt(x.subarray(row, row + 4).reduce((sum, value) => sum + value ** 2, 0) / 4 + 1e-5);
      return [x.map((value, at) => (value / deviation(at - (at % 4))) * (scale[at % 4] as number))];
    });
  });

  it('refuses forms with a past, and operators that have no rule', async () => {
    const x = uniform([1, 2, 4], 1);
    const past = uniform([1, 2, 1, 2], 2);
    const cached: OperatorCase = { op: 'MultiHeadAttention', domain, attributes: { num_heads: int(2) }, by: [0], inputs: [x, x, x, null, null, null, past, past] };
    await assert.rejects(analyticGradients(cached), { code: 'gradientFormUnsupported' });
    await assert.rejects(analyticGradients({ op: 'BiasSoftmax', domain, attributes: { axis: int(2), is_inner_broadcast: int(1) }, inputs: [x, x] }), { code: 'noGradient' });
  });
});
