// What stays of every axis once units are chosen: no tensors, no nodes.

import { type Axis, type Dependencies, isLabels, type Relations } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';

/** Units to remove by group id: indices from 0 to the group's size. */
export type ChosenUnits = ReadonlyMap<string, Iterable<number>>;

/** Entries that stay on an axis, rising; undefined where all stay. */
export type KeptEntries = Int32Array | undefined;

export interface Kept {
  of(tensor: string, axis: number): KeptEntries;
  /** Entries of every axis of a tensor; undefined where the whole tensor stays as it is. */
  tensor(name: string): readonly KeptEntries[] | undefined;
}

/**
 * @throws EngineError `pruneUnknownUnits` for a group or unit that is not there, `pruneEmpty` when an axis would lose all it has.
 */
export function keptBy({ groups, relations }: Dependencies, chosen: ChosenUnits): Kept {
  const removed = new Set<number>();
  const byId = new Map(groups.map((group) => [group.id, group]));
  for (const [id, units] of chosen) {
    const group = byId.get(id);
    for (const unit of units) {
      const root = group?.classes[unit];
      if (root === undefined) throw new EngineError('pruneUnknownUnits', { group: id, unit });
      removed.add(root);
    }
  }
  return keptWithout(relations, removed);
}

function keptWithout({ labels, axes }: Relations, removed: ReadonlySet<number>): Kept {
  const known = new Map<Int32Array, KeptEntries>();
  const keptOn = (axis: Axis): KeptEntries => {
    if (!isLabels(axis)) return undefined;
    if (known.has(axis)) return known.get(axis);
    const stays: number[] = [];
    axis.forEach((label, index) => {
      if (!removed.has(labels.find(label))) stays.push(index);
    });
    const kept = stays.length === axis.length ? undefined : Int32Array.from(stays);
    known.set(axis, kept);
    return kept;
  };
  const tensors = new Map<string, readonly KeptEntries[]>();
  for (const [name, own] of removed.size === 0 ? [] : axes) {
    const kept = own.map(keptOn);
    if (kept.some((entries) => entries?.length === 0)) throw new EngineError('pruneEmpty', { tensor: name });
    if (kept.some((entries) => entries !== undefined)) tensors.set(name, kept);
  }
  return { of: (tensor, axis) => tensors.get(tensor)?.[axis], tensor: (name) => tensors.get(name) };
}
