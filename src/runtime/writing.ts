// Writing that never overwrites and never leaves half a file: everything goes beside its final name first, and gets the
// name when it is whole and on the disk.

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { EngineError } from '../engine/error';
import type { ByteSink } from '../engine/ports';
import { fileSink } from './fileSink';
import { errorCode, readError, writeError } from './fileSource';

const TRIES = 1000;

/** `path`, or the first of `name-2.ext`, `name-3.ext`, ... that does not exist; `extension` may have several dots (`.int8.onnx`). */
export async function freePath(path: string, extension = parse(path).ext): Promise<string> {
  return freeName(path, extension, (candidate) => [candidate]);
}

/** As `freePath`, for a file with others whose names follow from its own: the first name for which all `of` it are free. */
export async function freeName(path: string, extension: string, of: (candidate: string) => readonly string[]): Promise<string> {
  const stem = path.slice(0, path.length - extension.length);
  for (let number = 1; number < TRIES; number += 1) {
    const candidate = number === 1 ? path : `${stem}-${number}${extension}`;
    const taken = await Promise.all(of(candidate).map(exists));
    if (!taken.includes(true)) return candidate;
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

export interface FileToWrite {
  readonly path: string;
  readonly write: (sink: ByteSink) => Promise<void>;
}

/**
 * Writes a file beside its final name, flushes it, then gives it its name. With `replace` false an existing file is
 * never touched: `outputUnwritable` with EEXIST. On any error nothing is left behind.
 */
export function writeAtomically(path: string, write: (sink: ByteSink) => Promise<void>, options: WriteOptions = {}): Promise<void> {
  return writeTogether([{ path, write }], options);
}

/** As `writeAtomically`, for files that are nothing without each other: all are written before the first gets its name, in order. */
export async function writeTogether(files: readonly FileToWrite[], { replace = false }: WriteOptions = {}): Promise<void> {
  const temporary: string[] = [];
  const named: string[] = [];
  let current = files[0]?.path ?? '';
  try {
    for (const { path, write } of files) {
      current = path;
      const place = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
      temporary.push(place);
      await writeAndFlush(place, write);
    }
    for (const [index, { path }] of files.entries()) {
      current = path;
      const place = temporary[index] ?? '';
      await (replace ? rename(place, path) : renameToNew(place, path));
      named.push(path);
    }
  } catch (error) {
    for (const place of temporary) await removeIfThere(place);
    // What was replaced is gone, and the new file is whole: it stays.
    if (!replace) for (const path of named) await removeIfThere(path);
    throw writeError(error, current);
  }
}

async function writeAndFlush(path: string, write: (sink: ByteSink) => Promise<void>): Promise<void> {
  let handle: FileHandle | undefined = await open(path, 'wx');
  try {
    await write(fileSink(handle, path));
    await handle.sync();
    const closing = handle;
    handle = undefined;
    await closing.close();
  } finally {
    await handle?.close();
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
    await rename(from, to).catch(async (failure: unknown) => {
      await removeIfThere(to);
      throw failure;
    });
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
