// A column of encoded images (files of a folder or an archive, cells of a table), decoded when read.

import type { Decoders, NdArray } from '../../ports';
import type { Column } from './column';

/** Decoded bytes kept for images that are read again (calibration passes over the same few hundred samples). */
const CACHE_BYTES = 64 * 2 ** 20;

export interface EncodedImage {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Images of any size, as [height, width, channels] of bytes. */
export function imageColumn(size: number, decoders: Decoders, encoded: (indices: readonly number[]) => Promise<readonly EncodedImage[]>): Column {
  const cache = new Map<number, NdArray>();
  let cached = 0;
  const keep = (index: number, image: NdArray): void => {
    cache.set(index, image);
    cached += image.data.length;
    for (const [oldest, old] of cache) {
      if (cached <= CACHE_BYTES) break;
      cache.delete(oldest);
      cached -= old.data.length;
    }
  };
  return {
    size,
    layout: 'HWC',
    async read(indices) {
      const missing = [...new Set(indices)].filter((index) => !cache.has(index));
      const images = new Map<number, NdArray>();
      for (const index of indices) {
        const image = cache.get(index);
        if (image !== undefined) images.set(index, image);
      }
      const files = await encoded(missing);
      for (const [position, index] of missing.entries()) {
        const file = files[position] as EncodedImage;
        const { width, height, channels, data } = await decoders.image(file.bytes, file.name);
        const image: NdArray = { type: 'uint8', dims: [height, width, channels], data };
        images.set(index, image);
        keep(index, image);
      }
      return indices.map((index) => images.get(index) as NdArray);
    },
  };
}
