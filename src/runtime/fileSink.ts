// A file being written, as a sink that takes ranges of other files without holding more than two blocks of them: one is
// read while the other is written.

import { copyFile, type FileHandle } from 'node:fs/promises';
import type { ByteSink, ByteSource } from '../engine/ports';
import { FileSource } from './fileSource';

/** Bytes of a block. Larger ones are no faster, and two of them stay in memory. */
const BLOCK = 1 << 22;

/** `path` is the path of `handle`, which is new and empty. */
export function fileSink(handle: FileHandle, path: string): ByteSink {
  let position = 0;
  let blocks: readonly [Uint8Array, Uint8Array] | undefined;

  const write = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  };

  async function copyBlocks(source: FileSource, offset: number, length: number): Promise<void> {
    blocks ??= [new Uint8Array(BLOCK), new Uint8Array(BLOCK)];
    let [reading, writing] = blocks;
    let pending: Promise<void> = Promise.resolve();
    for (let done = 0; done < length; done += BLOCK) {
      const block = reading.subarray(0, Math.min(BLOCK, length - done));
      const read = source.readInto(block, offset + done);
      // Both run; an error of either is thrown once both have ended, so that no block is in use any more.
      const [, failure] = await Promise.all([pending, read.then(() => undefined, (error: unknown) => ({ error }))]);
      if (failure !== undefined) throw failure.error;
      pending = write(block, position);
      position += block.length;
      [reading, writing] = [writing, reading];
    }
    await pending;
  }

  return {
    async write(bytes) {
      await write(bytes, position);
      position += bytes.length;
    },
    async copyFrom(source: ByteSource, offset, length) {
      if (!(source instanceof FileSource)) {
        for (let done = 0; done < length; done += BLOCK) await this.write(await source.read(offset + done, Math.min(BLOCK, length - done)));
      } else if (position === 0 && offset === 0 && length === source.size) {
        // The system copies whole files by itself, or shares their blocks where the file system can.
        await copyFile(source.name, path);
        position = length;
      } else {
        await copyBlocks(source, offset, length);
      }
    },
  };
}
