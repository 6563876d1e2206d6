// Scaled dot-product attention (Vaswani 2017) in plain operators: what every attention operator becomes.

import { int } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';
import { broadcastShape } from '../broadcast';

/** [batch, heads, length, size] */
export interface Heads {
  readonly name: string;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
}

/** A tensor [batch, length, heads * size] as heads. */
export function splitHeads(build: GraphBuilder, name: string, [batch, length, width]: readonly [number, number, number], heads: number): Heads {
  const size = width / heads;
  const split = build.reshape(name, [batch, length, heads, size]);
  return { name: build.transpose(split, [0, 2, 1, 3]), batch, heads, length, size };
}

/** The inverse: [batch, length, heads * size]. */
export function mergeHeads(build: GraphBuilder, { name, batch, heads, length, size }: Heads): string {
  return build.reshape(build.transpose(name, [0, 2, 1, 3]), [batch, length, heads * size]);
}

/** `after` behind `before` along the positions: the keys or values of a cache and those of this call. */
export function appended(build: GraphBuilder, before: Heads, after: Heads): Heads {
  return { ...after, name: build.concat([before.name, after.name], 2), length: before.length + after.length };
}

export interface Attending {
  readonly query: Heads;
  /** Keys and values may have fewer heads: each then serves a group of consecutive query heads (Ainslie 2023). */
  readonly key: Heads;
  readonly value: Heads;
  readonly scale: number;
  /** Added to the scores; each broadcasts to [batch, heads, queries, keys]. */
  readonly biases: readonly string[];
  /** Bool, true where a key is seen. */
  readonly visible?: string | undefined;
  /** Scores are squashed to cap * tanh(score / cap); 0 for none. */
  readonly softcap?: number;
}

/** softmax(Q K^T * scale + biases) V as [batch, heads, queries, size of values]. */
export function attend(build: GraphBuilder, { query, key, value, scale, biases, visible, softcap = 0 }: Attending): Heads {
  const group = query.heads / key.heads;
  // Grouped heads get an axis of their own, along which MatMul repeats the keys: nothing is copied.
  const grouped = ({ name, batch, heads, length, size }: Heads, share: number): string =>
    (group === 1 ? name : build.reshape(name, [batch, heads / share, share, length, size]));
  const turned = build.transpose(grouped(key, 1), group === 1 ? [0, 1, 3, 2] : [0, 1, 2, 4, 3]);
  const scaled = scale === 1 ? query.name : build.mul(query.name, build.scalar(scale));
  const product = build.matmul(grouped({ ...query, name: scaled }, group), turned);
  const scores = { ...query, name: product, size: key.length };
  let name = group === 1 ? product : build.reshape(product, [query.batch, query.heads, query.length, key.length]);
  if (softcap !== 0) name = build.mul(build.node('Tanh', [build.div(name, build.scalar(softcap))]), build.scalar(softcap));
  for (const bias of biases) name = build.add(name, bias);
  if (visible !== undefined) name = build.where(visible, name, build.scalar(LOWEST));
  const weights = build.node('Softmax', [name], { axis: int(-1) });
  const mixed = build.matmul(grouped({ ...scores, name: weights }, group), grouped(value, 1));
  const result = { ...query, size: value.size };
  return { ...result, name: group === 1 ? mixed : build.reshape(mixed, [query.batch, query.heads, query.length, value.size]) };
}

/** The lowest float32: exp of it is zero, and a row of nothing else stays free of NaN. */
const LOWEST = -3.4028234663852886e38;

/** Bool [queries, keys]: query i sees the keys up to i + offset, and no more than `window` of them where one is given. */
export function causal(build: GraphBuilder, queries: number, keys: number, offset: number, window = Infinity): string {
  const sees = (at: number): number => {
    const [query, key] = [Math.floor(at / keys) + offset, at % keys];
    return key <= query && key > query - window ? 1 : 0;
  };
  return build.constant({ type: 'bool', dims: [queries, keys], data: Uint8Array.from({ length: queries * keys }, (_, at) => sees(at)) }, 'train/causal');
}

/** Both, where both are there. */
export function both(build: GraphBuilder, a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? (a ?? b) : build.node('And', [a, b]);
}

/** Whether a mask of this shape covers all queries and keys without being padded. */
export function coversScores(mask: readonly number[], query: Heads, key: Heads): boolean {
  const scores = [query.batch, query.heads, query.length, key.length];
  return mask.length <= 4 && (mask.at(-1) ?? 1) === key.length && broadcastShape(scores, mask).join() === scores.join();
}
