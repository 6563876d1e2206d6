// Operators of com.microsoft that onnxruntime's tools for transformers and generation write: fused attention of decoders,
// packed sequences, experts, ordered int8, searches. Input orders from onnxruntime's ContribOperators.md.

import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, broadcast, divideDims, divideExactly, multiplyDims, subtractDims, type Shape } from '../dims';
import type { Rule } from '../rule';
import { axisOf, isRanked, numbers, tensor, type TensorShape } from '../tensorShape';
import { attentionRules } from './attention';
import { broadcasting, same, sameShape } from './elementwise';
import { generateRules } from './generate';
import { firstType, product } from './matrix';
import { reducedShape } from './reduce';
import { signalRules } from './signal';
import { slicingRules } from './slicing';
import { pooling } from './window';

/** The shape of one input in the type of another. */
const shapedAs = (shape: number, type: number): Rule => ({ inputs }) => [tensor(inputs[type]?.type ?? 'undefined', inputs[shape]?.shape ?? null)];

/** Query [batch, length, hidden], alone when it holds keys and values too; a shared cache keeps its length, others grow. */
const groupQueryAttention: Rule = ({ node, inputs: [query, key, , pastKey] }) => {
  const [batch = null, length = null, width = null] = query?.shape ?? [];
  const heads = intAttribute(node, 'num_heads', 0);
  const keyHeads = intAttribute(node, 'kv_num_heads', 0);
  const packed = key === undefined;
  const size = divideExactly(width, packed ? heads + 2 * keyHeads : heads);
  const type = query?.type ?? 'undefined';
  const present = tensor(pastKey?.type ?? type, [batch, keyHeads, pastKey === undefined ? length : null, size]);
  return [tensor(type, !isRanked(query) ? null : [batch, length, packed ? multiplyDims(size, heads) : width]), present, present];
};

/** Query [batch, 1, hidden]; the output has the width of the values. */
const decoderAttention: Rule = ({ inputs: [query, , value, , , pastKey, pastValue] }) => {
  const type = query?.type ?? 'undefined';
  const width = value?.shape?.length === 3 ? (value.shape[2] ?? null)
    : value?.shape?.length === 4 ? multiplyDims(value.shape[1] ?? null, value.shape[3] ?? null) : (query?.shape?.[2] ?? null);
  const open = (past: TensorShape | undefined): TensorShape => tensor(past?.type ?? type, past?.shape?.map((dim, axis) => (axis === 2 ? null : dim)) ?? null);
  return [tensor(type, query?.shape?.length === 3 ? [...query.shape.slice(0, 2), width] : null), open(pastKey), open(pastValue)];
};

/** Hidden size of the values: by attribute, else a third of the packed projection at `weights`. */
const packedWidth = (node: Parameters<Rule>[0]['node'], weights: TensorShape | undefined): Dim =>
  intsAttribute(node, 'qkv_hidden_sizes')?.[2] ?? divideExactly(weights?.shape?.[1] ?? null, 3);

/** Tokens [count, width] without padding. */
const packedAttention: Rule = ({ node, inputs: [x, weights] }) => [tensor(x?.type ?? 'undefined', [x?.shape?.[0] ?? null, packedWidth(node, weights)])];

const packedMultiHead: Rule = ({ inputs: [query, , value] }) => {
  const [tokens = null, heads = null, , size = null] = query?.shape ?? [];
  const width = query?.shape?.length === 4 ? multiplyDims(heads, size) : (value?.shape?.[1] ?? null);
  return [tensor(query?.type ?? 'undefined', [tokens, width])];
};

/** Tokens that are no padding: their number is data. */
const removePadding: Rule = ({ inputs: [x] }) => {
  const [batch = null, length = null, hidden = null] = x?.shape ?? [];
  return [tensor(x?.type ?? 'undefined', [null, hidden]), tensor('int32', [batch, length]), tensor('int32', [addDims(batch, 1)]), tensor('int32', [1])];
};

const restorePadding: Rule = ({ inputs: [x, offsets] }) =>
  [tensor(x?.type ?? 'undefined', [offsets?.shape?.[0] ?? null, offsets?.shape?.[1] ?? null, x?.shape?.[1] ?? null])];

/** bias_table [buckets, heads], lengths of query and key. */
const positionBias: Rule = ({ inputs: [table, query, key] }) =>
  [tensor(table?.type ?? 'undefined', [1, table?.shape?.[1] ?? null, query?.value?.[0] ?? null, key?.value?.[0] ?? null])];

const gatedPositionBias: Rule = ({ node, inputs: [query, , positions] }) => {
  const length = positions?.shape?.[2] ?? query?.shape?.[1] ?? null;
  return [tensor(query?.type ?? 'undefined', [query?.shape?.[0] ?? null, intAttribute(node, 'num_heads') ?? null, length, length])];
};

/** ids [batch, length], embeddings in 8 bits; results in the type of the scales. */
const quantizedEmbedding: Rule = ({ inputs }) => {
  const [ids, , words] = inputs;
  const shape = !isRanked(ids) ? null : [...ids.shape, words?.shape?.[1] ?? null];
  return [tensor(inputs[8]?.type ?? 'undefined', shape), tensor('int32', [ids?.shape?.[0] ?? null])];
};

/** sequences [batch, returned, length] (or [batch, length] without beams): when a search ends is data. */
const search = (beams: boolean): Rule => ({ inputs: [ids, , , , returned] }) => {
  const batch = ids?.type === 'int32' ? (ids.shape?.[0] ?? null) : null;
  const count = numbers(returned)?.[0] ?? null;
  const sequences = tensor('int32', beams ? [batch, count, null] : [batch, null]);
  return beams ? [sequences, tensor('float32', [batch, count]), tensor('float32', null)] : [sequences];
};

