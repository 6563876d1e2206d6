// How much smaller the weights become in an archive or a compressed download, measured: deflate (as in zip and gzip) on the
// bytes before and after.

import { deflateSync } from 'fflate';
import type { Tensor } from '../../../ir/model';
import { readTensor } from '../../../ir/tensors';
import type { TypedArray } from '../../../ports';

/** Weights that are compressed at most, in bytes: one or two seconds. Of more, each tensor's beginning stands for it. */
const MOST_BYTES = 16 * 2 ** 20;

/** Bytes of the weights that were measured, and what deflate makes of them. */
export interface Shrinkage {
  readonly measured: number;
  readonly before: number;
  readonly after: number;
}

export interface Change {
  readonly before: Tensor;
  readonly after: Tensor;
}

/**
 * @param bytes of all weights together
 * @param between is called before each tensor
 */
export async function shrinkageOf(changes: Iterable<Change>, bytes: number, between: () => void): Promise<Shrinkage> {
  const share = Math.min(1, MOST_BYTES / bytes);
  const sum = { measured: 0, before: 0, after: 0 };
  for (const { before, after } of changes) {
    between();
    const [old, changed] = [await rawBytes(before), await rawBytes(after)];
    const length = Math.ceil(old.length * share);
    sum.measured += length;
    sum.before += deflateSync(old.subarray(0, length)).length;
    sum.after += deflateSync(changed.subarray(0, length)).length;
  }
  return sum;
}

/** Values of a number tensor as little-endian bytes. */
export async function rawBytes(tensor: Tensor): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = (await readTensor(tensor)).data as TypedArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
