// Operators of com.microsoft that onnxruntime's optimizer and quantizer write, and of com.microsoft.nchwc, its blocked
// layout on CPU. Input orders from onnxruntime's ContribOperators.md.

import { intAttribute } from '../../attributes';
import { dataTypeOf, type DataType } from '../../dataTypes';
import type { Dim } from '../../model';
import { addDims, broadcast, divideDims, divideExactly, multiplyDims, type Shape } from '../dims';
import type { Rule, RuleContext } from '../rule';
import { axisOf, isRanked, tensor, unknownTensor, type TensorShape } from '../tensorShape';
import { same } from './elementwise';
import { firstType, gemm, product, productShape } from './matrix';
import { layerNormalization } from './normalization';
import { quantizationRules } from './quantization';
import { recurrentRules } from './recurrent';
import { reducedShape } from './reduce';
import { convolutionRule, globalPooling, pooledShape, pooling, windowRules } from './window';

/** Broadcast of the inputs at two positions; the type is that of the first, as elsewhere in the quantized family. */
const broadcastOf = (a: number, b: number): Rule => ({ inputs }) =>
  [tensor(inputs[a]?.type ?? 'undefined', broadcast(inputs[a]?.shape ?? null, inputs[b]?.shape ?? null))];

/** A rule applied to other positions than its own. */
const at = (positions: readonly number[], rule: Rule): Rule => (context) =>
  rule({ ...context, inputs: positions.map((position) => context.inputs[position]) });

const ofType = (result: (context: RuleContext) => DataType, rule: Rule): Rule => (context) =>
  rule(context).map((output) => (output === undefined ? undefined : { ...output, type: result(context) }));

const typeAt = (index: number, absent: DataType = 'undefined') => ({ inputs }: RuleContext): DataType => inputs[index]?.type ?? absent;

const channelsLast = ({ node, inputs: [x] }: RuleContext): Shape | null => pooledShape(node, x, true);

const pooled = (context: RuleContext): Shape | null =>
  intAttribute(context.node, 'channels_last', 0) === 1 ? channelsLast(context) : pooledShape(context.node, context.inputs[0]);

const globallyPooled: Rule = ({ node, inputs: [x] }) => {
  const last = intAttribute(node, 'channels_last', 0) === 1;
  return [tensor(x?.type ?? 'undefined', x?.shape?.map((dim, axis) =>
    (axis === 0 || axis === (last ? (x.shape?.length ?? 0) - 1 : 1) ? dim : 1)) ?? null)];
};

/** Inputs Y scale, Y zero point, then triples (tensor, scale, zero point). */
const quantizedConcat: Rule = ({ node, inputs }) => {
  const parts = inputs.filter((_, index) => index >= 2 && (index - 2) % 3 === 0).map((input) => input?.shape ?? null);
  const [first = null] = parts;
  const axis = axisOf(intAttribute(node, 'axis', 0), first?.length ?? 0);
  const shape = first === null || axis === undefined || parts.includes(null) ? null
    : first.map((dim, index) => (index === axis ? parts.reduce<Dim>((sum, part) => addDims(sum, part?.[index] ?? null), 0) : dim));
  return [tensor(inputs[2]?.type ?? 'undefined', shape)];
};

/** transBatchA and transBatchB move the first axis before the last; transA and transB then exchange the last two. */
const fusedMatMul: Rule = ({ node, inputs: [a, b] }) => {
  const arranged = (shape: Shape | null | undefined, transposed: string, moved: string): Shape | null | undefined => {
    if (shape === null || shape === undefined || shape.length < 2) return shape;
    const [first = null, last = null] = [shape[0], shape.at(-1)];
    const before = intAttribute(node, moved, 0) === 1 ? [...shape.slice(1, -1), first, last] : shape;
    return intAttribute(node, transposed, 0) === 1 ? [...before.slice(0, -2), before.at(-1) ?? null, before.at(-2) ?? null] : before;
  };
  return [tensor(a?.type ?? 'undefined', productShape(arranged(a?.shape, 'transA', 'transBatchA'), arranged(b?.shape, 'transB', 'transBatchB')))];
};

/** MatMulNBits and its kin: B is packed, its size is in attributes K and N. */
const packedMatMul: Rule = ({ node, inputs: [a] }) =>
  [tensor(a?.type ?? 'undefined', !isRanked(a) ? null : [...a.shape.slice(0, -1), intAttribute(node, 'N') ?? null])];

/** Input [batch, length, width], weights [width, 3 * hidden]; the hidden size is a third unless qkv_hidden_sizes says. */
const attention: Rule = ({ node, inputs: [x, weights, bias] }) => {
  const [batch = null, length = null] = x?.shape ?? [];
  const sizes = node.attributes.get('qkv_hidden_sizes');
  const hidden = sizes?.kind === 'ints' && sizes.value.length === 3
    ? Number(sizes.value[2]) : divideExactly(weights?.shape?.[1] ?? bias?.shape?.[0] ?? null, 3);
  const heads = intAttribute(node, 'num_heads') ?? null;
  const present = [2, batch, heads, null, divideExactly(hidden, heads)];
  return [tensor(x?.type ?? 'undefined', [batch, length, hidden]), tensor(x?.type ?? 'undefined', present)];
};

