// Attention with its heads inside the operator: a head is one unit, through queries, keys, values, caches and the result.
// With grouped queries a key-value head goes with its query heads; with a single one, query heads go alone.

import { intAttribute } from '../../../ir/attributes';
import type { Axis } from '../labels';
import { entry, locks, type DependencyEntry, type RelateSite } from '../rule';
import { blocks } from './tools';

export interface Heads {
  readonly queries: Axis;
  readonly keys: Axis;
  readonly values: Axis;
}

/** Ties query heads to the key-value head they share; with one key-value head, that one stays. */
export function tieHeads(site: RelateSite, { queries, keys, values }: Heads): void {
  site.mark(queries, 'heads');
  if (!(queries instanceof Int32Array) || !(keys instanceof Int32Array) || !(values instanceof Int32Array)) {
    const lock = [queries, keys, values].find((axis) => !(axis instanceof Int32Array)) ?? site.fixed();
    for (const axis of [queries, keys, values]) site.unite(axis, lock);
    return;
  }
  site.unite(keys, values);
  const share = queries.length / keys.length;
  if (keys.length === 1 && queries.length > 1) return site.lock(keys, 'lock.single');
  if (!Number.isInteger(share)) return [queries, keys].forEach((axis) => site.lock(axis, 'lock.mismatch'));
  keys.forEach((key, head) => site.tie([key, ...queries.subarray(head * share, (head + 1) * share)]));
}

/** Heads of a tensor [batch, heads, length, size], or [batch, length, heads * size]. */
export function headsOf(site: RelateSite, position: number, count: number): Axis {
  return site.rank(position) === 4 ? site.axis(position, 1) : blocks(site, site.axis(position, 2), count);
}

/** The flat axis [heads * size] whose blocks are these heads. */
export function spread(site: RelateSite, heads: Axis, width: number | string | null | undefined): Axis {
  if (!(heads instanceof Int32Array) || typeof width !== 'number') return heads instanceof Int32Array ? site.fixed('lock.size') : heads;
  const size = width / heads.length;
  return Int32Array.from({ length: width }, (_, index) => heads[Math.floor(index / size)] ?? 0);
}

/** A mask or bias [..., heads, length, total] whose heads axis may be 1 or missing. */
export function biasHeads(site: RelateSite, position: number, heads: Axis): void {
  const axis = site.rank(position) - 3;
  if (site.has(position) && axis >= 0 && site.shape(position)?.[axis] !== 1) site.unite(site.axis(position, axis), heads);
}

/** Inputs Q, K, V, mask, past key, past value; outputs Y, present key, present value, scores. */
const attention: DependencyEntry = entry('heads', (site) => {
  const rank = site.rank(0);
  const keyCount = intAttribute(site.node, 'kv_num_heads', 0);
  const heads: Heads = {
    queries: headsOf(site, 0, intAttribute(site.node, 'q_num_heads', 0)), keys: headsOf(site, 1, keyCount), values: headsOf(site, 2, keyCount),
  };
  tieHeads(site, heads);
  biasHeads(site, 3, heads.queries);
  for (const past of [4, 5]) if (site.has(past)) site.unite(site.axis(past, 1), heads.keys);
  const position = site.fixed('lock.position');
  site.give(0, rank === 4 ? [position, heads.queries, position, position] : [position, position, spread(site, heads.queries, site.outputShape(0)?.[2])]);
  for (const present of [1, 2]) site.give(present, [position, heads.keys, position, position]);
  site.give(3, [position, heads.queries, position, position]);
}, 'heads');

/** X [batch, heads, length, size], or [batch, length, heads * size] with `num_heads`. */
export const rotary: DependencyEntry = entry('heads', (site) => {
  const axes = [...site.axes(0)];
  if (axes.length === 4) site.lock(axes[3] ?? site.fixed(), 'lock.position');
  const count = intAttribute(site.node, 'num_heads', 0);
  const flat = axes[2];
  if (axes.length === 3 && flat !== undefined) {
    if (count > 0) blocks(site, flat, count);
    else site.lock(flat, 'lock.position');
  }
  site.give(0, axes);
}, 'heads');

export const attentionDependencies = {
  Attention: attention, RotaryEmbedding: rotary, LinearAttention: locks, TensorScatter: locks,
} as const satisfies Record<string, DependencyEntry>;