const sparseProduct: Rule = ({ node, inputs: [a, b] }) => {
  const rows = a?.shape?.length === 2 ? (a.shape[intAttribute(node, 'transA', 0)] ?? null) : null;
  const columns = b?.shape?.length === 2 ? (b.shape[1 - intAttribute(node, 'transB', 0)] ?? null) : null;
  return [tensor(b?.type ?? 'undefined', [rows, columns])];
};

const integerSum: Rule = ({ node, inputs: [x] }) =>
  [tensor('int32', !isRanked(x) ? null : reducedShape(x.shape, intsAttribute(node, 'axes') ?? 'all', intAttribute(node, 'keepdims', 1) === 1))];

const insertedAxis: Rule = ({ inputs: [x, axisInput] }) => {
  const chosen = axisInput?.value?.[0];
  const axis = isRanked(x) && typeof chosen === 'number' ? axisOf(chosen, x.shape.length + 1) : undefined;
  return [tensor(x?.type ?? 'undefined', !isRanked(x) || axis === undefined ? null : x.shape.toSpliced(axis, 0, 1))];
};

const embedding: Rule = ({ inputs: [weight, indices] }) =>
  [tensor(weight?.type ?? 'undefined', !isRanked(indices) ? null : [...indices.shape, weight?.shape?.[1] ?? null])];

/** Windows of `size` elements every `step` along `dim`, as a new last axis. */
const unfold: Rule = ({ node, inputs: [x] }) => {
  const size = intAttribute(node, 'size', 1);
  const axis = isRanked(x) ? axisOf(intAttribute(node, 'dim', -1), x.shape.length) : undefined;
  const windows = (dim: Dim): Dim => addDims(divideDims(subtractDims(dim, size), intAttribute(node, 'step', 1), 'floor'), 1);
  return [tensor(x?.type ?? 'undefined', !isRanked(x) || axis === undefined ? null : [...x.shape.map((dim, at) => (at === axis ? windows(dim) : dim)), size])];
};

/** The last axes are frequency and (real, imaginary). */
const inverseTransform: Rule = ({ inputs: [x] }) => {
  const shape: Shape | null = !isRanked(x) || x.shape.length < 2 ? null : [...x.shape.slice(0, -2), multiplyDims(2, subtractDims(x.shape.at(-2) ?? null, 1))];
  return [tensor(x?.type ?? 'undefined', shape)];
};

export const microsoftModelRules = {
  GroupQueryAttention: groupQueryAttention, SparseAttention: groupQueryAttention,
  DecoderMaskedMultiHeadAttention: decoderAttention, LongformerAttention: same,
  DecoderMaskedSelfAttention: ({ node, inputs: [x, weights, , , past] }) => [
    tensor(x?.type ?? 'undefined', !isRanked(x) ? null : [...x.shape.slice(0, -1), packedWidth(node, weights)]),
    tensor(past?.type ?? 'undefined', past?.shape?.map((dim, axis) => (axis === 3 ? null : dim)) ?? null)],
  PackedAttention: packedAttention, PackedMultiHeadAttention: packedMultiHead,
  RemovePadding: removePadding, RestorePadding: restorePadding, RelativePositionBias: positionBias, GatedRelativePositionBias: gatedPositionBias,
  LinearAttention: attentionRules.LinearAttention,
  CausalConvWithState: ({ inputs: [x] }) => [x && tensor(x.type, x.shape), tensor(x?.type ?? 'undefined', null)],
  GemmFastGelu: product(0, 1, firstType), MoE: same, QMoE: same, SwiGLU: ({ inputs: [gate, up] }) => [up === undefined ? undefined : gate && tensor(gate.type, gate.shape)],
  QEmbedLayerNormalization: quantizedEmbedding,
  QOrderedMatMul: product(0, 2, firstType), QOrderedGelu: same, QOrderedLayerNormalization: same, QOrderedLongformerAttention: same,
  QOrderedAttention: ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', !isRanked(x) ? null : [...x.shape.slice(0, -1), null])],
  QuantizeWithOrder: sameShape('int8'), DequantizeWithOrder: shapedAs(0, 1),
  BeamSearch: search(true), WhisperBeamSearch: search(true), GreedySearch: search(false), Sampling: search(false),
  BitmaskDropout: ({ inputs: [x] }) => [x && tensor(x.type, x.shape), tensor('uint32', [null])], ComplexMul: broadcasting(), ComplexMulConj: broadcasting(),
  MulInteger: ({ inputs: [a, , b] }) => [tensor('int32', broadcast(a?.shape ?? null, b?.shape ?? null))],
  ReduceSumInteger: integerSum, SparseToDenseMatMul: sparseProduct, ExpandDims: insertedAxis, TorchEmbedding: embedding,
  MaxpoolWithMask: pooling(), UnfoldTensor: unfold, Irfft: inverseTransform, IsAllFinite: () => [tensor('bool', [])],
  CDist: ({ inputs: [a, b] }) => [tensor(a?.type ?? 'undefined', [a?.shape?.[0] ?? null, b?.shape?.[0] ?? null])],
  GatherND: slicingRules.GatherND, GridSample: signalRules.GridSample, Range: generateRules.Range, Unique: slicingRules.Unique, SampleOp: same,
} as const satisfies Record<string, Rule>;