/** Query [batch, length, hidden], or packed [batch, length, heads, 3, size]; the value may have another width. */
const multiHeadAttention: Rule = ({ node, inputs: [query, key, value, , , , pastKey, pastValue] }) => {
  const type = query?.type ?? 'undefined';
  const heads = intAttribute(node, 'num_heads') ?? null;
  if (query?.shape?.length === 5) {
    const [batch = null, length = null, count = null, , size = null] = query.shape;
    const present = tensor(type, [batch, count, length, size]);
    return [tensor(type, [batch, length, multiplyDims(count, size)]), present, present];
  }
  if (query?.shape?.length !== 3) return [tensor(type, null)];
  const [batch = null, length = null, hidden = null] = query.shape;
  const width = value?.shape?.length === 3 ? (value.shape[2] ?? null) : value?.shape?.length === 4 ? multiplyDims(value.shape[1] ?? null, value.shape[3] ?? null) : hidden;
  const present = (x: TensorShape | undefined, past: TensorShape | undefined): TensorShape => {
    const split = x?.shape?.length === 4;
    const own = x?.shape?.[split ? 2 : 1] ?? null;
    const size = split ? (x.shape?.[3] ?? null) : x?.shape?.length === 3 ? divideExactly(x.shape[2] ?? null, heads) : null;
    return tensor(type, [batch, heads, past === undefined ? own : addDims(own, past.shape?.[2] ?? null), size]);
  };
  return [tensor(type, [batch, length, width]), present(key, pastKey), present(value, pastValue)];
};

/** Output, mean, inverse deviation, and the sum of the inputs. */
const skipNormalization: Rule = ({ inputs: [x] }) => {
  const type = x?.type ?? 'undefined';
  const statistics = tensor('float32', x?.shape?.map((dim, axis) => (axis === (x.shape?.length ?? 0) - 1 ? 1 : dim)) ?? null);
  return [tensor(type, x?.shape ?? null), statistics, statistics, tensor(type, x?.shape ?? null)];
};

/** input_ids [batch, length], embeddings [.., hidden]. */
const embedLayerNormalization: Rule = ({ inputs: [ids, , words] }) => {
  const shape = !isRanked(ids) ? null : [...ids.shape, words?.shape?.[1] ?? null];
  return [tensor(words?.type ?? 'undefined', shape), tensor('int32', [ids?.shape?.[0] ?? null]), tensor(words?.type ?? 'undefined', shape)];
};

const quantizedReduction: Rule = ({ node, inputs: [x] }) => {
  const axes = node.attributes.get('axes');
  const over = axes?.kind === 'ints' ? axes.value.map(Number) : 'all';
  return [tensor(x?.type ?? 'undefined', !isRanked(x) ? null : reducedShape(x.shape, over, intAttribute(node, 'keepdims', 1) === 1))];
};

const quantizedGemm: Rule = (context) => {
  const float = context.inputs[8] === undefined;
  return at([0, 3], gemm)(context).map((output) => output && { ...output, type: float ? 'float32' : output.type });
};

const gatherQuantized: Rule = ({ node, inputs: [x, indices, scales] }) => {
  const axis = axisOf(intAttribute(node, 'gather_axis', 0), x?.shape?.length ?? 0);
  // uint8 data holds several elements a byte: the size of the last axis follows from `bits`.
  if (!isRanked(x) || !isRanked(indices) || axis === undefined || x.type === 'uint8') return [tensor(scales?.type ?? 'undefined', null)];
  return [tensor(scales?.type ?? 'undefined', [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)])];
};

