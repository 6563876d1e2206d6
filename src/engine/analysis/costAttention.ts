// Multiply-accumulates of attention: scores of every query with every key, and the weighted sum of the values, over whole
// sequences: what a causal or local mask leaves out counts too, as kernels without block skipping compute it.

import { intAttribute, stringAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { dependsOnData, type Formula, product } from './costFormula';

const given = (node: Node, input: number): boolean => (node.inputs[input] ?? '') !== '';

/** ONNX Attention and FlexAttention, from rank 4, or rank 3 with heads folded into the last axis; past_key at input 4. */
const attention: Formula = (node, dims) => {
  const q = dims(0);
  const k = dims(1);
  const v = dims(2);
  if (q === undefined || k === undefined || v === undefined) return null;
  const past = given(node, 4) ? dims(4)?.[2] : 0;
  if (past === undefined) return null;
  const [batch = 0] = q;
  const wide = q.length === 4;
  const heads = wide ? (q[1] ?? 0) : intAttribute(node, 'q_num_heads', 1);
  const keyHeads = wide ? (k[1] ?? 0) : intAttribute(node, 'kv_num_heads', 1);
  const length = wide ? (q[2] ?? 0) : (q[1] ?? 0);
  const total = (wide ? (k[2] ?? 0) : (k[1] ?? 0)) + past;
  const size = wide ? (q[3] ?? 0) : (q[2] ?? 0) / heads;
  const valueSize = wide ? (v[3] ?? 0) : (v[2] ?? 0) / keyHeads;
  return batch * heads * length * total * (size + valueSize);
};

/** com.microsoft Attention and QAttention: the projection [width, 3 * hidden] too; past [2, batch, heads, length, size]. */
const fusedAttention = (pastInput: number): Formula => (node, dims, output) => {
  const x = dims(0);
  const w = dims(1);
  const past = given(node, pastInput) ? dims(pastInput)?.[3] : 0;
  if (x === undefined || w === undefined || output === undefined || past === undefined) return null;
  const [batch = 0, length = 0, width = 0] = x;
  const columns = w[1] ?? 0;
  const hidden = output.at(-1) ?? 0;
  return batch * length * width * columns + batch * length * (length + past) * ((columns - hidden) / 2 + hidden);
};

/** Query [batch, length, hidden] (or packed, rank 5) by keys [batch, length, hidden] or [batch, heads, length, size]. */
const multiHeadAttention: Formula = (node, dims, output) => {
  const q = dims(0);
  if (q === undefined || output === undefined) return null;
  const [batch = 0, length = 0] = q;
  const valueWidth = output.at(-1) ?? 0;
  if (q.length === 5) return batch * length * length * 2 * valueWidth;
  const k = dims(1);
  const past = given(node, 6) ? dims(6)?.[2] : 0;
  if (k === undefined || past === undefined) return null;
  const keys = k.length === 4 ? (k[2] ?? 0) : (k[1] ?? 0);
  return batch * length * (keys + past) * ((q[2] ?? 0) + valueWidth);
};

/** Output [batch, length, heads * size]; keys as long as the query, and the past (input 3) with its whole buffer. */
const groupQueryAttention: Formula = (node, dims, output) => {
  const past = given(node, 3) ? dims(3)?.[2] : 0;
  if (output === undefined || past === undefined) return null;
  const [batch = 0, length = 0, hidden = 0] = output;
  return batch * length * (length + past) * 2 * hidden;
};

/** One query a sequence; keys of cross attention [batch, heads, length, size], else the past (input 5) and its own. */
const decoderAttention: Formula = (node, dims, output) => {
  const q = dims(0);
  const k = dims(1);
  const past = given(node, 5) ? dims(5)?.[2] : undefined;
  const keys = k?.length === 4 ? k[2] : past === undefined ? undefined : past + 1;
  return q === undefined || output === undefined || keys === undefined ? null : product(q.slice(0, 2)) * keys * ((q[2] ?? 0) + (output[2] ?? 0));
};

/** Token by token: the state [heads, key size, value size] is updated once and read once, and once more by delta rules. */
const linearAttention: Formula = (node, dims, output) => {
  const q = dims(0);
  if (q === undefined || output === undefined) return null;
  const heads = intAttribute(node, 'q_num_heads', 1);
  const keyHeads = intAttribute(node, 'kv_num_heads', 1);
  const [batch = 0, length = 0, width = 0] = q;
  const state = (width / heads) * ((output[2] ?? 0) / heads);
  const updates = stringAttribute(node, 'update_rule', 'gated_delta').endsWith('delta') ? 2 : 1;
  return batch * length * state * (heads + updates * keyHeads);
};

export const attentionFormulas = {
  Attention: attention, FlexAttention: attention, FusedAttention: fusedAttention(4), QAttention: fusedAttention(8),
  MultiHeadAttention: multiHeadAttention, GroupQueryAttention: groupQueryAttention, DecoderMaskedMultiHeadAttention: decoderAttention,
  LinearAttention: linearAttention,
  SparseAttention: dependsOnData, PackedAttention: dependsOnData, PackedMultiHeadAttention: dependsOnData, LongformerAttention: dependsOnData,
  DecoderMaskedSelfAttention: dependsOnData, QOrderedAttention: dependsOnData, QOrderedLongformerAttention: dependsOnData,
} as const satisfies Record<string, Formula>;
