// A file being written, as a sink that takes ranges of other files without holding more than a few blocks of them: while
// some are read, others are written.

import { copyFile, type FileHandle } from 'node:fs/promises';
import type { ByteSink, ByteSource } from '../engine/ports';
import { FileSource } from './fileSource';

/** Bytes of a block: read and written while it is in the processor's cache. With 4 MB copying took three to five times as long. */
const BLOCK = 1 << 20;
/** Blocks on their way at a time: as many as Node.js has threads for files (UV_THREADPOOL_SIZE is 4 by default). */
const LANES = 4;

/** `path` is the path of `handle`, which is new and empty. */
export function fileSink(handle: FileHandle, path: string): ByteSink {
  let position = 0;
  let blocks: readonly Uint8Array[] | undefined;

  const write = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  };

  async function copyBlocks(source: FileSource, offset: number, length: number): Promise<void> {
    blocks ??= Array.from({ length: LANES }, () => new Uint8Array(BLOCK));
    const start = position;
    let next = 0;
    const lanes = blocks.map(async (block) => {
      while (next < length) {
        const at = next;
        next += BLOCK;
        const part = block.subarray(0, Math.min(BLOCK, length - at));
        try {
          await source.readInto(part, offset + at);
          await write(part, start + at);
        } catch (error) {
          next = length;
          throw error;
        }
      }
    });
    // All have ended before an error is thrown: none may write to a file that is closed and removed.
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    position = start + length;
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
