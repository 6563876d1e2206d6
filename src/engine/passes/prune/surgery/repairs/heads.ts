// Repairs of attention: how many heads are left.

import { packedWidths } from '../../../../analysis/dependencies/index';
import { int, intAttribute, ints } from '../../../../ir/attributes';
import { isDefaultDomain, type Node } from '../../../../ir/model';
import type { KeptEntries } from '../kept';
import type { Repair, RepairSite } from '../repair';

export const repairHeads: Repair = (site) => {
  const { node } = site;
  if (node.opType === 'RotaryEmbedding') set(node, 'num_heads', headsLeft(site, 0, intAttribute(node, 'num_heads', 0)));
  else if (node.opType === 'GroupQueryAttention') grouped(site);
  else if (node.opType === 'MultiHeadAttention') set(node, 'num_heads', headsLeft(site, 0, intAttribute(node, 'num_heads', 0)));
  else if (isDefaultDomain(node.domain)) {
    set(node, 'q_num_heads', headsLeft(site, 0, intAttribute(node, 'q_num_heads', 0)));
    set(node, 'kv_num_heads', headsLeft(site, 1, intAttribute(node, 'kv_num_heads', 0)));
  } else packed(site);
};

function set(node: Node, name: string, count: number | undefined): void {
  if (count !== undefined && node.attributes.has(name)) node.attributes.set(name, int(count));
}

/** Heads of an input: an axis of its own in ranks 4 (axis 1) and 5 (axis 2), blocks of the last in rank 3. */
function headsLeft(site: RepairSite, position: number, count: number): number | undefined {
  const shape = site.shape(position) ?? [];
  if (shape.length === 4 || shape.length === 5) return site.inputKept(position, shape.length - 3)?.length;
  const kept = site.inputKept(position, 2);
  return kept === undefined ? undefined : (kept.length * count) / Number(shape[2]);
}

function keptWithin(kept: Int32Array, start: number, width: number): number {
  return kept.reduce((count, entry) => count + (entry >= start && entry < start + width ? 1 : 0), 0);
}

/** Queries alone hold keys and values behind them. */
function grouped(site: RepairSite): void {
  const { node } = site;
  const [count, keyCount] = [intAttribute(node, 'num_heads', 0), intAttribute(node, 'kv_num_heads', 0)];
  if (site.has(1)) {
    set(node, 'num_heads', headsLeft(site, 0, count));
    set(node, 'kv_num_heads', headsLeft(site, 1, keyCount));
    return;
  }
  const kept: KeptEntries = site.inputKept(0, 2);
  if (kept === undefined) return;
  const size = Number(site.shape(0)?.[2]) / (count + 2 * keyCount);
  set(node, 'num_heads', keptWithin(kept, 0, count * size) / size);
  set(node, 'kv_num_heads', keptWithin(kept, count * size, keyCount * size) / size);
}

/** com.microsoft Attention: weights [width, queries + keys + values]. */
function packed(site: RepairSite): void {
  const { node } = site;
  const kept = site.inputKept(1, 1);
  if (kept === undefined) return;
  const widths = packedWidths(node, Number(site.shape(1)?.[1]));
  const [q, k, v] = widths;
  const left = [keptWithin(kept, 0, q), keptWithin(kept, q, k), keptWithin(kept, q + k, v)];
  set(node, 'num_heads', ((left[0] ?? 0) * intAttribute(node, 'num_heads', 0)) / q);
  if (node.attributes.has('qkv_hidden_sizes')) node.attributes.set('qkv_hidden_sizes', ints(left));
}
