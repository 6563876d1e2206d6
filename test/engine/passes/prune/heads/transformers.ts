// Small transformers for tests of prune.heads: attention in exported or fused form, a feed-forward block, a classifier.

import { int, ints } from '../../../../../src/engine/ir/attributes';
import type { Dim, Model } from '../../../../../src/engine/ir/model';
import { Net } from '../../../../support/pruning';

/** Width of the residual stream, of a head, of the feed-forward block; heads; answers. */
export const sizes = { width: 12, head: 3, neurons: 32, heads: 4, answers: 3 } as const;

/** Heads side by side, from a stream [batch, length, width] to [batch, length, heads * head]. */
export type Attention = (net: Net, x: string) => string;

/** The shape of the split heads as a node that Reshape takes; `flat` are the heads side by side, `x` the stream. */
export type Split = (net: Net, flat: string, x: string) => string;

export const fixedSplit: Split = (net) => net.ints(0, 0, sizes.heads, sizes.head);

/** Size of an axis as it is when the model runs. */
export function sizeOf(net: Net, tensor: string, axis: number): string {
  return net.node('Gather', [net.node('Shape', [tensor]), net.ints(axis)], { axis: int(0) });
}

/** MatMul, Softmax and MatMul between Reshape and Transpose, as PyTorch exports it. */
export function exported(split: Split = fixedSplit): Attention {
  return (net, x) => {
    const { width, head, heads } = sizes;
    const project = (perm: readonly number[]): string => {
      const flat = net.dense(x, width, heads * head);
      return net.node('Transpose', [net.node('Reshape', [flat, split(net, flat, x)])], { perm: ints([...perm]) });
    };
    const [q, k, v] = [project([0, 2, 1, 3]), project([0, 2, 3, 1]), project([0, 2, 1, 3])];
    const shares = net.node('Softmax', [net.node('MatMul', [q, k])], { axis: int(-1) });
    return net.node('Reshape', [net.node('Transpose', [net.node('MatMul', [shares, v])], { perm: ints([0, 2, 1, 3]) }), net.ints(0, 0, heads * head)]);
  };
}

/** One operator of com.microsoft. */
export const fused: Attention = (net, x) => {
  const { width, head, heads } = sizes;
  const project = (): string => net.node('MatMul', [x, net.weight(width, heads * head)]);
  return net.node('MultiHeadAttention', [project(), project(), project(), net.weight(3 * heads * head)], { num_heads: int(heads) }, 'com.microsoft');
};

/** Two query heads share a head of keys and values. */
export const grouped: Attention = (net, x) => {
  const { width, head, heads } = sizes;
  const project = (count: number): string => net.node('MatMul', [x, net.weight(width, count * head)]);
  return net.node('Attention', [project(heads), project(heads / 2), project(heads / 2)], { q_num_heads: int(heads), kv_num_heads: int(heads / 2) });
};

export interface Block {
  readonly attention?: Attention;
  readonly neurons?: number;
}

/** Blocks over a stream that a dense layer makes, normalized after each part; the mean over positions goes to a pooler and a classifier. */
export async function transformer(blocks: readonly Block[], batch: readonly [Dim, Dim] = ['batch', 5]): Promise<Model> {
  const net = new Net({ '': 23, 'com.microsoft': 1 }, 11);
  const { width, head, heads, answers } = sizes;
  const normal = (x: string): string => net.node('LayerNormalization', [x, net.positive(width), net.weight(width)], { axis: int(-1) });
  const input = net.input([...batch, width]);
  let x = normal(net.dense(input, width, width));
  for (const { attention, neurons } of blocks) {
    if (attention !== undefined) x = normal(net.node('Add', [x, net.dense(attention(net, x), heads * head, width)]));
    if (neurons !== undefined) x = normal(net.node('Add', [x, net.dense(net.node('Relu', [net.dense(x, width, neurons)]), neurons, width)]));
  }
  const pooled = net.node('Tanh', [net.dense(net.node('ReduceMean', [x, net.ints(1)], { keepdims: int(0) }), width, 16)]);
  net.output(net.dense(pooled, 16, answers));
  return renamed(await net.model(), input);
}

/** The input is called as in the samples of tests. */
export function renamed(model: Model, input: string): Model {
  model.graph.inputs = model.graph.inputs.map((info) => (info.name === input ? { ...info, name: 'x' } : info));
  for (const node of model.graph.nodes) node.inputs = node.inputs.map((name) => (name === input ? 'x' : name));
  return model;
}