export const microsoftRules = {
  FusedConv: convolutionRule, FusedGemm: gemm, GemmFloat8: ofType(({ node }) => dataTypeOf(intAttribute(node, 'dtype', 1)), gemm),
  FusedMatMul: fusedMatMul, FusedMatMulActivation: fusedMatMul, TransposeMatMul: fusedMatMul,
  MatMulNBits: packedMatMul, MatMulBnb4: packedMatMul, MatMulFpQ4: packedMatMul,
  Gelu: same, BiasGelu: same, FastGelu: same, QuickGelu: same, BiasSoftmax: same, BiasDropout: ({ inputs: [x] }) => [x && tensor(x.type, x.shape), tensor('bool', x?.shape ?? null)],
  BiasAdd: same, BiasSplitGelu: ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', !isRanked(x) ? null : [...x.shape.slice(0, -1), divideExactly(x.shape.at(-1) ?? null, 2)])],
  LayerNormalization: layerNormalization, SimplifiedLayerNormalization: layerNormalization,
  SkipLayerNormalization: skipNormalization, SkipSimplifiedLayerNormalization: skipNormalization,
  EmbedLayerNormalization: embedLayerNormalization, GroupNorm: same, SkipGroupNorm: same, RotaryEmbedding: same,
  Attention: attention, MultiHeadAttention: multiHeadAttention, QAttention: ofType(typeAt(3), attention),
  QuantizeLinear: quantizationRules.QuantizeLinear, DequantizeLinear: quantizationRules.DequantizeLinear,
  QLinearAdd: broadcastOf(0, 3), QLinearMul: broadcastOf(0, 3), QLinearSigmoid: same, QLinearLeakyRelu: same, QLinearSoftmax: same,
  QLinearWhere: ({ inputs }) => [tensor(inputs[1]?.type ?? 'undefined', broadcast(inputs[0]?.shape ?? null, inputs[1]?.shape ?? null, inputs[4]?.shape ?? null))],
  QLinearConcat: quantizedConcat, QLinearReduceMean: quantizedReduction,
  QLinearGlobalAveragePool: globallyPooled, QLinearAveragePool: (context) => [tensor(firstType(context), pooled(context))],
  QLinearConv: (context) => intAttribute(context.node, 'channels_last', 0) === 1 ? channelsLastConv(context) : windowRules.QLinearConv(context),
  NhwcMaxPool: (context) => [tensor(firstType(context), channelsLast(context))],
  NhwcConv: (context) => channelsLastConv({ ...context, inputs: [context.inputs[0], undefined, undefined, context.inputs[1], undefined, undefined, undefined, context.inputs[0]] }),
  NhwcFusedConv: (context) => channelsLastConv({ ...context, inputs: [context.inputs[0], undefined, undefined, context.inputs[1], undefined, undefined, undefined, context.inputs[0]] }),
  QGemm: quantizedGemm,
  MatMulInteger16: product(0, 1, () => 'int32'),
  MatMulIntegerToFloat: product(0, 1, typeAt(2)), DynamicQuantizeMatMul: product(0, 1, typeAt(2)),
  DynamicQuantizeLSTM: at([0], recurrentRules.LSTM),
  ConvTransposeWithDynamicPads: ({ node, inputs: [x, w] }) => [tensor(x?.type ?? 'undefined', !isRanked(x) ? null
    : [x.shape[0] ?? null, multiplyDims(w?.shape?.[1] ?? null, intAttribute(node, 'group', 1)), ...x.shape.slice(2).map(() => null)])],
  GatherBlockQuantized: gatherQuantized, Inverse: same, Trilu: same, Rfft: ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', !isRanked(x) ? null : [...x.shape.slice(0, -1), addDims(divideDims(x.shape.at(-1) ?? null, 2, 'floor'), 1), 2])],
  Pad: ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', x?.shape?.map(() => null) ?? null)],
} as const satisfies Record<string, Rule>;

/** Channels are last in data and result; weights stay [M, C/group, ...kernel]. */
function channelsLastConv(context: RuleContext): ReturnType<Rule> {
  const x = context.inputs[0] ?? unknownTensor;
  if (x.shape === null) return [tensor(typeAt(7)(context), null)];
  const [batch = null, ...rest] = x.shape;
  const first = { ...x, shape: [batch, rest.at(-1) ?? null, ...rest.slice(0, -1)] };
  return windowRules.QLinearConv({ ...context, inputs: context.inputs.with(0, first) }).map((output) => {
    if (!isRanked(output)) return output;
    const [n = null, channels = null, ...sizes] = output.shape;
    return { ...output, shape: [n, ...sizes, channels] };
  });
}

/** Channels a block in the NCHWc layout: 16 with AVX-512, 8 otherwise (mlas). */
const largestBlock = 16;

/**
 * Channels in blocks: ReorderInput fills up the last block, whose size depends on the machine, so that a count that is
 * no multiple of the largest is open; ReorderOutput names the true count.
 */
export const layoutRules = {
  Conv: convolutionRule,
  MaxPool: pooling(), AveragePool: pooling(), GlobalMaxPool: globalPooling, GlobalAveragePool: globalPooling,
  Upsample: ({ node, inputs: [x] }) => {
    const scales = node.attributes.get('scales');
    return [tensor(x?.type ?? 'undefined', x?.shape?.map((dim, axis) => (scales?.kind === 'ints' ? multiplyDims(dim, Number(scales.value[axis] ?? 1)) : null)) ?? null)];
  },
  ReorderInput: ({ node, inputs: [x] }) => {
    if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
    const last = intAttribute(node, 'channels_last', 0) === 1;
    const channels = x.shape[last ? x.shape.length - 1 : 1] ?? null;
    const whole = typeof channels === 'number' && channels % largestBlock === 0;
    return [tensor(x.type, [x.shape[0] ?? null, whole ? channels : null, ...(last ? x.shape.slice(1, -1) : x.shape.slice(2))])];
  },
  ReorderOutput: ({ node, inputs: [x] }) => {
    const channels = intAttribute(node, 'channels') ?? null;
    const [batch = null, , ...sizes] = x?.shape ?? [];
    if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
    return [tensor(x.type, intAttribute(node, 'channels_last', 0) === 1 ? [batch, ...sizes, channels] : [batch, channels, ...sizes])];
  },
} as const satisfies Record<string, Rule>;

