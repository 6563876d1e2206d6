// How much smaller the weights become in an archive or a compressed download, measured: deflate (as in zip and gzip) on the
// bytes before and after.

import { deflateSync } from 'fflate';
import { storedBytes } from '../../../ir/tensors';
import { readTensor } from '../../../ir/tensors';
import type { Tensor } from '../../../ir/model';
import type { TypedArray } from '../../../ports';

/** Weights that are compressed at most (a second or two); beyond, the ratio is that of the first so many. */
const MOST_BYTES = 32 * 2 ** 20;

/** Bytes of the weights that were measured, and what deflate makes of them. */
export interface Shrinkage {
  measured: number;
  before: number;
  after: number;
}

export async function addShrinkage(sum: Shrinkage, before: Tensor, after: Tensor): Promise<void> {
  const bytes = storedBytes(before);
  if (sum.measured > 0 && sum.measured + bytes > MOST_BYTES) return;
  sum.measured += bytes;
  sum.before += await deflated(before);
  sum.after += await deflated(after);
}

async function deflated(tensor: Tensor): Promise<number> {
  return deflateSync(await rawBytes(tensor)).length;
}

/** Values of a number tensor as little-endian bytes. */
export async function rawBytes(tensor: Tensor): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = (await readTensor(tensor)).data as TypedArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
