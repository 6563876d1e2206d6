// Files on disk: random access for reading, and writing that never overwrites and never leaves half a file.

import { type FileHandle, link, lstat, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { EngineError, errorMessage } from '../engine/error';
import { reasonOfErrno } from '../protocol/text/reasons';
import type { ByteSink, ByteSource, FileSystem } from '../engine/ports';

class FileSource implements ByteSource {
  constructor(readonly name: string, readonly size: number, private readonly handle: FileHandle) {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new EngineError('truncatedModel', { file: this.name, what: 'data', offset, wanted: length, left: Math.max(0, this.size - offset) });
    }
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new EngineError('fileUnreadable', { file: this.name, reason: 'reason.shrank' });
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw readError(error, path);
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new EngineError('fileUnreadable', { file: path, reason: stats.isDirectory() ? 'reason.isFolder' : 'reason.notRegular' });
    return new FileSource(path, stats.size, handle);
  } catch (error) {
    await handle.close();
    throw error instanceof EngineError ? error : readError(error, path);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** In words where there are some, else as the system says it. */
function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return reasonOfErrno[code] ?? (code || errorMessage(error));
}

function readError(error: unknown, path: string): EngineError {
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

export const nodeFiles: FileSystem = {
  open: openFile,

  async openBeside(beside, location, tensor) {
    const folder = dirname(resolve(beside));
    const outside = (): EngineError => new EngineError('externalDataOutside', { tensor, file: location });
    if (isAbsolute(location) || location === '') throw outside();
    const path = join(folder, location);
    let realFolder: string;
    let realPath: string;
    try {
      realFolder = await realpath(folder);
      realPath = await realpath(path);
    } catch (error) {
      // A path that climbs out is refused as such, whether or not something is there.
      if (climbsOut(folder, path)) throw outside();
      if (errorCode(error) === 'ENOENT') throw new EngineError('externalDataMissing', { tensor, file: path }, { cause: error });
      throw readError(error, path);
    }
    // Symbolic links are followed first: what counts is where the bytes really are.
    if (climbsOut(realFolder, realPath)) throw outside();
    return openFile(realPath);
  },

  async stat(path) {
    try {
      const stats = await stat(path);
      return { kind: stats.isDirectory() ? 'folder' : 'file', size: stats.size };
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', size: 0 };
      throw readError(error, path);
    }
  },

  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const kinds = await Promise.all(entries.map(async (entry) => {
        if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'folder' : 'file';
        const target = await nodeFiles.stat(join(path, entry.name));
        return target.kind === 'folder' ? 'folder' : 'file';
      }));
      return entries
        .map((entry, index) => ({ name: entry.name, kind: kinds[index] ?? 'file' }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw error instanceof EngineError ? error : readError(error, path);
    }
  },

  resolve: (base, path) => resolve(base, path),
  dirname,
  basename: (path) => basename(path),
};

function climbsOut(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

const TRIES = 1000;

/** `path`, or the first of `name-2.ext`, `name-3.ext`, ... that does not exist; `extension` may have several dots (`.int8.onnx`). */
export async function freePath(path: string, extension = parse(path).ext): Promise<string> {
  const stem = path.slice(0, path.length - extension.length);
  for (let number = 1; number < TRIES; number += 1) {
    const candidate = number === 1 ? path : `${stem}-${number}${extension}`;
    if (!(await exists(candidate))) return candidate;
  }
  throw new EngineError('outputUnwritable', { file: path, reason: 'reason.tooManyNames' });
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw readError(error, path);
  }
}

export interface WriteOptions {
  /** Replace an existing file (job folders only; never a user's file). Default false. */
  readonly replace?: boolean;
}

/**
 * Writes a file beside its final name, flushes it, then gives it its name. With `replace` false an existing file is
 * never touched: `outputUnwritable` with EEXIST. On any error nothing is left behind.
 */
export async function writeAtomically(path: string, write: (sink: ByteSink) => Promise<void>, options: WriteOptions = {}): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    const file = handle;
    await write({
      async write(bytes) {
        let done = 0;
        while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
      },
    });
    await file.sync();
    await file.close();
    handle = undefined;
    await (options.replace === true ? rename(temporary, path) : renameToNew(temporary, path));
  } catch (error) {
    await handle?.close();
    await removeIfThere(temporary);
    throw writeError(error, path);
  }
}

/** rename(2) replaces silently; link(2) refuses, which is what "nothing is overwritten" wants. */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // File systems without hard links (FAT, some network shares): reserve the name, then replace the reservation.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error))) throw error;
    await (await open(to, 'wx')).close();
    await rename(from, to);
    return;
  }
  await unlink(from);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw writeError(error, path);
  }
}
