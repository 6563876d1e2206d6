// Operators of com.microsoft: what onnxruntime's optimizer and its tools for transformers write. Input orders from
// onnxruntime's ContribOperators.md.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Axis } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';
import { biasHeads, headsOf, rotary, spread, tieHeads, type Heads } from './attention';
import { fusedConvolution } from './convolution';
import { dynamicProduct, fusedProduct, integerToFloat, matrixDependencies } from './matrix';
import { layerNorm, normalizationDependencies } from './normalization';
import { quantizationDependencies } from './quantization';
import { blocks, broadcasting, unary } from './tools';

/** Widths of queries, keys and values in the packed projection [width, 3 * hidden]. */
export function packedWidths(node: RelateSite['node'], total: number): readonly [number, number, number] {
  const [q, k, v] = intsAttribute(node, 'qkv_hidden_sizes') ?? [];
  return q !== undefined && k !== undefined && v !== undefined ? [q, k, v] : [total / 3, total / 3, total / 3];
}

/** Cut into queries, keys and values, each into heads. */
function packedHeads(site: RelateSite, axis: Axis, counts: readonly [number, number, number], widths: readonly [number, number, number]): Heads | undefined {
  if (!(axis instanceof Int32Array) || widths.reduce((sum, width) => sum + width, 0) !== axis.length) {
    site.lock(axis, 'lock.mismatch');
    return undefined;
  }
  const [q, k] = widths;
  return {
    queries: blocks(site, axis.subarray(0, q), counts[0]), keys: blocks(site, axis.subarray(q, q + k), counts[1]),
    values: blocks(site, axis.subarray(q + k), counts[2]),
  };
}

/** Input [batch, length, width], weights [width, 3 * hidden], bias, mask, past [2, batch, heads, ..], bias of scores. */
const attention: DependencyEntry = entry('heads', (site) => {
  const count = intAttribute(site.node, 'num_heads', 0);
  site.unite(site.axis(0, 2), site.axis(1, 0));
  const packed = site.axis(1, 1);
  const widths = packedWidths(site.node, packed instanceof Int32Array ? packed.length : 0);
  const heads = packedHeads(site, packed, [count, count, count], widths);
  if (heads === undefined) return;
  if (site.has(2)) site.unite(packed, site.axis(2, 0));
  tieHeads(site, heads);
  if (site.has(4)) site.unite(site.axis(4, 2), heads.queries);
  biasHeads(site, 5, heads.queries);
  const position = site.fixed('lock.position');
  site.give(0, [position, position, spread(site, heads.values, widths[2])]);
  site.give(1, [position, position, heads.values, position, position]);
}, 'heads');

/** Query (packed as [batch, length, heads, 3, size] when alone), key, value, bias, mask, bias of scores, past key, past value. */
const multiHead: DependencyEntry = entry('heads', (site) => {
  const count = intAttribute(site.node, 'num_heads', 0);
  const packed = site.rank(0) === 5;
  const queries = packed ? site.axis(0, 2) : headsOf(site, 0, count);
  // Key and value may be packed together as [batch, length, heads, 2, size].
  const of = (at: number): Axis => (!site.has(at) ? queries : site.rank(at) === 5 ? site.axis(at, 2) : headsOf(site, at, count));
  const heads: Heads = { queries, keys: of(1), values: of(2) };
  tieHeads(site, heads);
  if (site.has(3)) {
    const width = (at: number): number => Number(site.shape(at)?.[2] ?? 0);
    const own = site.axis(3, 0);
    const third = own instanceof Int32Array ? own.length / 3 : 0;
    const sizes: readonly [number, number, number] = packed ? [third, third, third] : [width(0), width(0), (own instanceof Int32Array ? own.length : 0) - 2 * width(0)];
    const biases = packedHeads(site, own, [count, count, count], sizes);
    if (biases !== undefined) for (const part of [biases.queries, biases.keys, biases.values]) site.unite(part, queries);
  }
  biasHeads(site, 5, queries);
  for (const past of [6, 7]) if (site.has(past)) site.unite(site.axis(past, 1), queries);
  const position = site.fixed('lock.position');
  site.give(0, [position, position, spread(site, heads.values, site.outputShape(0)?.[2])]);
  for (const present of [1, 2]) site.give(present, [position, heads.keys, position, position]);
}, 'heads');

