// Attention and rotary embedding of ONNX 23, by decomposition.

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import { appended, attend, both, causal, coversScores, type Heads, mergeHeads, splitHeads } from '../attention/core';
import { rotate } from '../attention/rotary';
import { type ForwardContext, type GradientTable, refused, rewrite } from '../rule';

export const attentionGradients = {
  Attention: rewrite(attention),
  /** A recurrence over positions with a matrix as state: its unrolled form would be a graph of thousands of products. */
  LinearAttention: refused,
  RotaryEmbedding: rewrite(rotaryEmbedding),
} satisfies GradientTable<string>;

function attention(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const merged = facts(node.inputs[0] ?? '').shape.length === 3;
  if (context.input(6) !== undefined) context.refuse('nonpad_kv_seqlen');
  if ((node.outputs[3] ?? '') !== '') context.refuse('qk_matmul_output');
  for (const side of ['left_window_size', 'right_window_size']) if (intAttribute(node, side, -1) !== -1) context.refuse(side);
  const [queryHeads, keyHeads] = [intAttribute(node, 'q_num_heads'), intAttribute(node, 'kv_num_heads')];
  const query = headsOf(context, 0, queryHeads);
  const past = (position: number, now: Heads): Heads => (context.input(position) === undefined ? now : appended(build, headsOf(context, position), now));
  const key = past(4, headsOf(context, 1, keyHeads));
  const value = past(5, headsOf(context, 2, keyHeads));
  const mask = context.input(3);
  if (mask !== undefined && !coversScores(facts(mask).shape, query, key)) context.refuse(`attn_mask of shape ${facts(mask).shape.join('x')}`);
  const isBool = mask !== undefined && facts(mask).type === 'bool';
  const isCausal = intAttribute(node, 'is_causal', 0) === 1;
  const now = facts(node.inputs[1] ?? '').shape.at(-2) ?? 0;
  const before = key.length - now;
  // Which key the first query then reaches is not the same in onnxruntime 1.30 and in the specification.
  if (isCausal && before > 0 && now !== query.length) context.refuse('is_causal=1 with a past and other lengths of queries and keys');
  const order = isCausal ? causal(build, query.length, key.length, before) : undefined;
  const result = attend(build, {
    query, key, value,
    scale: floatAttribute(node, 'scale') ?? 1 / Math.sqrt(query.size),
    biases: mask === undefined || isBool ? [] : [mask],
    visible: both(build, isBool ? mask : undefined, order),
    softcap: floatAttribute(node, 'softcap', 0),
  });
  return [merged ? mergeHeads(build, result) : result.name, key.name, value.name].slice(0, node.outputs.length);
}

/** An input of three axes, whose heads the attribute counts, or of four. */
function headsOf({ node, build, facts, refuse }: ForwardContext, position: number, count?: number): Heads {
  const name = node.inputs[position] ?? '';
  const { shape } = facts(name);
  if (shape.length === 3) return splitHeads(build, name, shape as [number, number, number], count ?? refuse('three axes without q_num_heads'));
  const [batch, heads, length, size] = shape as [number, number, number, number];
  return { name, batch, heads, length, size };
}

/** X [batch, heads, positions, size] or [batch, positions, heads * size]; tables [max, angles] with position_ids, else [batch, positions, angles]. */
function rotaryEmbedding(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const [x = '', cosCache = '', sinCache = ''] = node.inputs;
  const { shape } = facts(x);
  const merged = shape.length === 3;
  const heads = headsOf(context, 0, intAttribute(node, 'num_heads'));
  const ids = context.input(3);
  const looked = (table: string): string => (ids === undefined ? table : build.node('Gather', [table, ids]));
  const angles = facts(cosCache).shape.at(-1) ?? 0;
  const given = intAttribute(node, 'rotary_embedding_dim', 0) || heads.size;
  if (given !== 2 * angles) context.refuse(`rotary_embedding_dim=${given}`);
  const turned = rotate(build, heads.name, [heads.batch, heads.heads, heads.length, heads.size], {
    cos: looked(cosCache), sin: looked(sinCache), batch: facts(ids ?? cosCache).shape[0] ?? 1, positions: heads.length, angles,
    interleaved: intAttribute(node, 'interleaved', 0) === 1,
  });
  return [merged ? mergeHeads(build, { ...heads, name: turned }) : turned];
}
