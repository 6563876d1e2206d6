// One file for reading, and what the system's errors about files mean. Not the rules for paths: see files.ts.

import { constants, type FileHandle, open } from 'node:fs/promises';
import { EngineError, errorMessage } from '../engine/error';
import type { ByteSource } from '../engine/ports';
import { reasonOfErrno } from '../protocol/text/reasons';

/**
 * Files that are kept open at a time. A model may have a side file for every tensor, and systems allow a process some
 * hundreds of open files: those beyond are opened for each read.
 */
const MAX_OPEN = 128;
let openFiles = 0;

export class FileSource implements ByteSource {
  private constructor(readonly name: string, readonly size: number, private handle: FileHandle | undefined) {}

  /** Opens without waiting: a pipe would block until somebody writes to it. */
  static async open(path: string): Promise<FileSource> {
    const handle = await openToRead(path);
    let stays = false;
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new EngineError('fileUnreadable', { file: path, reason: stats.isDirectory() ? 'reason.isFolder' : 'reason.notRegular' });
      stays = openFiles < MAX_OPEN;
      if (stays) openFiles += 1;
      return new FileSource(path, stats.size, stays ? handle : undefined);
    } catch (error) {
      throw error instanceof EngineError ? error : readError(error, path);
    } finally {
      if (!stays) await handle.close();
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.requireRange(offset, length);
    const bytes = new Uint8Array(length);
    await this.readInto(bytes, offset);
    return bytes;
  }

  /** Fills `bytes` from `offset`; for copying with the same memory over and over. */
  async readInto(bytes: Uint8Array, offset: number): Promise<void> {
    this.requireRange(offset, bytes.length);
    const handle = this.handle ?? await openToRead(this.name);
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
        if (bytesRead === 0) throw new EngineError('fileUnreadable', { file: this.name, reason: 'reason.shrank' });
        done += bytesRead;
      }
    } catch (error) {
      throw error instanceof EngineError ? error : readError(error, this.name);
    } finally {
      if (handle !== this.handle) await handle.close();
    }
  }

  async close(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) return;
    this.handle = undefined;
    openFiles -= 1;
    await handle.close();
  }

  private requireRange(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.size) return;
    throw new EngineError('truncatedModel', { file: this.name, what: 'data', offset, wanted: length, left: Math.max(0, this.size - offset) });
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK does not exist on Windows, where there are no pipes in folders either.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw readError(error, path);
  }
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** In words where there are some, else as the system says it. */
function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return reasonOfErrno[code] ?? (code || errorMessage(error));
}

export function readError(error: unknown, path: string): EngineError {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new EngineError('fileNotFound', { file: path }, { cause: error });
  return new EngineError('fileUnreadable', { file: path, reason: reasonOf(error) }, { cause: error });
}

/** An error while writing `path`, as a person should read it. */
export function writeError(error: unknown, path: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new EngineError('diskFull', { file: path }, { cause: error });
  return new EngineError('outputUnwritable', { file: path, reason: reasonOf(error) }, { cause: error });
}
