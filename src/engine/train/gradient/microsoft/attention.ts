// The attention operators of onnxruntime's transformer optimizer: their own ways to give heads, biases and masks, then the
// attention of ../attention/core.ts. Forms with a cache of past keys are refused: nothing is trained through them.

import { floatAttribute, int, intAttribute, intsAttribute } from '../../../ir/attributes';
import { attend, causal, coversScores, type Heads, mergeHeads, splitHeads } from '../attention/core';
import { rotate } from '../attention/rotary';
import type { ForwardContext } from '../rule';

/** What onnxruntime adds to a masked score (attention_parameters.h). */
const MASKED = -10_000;

const present = ({ node }: ForwardContext, position: number): boolean => (node.outputs[position] ?? '') !== '';

function refuseInputs(context: ForwardContext, inputs: Readonly<Record<number, string>>): void {
  for (const [position, name] of Object.entries(inputs)) if (context.input(Number(position)) !== undefined) context.refuse(name);
}

/** Attention: input [batch, length, width] times weights [width, query + key + value] plus bias gives all three. */
export function attention(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const [x = '', weights = ''] = node.inputs;
  refuseInputs(context, { 4: 'past', 6: 'past_sequence_length' });
  if (present(context, 1)) context.refuse('present');
  if (intAttribute(node, 'do_rotary', 0) !== 0) context.refuse('do_rotary');
  const [batch = 1, length = 1] = facts(x).shape;
  const heads = intAttribute(node, 'num_heads', 1);
  const total = facts(weights).shape[1] ?? 0;
  const widths = intsAttribute(node, 'qkv_hidden_sizes') ?? [total / 3, total / 3, total / 3];
  const bias = context.input(2);
  const product = build.matmul(x, weights);
  const parts = build.nodes('Split', [bias === undefined ? product : build.add(product, bias), build.ints(widths)], 3, { axis: int(-1) });
  const [query, key, value] = parts.map((name, index) => splitHeads(build, name, [batch, length, widths[index] ?? 0], heads)) as [Heads, Heads, Heads];
  const biases = [maskBias(context, 3, query, key), attentionBias(context, 5, query, key)].filter((name) => name !== undefined);
  return [mergeHeads(build, attend(build, { query, key, value, scale: scaleOf(context, query), biases, visible: unidirectional(context, query, key) }))];
}

/** MultiHeadAttention: query, key and value come projected; `bias` is that of all three. */
export function multiHeadAttention(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  refuseInputs(context, { 6: 'past_key', 7: 'past_value', 8: 'past_sequence_length', 9: 'cache_indirection' });
  if (present(context, 3)) context.refuse('qk');
  const shape = facts(node.inputs[0] ?? '').shape;
  const [key, value] = [context.input(1), context.input(2)];
  if (shape.length !== 3 || key === undefined || value === undefined) return context.refuse('packed query, key and value');
  const heads = intAttribute(node, 'num_heads', 1);
  const widthOf = (name: string): number => {
    const dims = facts(name).shape;
    return dims.length === 4 ? heads * (dims[3] ?? 0) : (dims[2] ?? 0);
  };
  const names = [node.inputs[0] ?? '', key, value];
  const bias = context.input(3);
  const biases = bias === undefined ? [] : build.nodes('Split', [bias, build.ints(names.map(widthOf))], 3, { axis: int(0) });
  const [q, k, v] = names.map((name, index) => projected(context, name, biases[index], heads)) as [Heads, Heads, Heads];
  const added = [maskBias(context, 4, q, k), attentionBias(context, 5, q, k)].filter((name) => name !== undefined);
  const result = attend(build, { query: q, key: k, value: v, scale: scaleOf(context, q), biases: added, visible: unidirectional(context, q, k) });
  return [mergeHeads(build, result), k.name, v.name].slice(0, node.outputs.length);
}

