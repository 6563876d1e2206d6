// Labels of the entries of tensor axes: entries that must be removed together share a class (union-find). A class may be
// locked, with the first reason found, and carries marks that say what its entries are.

import type { TextParams } from '../../../protocol/text/index';
import type { LockCode } from '../../../protocol/text/locks';

/** Why entries must stay. */
export interface Lock {
  readonly code: LockCode;
  readonly params: TextParams;
}

/** The entries of one axis, a label each; or a lock where nothing can ever be removed (positions, sizes known at run time only). */
export type Axis = Int32Array | Lock;

/** What operators say about the entries they work on; bits, since a class may be several things. */
export const marks = { channels: 1, neurons: 2, hidden: 4, heads: 8 } as const;
export type Mark = keyof typeof marks;

export function isLabels(axis: Axis): axis is Int32Array {
  return axis instanceof Int32Array;
}

/** Longer axes are locked: no width of a network comes near, and a damaged file may state any size. */
export const mostEntries = 1 << 22;

export class Labels {
  private readonly parents: number[] = [];
  private readonly locks = new Map<number, Lock>();
  private readonly marked = new Map<number, number>();

  fresh(count: number): Int32Array {
    const first = this.parents.length;
    for (let index = 0; index < count; index++) this.parents.push(first + index);
    return Int32Array.from({ length: count }, (_, index) => first + index);
  }

  /** The class of a label: its smallest label, so that the order of classes is that in which they came up. */
  find(label: number): number {
    let root = label;
    for (let parent = this.parent(root); parent !== root; parent = this.parent(root)) root = parent;
    for (let at = label; at !== root;) {
      const next = this.parent(at);
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    const [left, right] = [this.find(a), this.find(b)];
    if (left === right) return;
    const [root, child] = left < right ? [left, right] : [right, left];
    this.parents[child] = root;
    const lock = this.locks.get(root) ?? this.locks.get(child);
    if (lock !== undefined) this.locks.set(root, lock);
    this.mark(root, this.marked.get(child) ?? 0);
  }

  lock(label: number, lock: Lock): void {
    const root = this.find(label);
    if (!this.locks.has(root)) this.locks.set(root, lock);
  }

  lockOf(label: number): Lock | undefined {
    return this.locks.get(this.find(label));
  }

  mark(label: number, bits: number): void {
    const root = this.find(label);
    this.marked.set(root, (this.marked.get(root) ?? 0) | bits);
  }

  marksOf(label: number): number {
    return this.marked.get(this.find(label)) ?? 0;
  }

  // ── whole axes ─────────────────────────────────────────────────────────────────────────────────────────────────

  lockAll(axis: Axis, lock: Lock): void {
    if (isLabels(axis)) for (const label of axis) this.lock(label, lock);
  }

  /** Entry i of both stays or goes together. Axes of different lengths cannot: both are locked with `mismatch`. */
  unite(a: Axis, b: Axis, mismatch: Lock): Axis {
    if (!isLabels(a)) {
      this.lockAll(b, a);
      return a;
    }
    if (!isLabels(b)) {
      this.lockAll(a, b);
      return b;
    }
    if (a === b) return a;
    if (a.length !== b.length) {
      this.lockAll(a, mismatch);
      this.lockAll(b, mismatch);
      return mismatch;
    }
    for (let index = 0; index < a.length; index++) this.join(a[index] ?? 0, b[index] ?? 0);
    return a;
  }

  /** The reason why no entry can go; undefined while one can. */
  wholeLock(axis: Axis): Lock | undefined {
    if (!isLabels(axis)) return axis;
    let first: Lock | undefined;
    for (const label of axis) {
      const lock = this.lockOf(label);
      if (lock === undefined) return undefined;
      first ??= lock;
    }
    return first;
  }

  private parent(label: number): number {
    return this.parents[label] ?? label;
  }
}
