// Which samples a training sees, and in which order: pure functions of the seed, so that a resumed run needs no state.

import type { Split } from '../data/dataset';
import { randomIndices } from '../data/sampling';
import { seededRandom } from '../random';
import { seedOf } from './seeds';

/** Every sample once, in an order of its own for each epoch (from 0). */
export function epochOrder(size: number, seed: number, epoch: number): number[] {
  return randomIndices(size, size, seededRandom(seedOf('order', seed, epoch)));
}

/**
 * Samples that are kept from training to judge it: 5 %, at most 1,000 (a standard error of 1.4 points at 75 %), and at
 * least 250 (2.7 points) where that is no more than a tenth.
 */
const HELD_OUT = { share: 0.05, most: 1000, least: 250, mostShare: 0.1 };

/** Cuts a split in two at random; of a single sample nothing is held out. */
export function heldOut(split: Split, seed: number): { readonly train: Split; readonly validation: Split } {
  const wanted = Math.max(split.size * HELD_OUT.share, Math.min(HELD_OUT.least, split.size * HELD_OUT.mostShare));
  const count = Math.min(HELD_OUT.most, Math.ceil(wanted), split.size - 1);
  const order = randomIndices(split.size, split.size, seededRandom(seedOf('held out', seed)));
  const ascending = (indices: readonly number[]): number[] => [...indices].sort((a, b) => a - b);
  return {
    train: subset(split, split.name, ascending(order.slice(count))),
    validation: subset(split, `${split.name} (held out)`, ascending(order.slice(0, count))),
  };
}

/** Some samples of a split, counted anew from 0; `indices` of its batches stay those of the whole split, for messages. */
export function subset(split: Split, name: string, members: readonly number[]): Split {
  const gather = async (indices: readonly number[]): ReturnType<Split['gather']> => {
    const batch = await split.gather(indices.map((index) => members[index] ?? -1));
    return { ...batch, start: indices[0] ?? 0 };
  };
  return {
    name,
    size: members.length,
    labelled: split.labelled,
    gather,
    read: (start, end) => gather(Array.from({ length: Math.max(0, Math.min(end, members.length) - start) }, (_, index) => start + index)),
  };
}