/** Query, key, value [batch, length, heads * size], past key, past value [batch, heads, ..]; query alone holds all three. */
const groupQuery: DependencyEntry = entry('heads', (site) => {
  const count = intAttribute(site.node, 'num_heads', 0);
  const keyCount = intAttribute(site.node, 'kv_num_heads', 0);
  const query = site.axis(0, 2);
  const size = query instanceof Int32Array ? query.length / (count + 2 * keyCount) : 0;
  const heads = site.has(1)
    ? { queries: headsOf(site, 0, count), keys: headsOf(site, 1, keyCount), values: headsOf(site, 2, keyCount) }
    : packedHeads(site, query, [count, keyCount, keyCount], [size * count, size * keyCount, size * keyCount]);
  if (heads === undefined) return;
  tieHeads(site, heads);
  for (const past of [3, 4]) if (site.has(past)) site.unite(site.axis(past, 1), heads.keys);
  const position = site.fixed('lock.position');
  site.give(0, [position, position, spread(site, heads.queries, site.outputShape(0)?.[2])]);
  for (const present of [1, 2]) site.give(present, [position, heads.keys, position, position]);
  // Tables of angles belong to positions, lengths to the batch.
}, 'heads');

/** Sum of input and skip (1) and bias, then normalized; output 3 is the sum. */
const skipNorm = (parameters: readonly number[], bias: number): DependencyEntry => entry('statistics', (site) => {
  const axes = site.axes(0);
  const skip = site.axes(1);
  skip.forEach((axis, index) => {
    const at = axes.length - skip.length + index;
    if (site.shape(1)?.[index] === site.shape(0)?.[at]) site.unite(axes[at] ?? site.fixed(), axis);
  });
  if (site.has(bias)) site.unite(axes.at(-1) ?? site.fixed(), site.axis(bias, 0));
  layerNorm(site, parameters, axes.length - 1, [[1, skip.length - 1], ...(site.has(bias) ? [[bias, 0] as const] : [])]);
  site.give(3, axes);
});

/** ids, segment ids, word, position and segment embeddings, gamma, beta; outputs the result, a mask and the sum. */
const embedNorm: DependencyEntry = entry('weights', (site) => {
  const hidden = site.unite(...[2, 3, 4, 5, 6].filter((at) => site.has(at)).map((at) => site.axis(at, -1)));
  site.mark(hidden, 'hidden');
  const position = site.fixed('lock.position');
  const result = [position, position, hidden];
  if (hidden instanceof Int32Array) site.mixes([2, 3, 4, 5, 6].filter((at) => site.has(at)).map((at) => [at, site.rank(at) - 1] as const), [[0, 2], [2, 2]]);
  site.give(0, result);
  site.give(2, result);
});

/** The bias table [buckets, heads] gives [1, heads, length, total]. */
const positionBias: DependencyEntry = entry('follows', (site) => {
  const position = site.fixed('lock.position');
  site.give(0, [position, site.axis(0, 1), position, position]);
});

export const microsoftDependencies: Readonly<Record<string, DependencyEntry>> = {
  FusedConv: fusedConvolution, FusedGemm: matrixDependencies.Gemm, FusedMatMul: fusedProduct, FusedMatMulActivation: fusedProduct, TransposeMatMul: fusedProduct,
  MatMulIntegerToFloat: integerToFloat, DynamicQuantizeMatMul: dynamicProduct,
  Gelu: unary, QuickGelu: unary, BiasGelu: broadcasting(0, 1), FastGelu: broadcasting(0, 1), BiasAdd: broadcasting(0, 1, 2), BiasDropout: broadcasting(0, 1, 2),
  LayerNormalization: normalizationDependencies.LayerNormalization, SimplifiedLayerNormalization: normalizationDependencies.RMSNormalization,
  SkipLayerNormalization: skipNorm([2, 3], 4), SkipSimplifiedLayerNormalization: skipNorm([2], 3), EmbedLayerNormalization: embedNorm,
  QuantizeLinear: quantizationDependencies.QuantizeLinear, DequantizeLinear: quantizationDependencies.DequantizeLinear,
  QLinearAdd: broadcasting(0, 3), QLinearMul: broadcasting(0, 3), QLinearSigmoid: unary, QLinearLeakyRelu: unary,
  Attention: attention, MultiHeadAttention: multiHead, GroupQueryAttention: groupQuery, RotaryEmbedding: rotary, RelativePositionBias: positionBias,
};

/** onnxruntime's operator in the default domain. */
export const runtimeDependencies: Readonly<Record<string, DependencyEntry>> = { SimplifiedLayerNormalization: normalizationDependencies.RMSNormalization };