/** [batch, length, heads * size], or of keys and values [batch, heads, length, size], to which onnxruntime adds no bias. */
function projected({ build, facts }: ForwardContext, name: string, bias: string | undefined, heads: number): Heads {
  const { shape } = facts(name);
  if (shape.length === 4) return { name, batch: shape[0] ?? 1, heads, length: shape[2] ?? 1, size: shape[3] ?? 1 };
  return splitHeads(build, bias === undefined ? name : build.add(name, bias), shape as [number, number, number], heads);
}

/**
 * GroupQueryAttention without a past: each query sees the keys up to its own. What `seqlens_k` cuts off lies behind a
 * sequence's end, where no query before it looks.
 */
export function groupQueryAttention(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  refuseInputs(context, { 11: 'head_sink', 12: 'k_scale', 13: 'v_scale', 14: 'q_norm_weight', 15: 'k_norm_weight', 16: 'query_seqlens' });
  for (const position of [3, 4]) {
    const past = context.input(position);
    if (past !== undefined && facts(past).shape[2] !== 0) context.refuse(position === 3 ? 'past_key' : 'past_value');
  }
  if (present(context, 3)) context.refuse('output_qk');
  if (intAttribute(node, 'causal', 1) !== 1) context.refuse('causal=0');
  if (intAttribute(node, 'smooth_softmax', 0) === 1) context.refuse('smooth_softmax=1');
  const [heads, keyHeads] = [intAttribute(node, 'num_heads', 1), intAttribute(node, 'kv_num_heads', 1)];
  const [query = '', key = '', value = ''] = unpackedInputs(context, heads, keyHeads);
  const [batch = 1, length = 1, width = 0] = facts(node.inputs[0] ?? '').shape;
  const size = context.input(1) === undefined ? width / (heads + 2 * keyHeads) : width / heads;
  const turned = (x: Heads): Heads => (intAttribute(node, 'do_rotary', 0) === 1 ? rotated(context, x) : x);
  const q = turned(splitHeads(build, query, [batch, length, heads * size], heads));
  const k = turned(splitHeads(build, key, [batch, length, keyHeads * size], keyHeads));
  const v = splitHeads(build, value, [batch, length, keyHeads * size], keyHeads);
  const window = intAttribute(node, 'local_window_size', -1);
  const bias = attentionBias(context, 10, q, k);
  const result = attend(build, {
    query: q, key: k, value: v, scale: scaleOf(context, q), biases: bias === undefined ? [] : [bias],
    visible: causal(build, length, length, 0, window > 0 ? window : Infinity), softcap: floatAttribute(node, 'softcap', 0),
  });
  return [mergeHeads(build, result), k.name, v.name].slice(0, node.outputs.length);
}

/** Query, key and value; without the latter two, the query holds all three. */
function unpackedInputs(context: ForwardContext, heads: number, keyHeads: number): readonly string[] {
  const { node, build, facts } = context;
  const [query = '', key = '', value = ''] = node.inputs;
  if (key !== '' && value !== '') return [query, key, value];
  const size = (facts(query).shape[2] ?? 0) / (heads + 2 * keyHeads);
  return build.nodes('Split', [query, build.ints([heads * size, keyHeads * size, keyHeads * size])], 3, { axis: int(-1) });
}

function rotated(context: ForwardContext, x: Heads): Heads {
  const { node, build, facts } = context;
  const [cos, sin, ids] = [context.input(7), context.input(8), context.input(9)];
  if (cos === undefined || sin === undefined) return context.refuse('do_rotary without cos_cache and sin_cache');
  const angles = facts(cos).shape[1] ?? 0;
  const table = (name: string): string => (ids === undefined ? build.slice(name, 0, 0, x.length) : build.node('Gather', [name, ids]));
  const name = rotate(build, x.name, [x.batch, x.heads, x.length, x.size], {
    cos: table(cos), sin: table(sin), batch: ids === undefined ? 1 : (facts(ids).shape[0] ?? 1), positions: x.length, angles,
    interleaved: intAttribute(node, 'rotary_interleaved', 0) === 1,
  });
  return { ...x, name };
}

