// Attention (opset 23) and its companions of later opsets.

import { intAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, divideExactly, multiplyDims, subtractDims } from '../dims';
import type { Rule } from '../rule';
import { tensor, type TensorShape } from '../tensorShape';
import { same } from './elementwise';

interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly length: Dim;
  readonly size: Dim;
}

/** Q, K or V as [batch, heads, length, size], from rank 4 or from rank 3 with heads folded into the last axis. */
function headsOf(x: TensorShape | undefined, heads: Dim): Heads {
  const shape = x?.shape;
  if (shape?.length === 4) {
    const [batch = null, count = null, length = null, size = null] = shape;
    return { batch, heads: count, length, size };
  }
  const [batch = null, length = null, hidden = null] = shape ?? [];
  return { batch, heads, length, size: divideExactly(hidden, heads) };
}

/** Outputs Y, present_key, present_value, qk_matmul_output (ONNX "Attention"). */
const attention: Rule = ({ node, inputs: [q, k, v, , pastKey, pastValue] }) => {
  const type = q?.type ?? 'undefined';
  const query = headsOf(q, intAttribute(node, 'q_num_heads') ?? null);
  const keyHeads = intAttribute(node, 'kv_num_heads') ?? null;
  const key = headsOf(k, keyHeads);
  const value = headsOf(v, keyHeads);
  const total = pastKey === undefined ? key.length : addDims(pastKey.shape?.[2] ?? null, key.length);
  const totalValue = pastValue === undefined ? value.length : addDims(pastValue.shape?.[2] ?? null, value.length);
  const rank = q?.shape?.length;
  const y = rank === 4 ? [query.batch, query.heads, query.length, value.size]
    : rank === 3 ? [query.batch, query.length, multiplyDims(query.heads, value.size)] : null;
  return [
    tensor(type, y),
    tensor(k?.type ?? type, [key.batch, key.heads, total, key.size]),
    tensor(v?.type ?? type, [value.batch, value.heads, totalValue, value.size]),
    tensor(type, [query.batch, query.heads, query.length, total]),
  ];
};

/** Outputs [batch, length, query heads * value size] and the state [batch, heads, key size, value size] (opset 27). */
const linearAttention: Rule = ({ node, inputs: [q, k, v, past] }) => {
  const type = q?.type ?? 'undefined';
  const keyHeads = intAttribute(node, 'kv_num_heads') ?? null;
  const key = headsOf(k, keyHeads);
  const value = headsOf(v, keyHeads);
  const query = headsOf(q, intAttribute(node, 'q_num_heads') ?? null);
  return [
    tensor(type, [query.batch, query.length, multiplyDims(query.heads, value.size)]),
    tensor(past?.type ?? type, past?.shape ?? [key.batch, keyHeads, key.size, value.size]),
  ];
};

/** Output as the input; the carried state holds the last kernel - 1 values. */
const causalConv: Rule = ({ inputs: [x, w] }) => {
  const [batch = null, channels = null] = x?.shape ?? [];
  return [tensor(x?.type ?? 'undefined', x?.shape ?? null), tensor(x?.type ?? 'undefined', [batch, channels, subtractDims(w?.shape?.at(-1) ?? null, 1)])];
};

export const attentionRules = {
  Attention: attention, RotaryEmbedding: same, SwiGLU: same, LinearAttention: linearAttention, CausalConvWithState: causalConv,
} as const satisfies Record<string, Rule>;