/** RotaryEmbedding: X [batch, length, heads * size] or [batch, heads, length, size]; one position id is that of the first position. */
export function rotaryEmbedding(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const [x = '', ids = '', cos = '', sin = ''] = node.inputs;
  if (intAttribute(node, 'is_packed_batching', 0) === 1) context.refuse('is_packed_batching=1');
  if (floatAttribute(node, 'scale', 1) !== 1) context.refuse('scale');
  const { shape } = facts(x);
  const angles = facts(cos).shape[1] ?? 0;
  const given = intAttribute(node, 'rotary_embedding_dim', 0);
  const heads = (): number => intAttribute(node, 'num_heads', 0) || (given === 0 ? (shape[2] ?? 0) / (2 * angles) : context.refuse('rotary_embedding_dim without num_heads'));
  const split = shape.length === 3 ? splitHeads(build, x, shape as [number, number, number], heads())
    : { name: x, batch: shape[0] ?? 1, heads: shape[1] ?? 1, length: shape[2] ?? 1, size: shape[3] ?? 1 };
  const isOffset = facts(ids).shape.length < 2;
  const positions = isOffset
    ? build.add(build.reshape(ids, [1, 1]), build.constant({ type: 'int64', dims: [1, split.length], data: BigInt64Array.from({ length: split.length }, (_, at) => BigInt(at)) }))
    : ids;
  const name = rotate(build, split.name, [split.batch, split.heads, split.length, split.size], {
    cos: build.node('Gather', [cos, positions]), sin: build.node('Gather', [sin, positions]),
    batch: isOffset ? 1 : split.batch, positions: split.length, angles, interleaved: intAttribute(node, 'interleaved', 0) === 1,
  });
  return [shape.length === 3 ? mergeHeads(build, { ...split, name }) : name];
}

function scaleOf({ node }: ForwardContext, { size }: Heads): number {
  // Zero stands for the default.
  return floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(size);
}

function unidirectional({ node, build }: ForwardContext, query: Heads, key: Heads): string | undefined {
  return intAttribute(node, 'unidirectional', 0) === 1 ? causal(build, query.length, key.length, 0) : undefined;
}

function attentionBias(context: ForwardContext, position: number, query: Heads, key: Heads): string | undefined {
  const bias = context.input(position);
  if (bias === undefined) return undefined;
  const { shape } = context.facts(bias);
  return coversScores(shape, query, key) ? bias : context.refuse(`attention_bias of shape ${shape.join('x')}`);
}

/** A mask of ones and zeros [batch, keys] or [batch, queries, keys], or the lengths [batch] of the sequences, as added bias. */
function maskBias(context: ForwardContext, position: number, query: Heads, key: Heads): string | undefined {
  const { node, build, facts } = context;
  const mask = context.input(position);
  if (mask === undefined) return undefined;
  const shape = facts(mask).shape.join();
  const value = build.scalar(floatAttribute(node, 'mask_filter_value', MASKED));
  const hidden = (seen: string): string => build.where(seen, build.scalar(0), value);
  const isOne = (dims: readonly number[]): string => hidden(build.node('Greater', [build.reshape(mask, dims), build.scalar(0, 'int32')]));
  if (shape === `${key.batch},${key.length}`) return isOne([key.batch, 1, 1, key.length]);
  if (shape === `${key.batch},${query.length},${key.length}`) return isOne([key.batch, 1, query.length, key.length]);
  if (shape !== `${key.batch}`) return context.refuse(`mask of shape ${shape.replaceAll(',', 'x')}`);
  const places = build.constant({ type: 'int32', dims: [1, 1, 1, key.length], data: Int32Array.from({ length: key.length }, (_, at) => at) });
  return hidden(build.node('Less', [places, build.reshape(mask, [key.batch, 1, 1, 1])]));
}
