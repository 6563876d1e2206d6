// Files of a folder or of a zip archive under one face, so that formats need not know where their files lie.

import { EngineError } from '../error';
import type { Archive, ByteSource, FileSystem } from '../ports';

export interface StoredFile {
  /** Path from the root of the storage, with `/`. */
  readonly path: string;
  /** The whole path, for messages. */
  readonly name: string;
  readBytes(): Promise<Uint8Array>;
}

export interface Storage {
  /** Path of the folder or archive. */
  readonly path: string;
  /** Every file in it, sorted by path; hidden files and what macOS puts into archives are left out. */
  readonly files: readonly StoredFile[];
}

/** A folder nested deeper than this is a loop of links, not data. */
const DEPTH = 16;

export async function openFolder(path: string, files: FileSystem): Promise<Storage> {
  const found: StoredFile[] = [];
  const visit = async (folder: string, prefix: string, depth: number): Promise<void> => {
    if (depth > DEPTH) throw new EngineError('fileUnreadable', { file: folder, reason: 'too many nested folders' });
    for (const { name, kind } of await files.list(folder)) {
      if (isHidden(name)) continue;
      const whole = files.resolve(folder, name);
      if (kind === 'folder') await visit(whole, `${prefix}${name}/`, depth + 1);
      else found.push({ path: prefix + name, name: whole, readBytes: () => readWhole(whole, files) });
    }
  };
  await visit(path, '', 0);
  return { path, files: found.sort(byPath) };
}

/** The archive belongs to the caller, who closes it. */
export function archiveStorage(path: string, archive: Archive): Storage {
  const entries = archive.entries.filter((entry) => !entry.path.endsWith('/') && !entry.path.split('/').some(isHidden));
  return {
    path,
    files: entries.map((entry) => ({
      path: entry.path, name: `${path}/${entry.path}`, readBytes: () => archive.read(entry),
    })).sort(byPath),
  };
}

export async function readWhole(path: string, files: FileSystem): Promise<Uint8Array> {
  const source = await files.open(path);
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

export async function readText(path: string, files: FileSystem): Promise<string> {
  return new TextDecoder().decode(await readWhole(path, files));
}

/** Bytes in memory as a source. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        return Promise.reject(new EngineError('fileUnreadable', { file: name, reason: `bytes ${offset} to ${offset + length} of ${bytes.length}` }));
      }
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db';
}

/** By code unit, as Python's `sorted` does for the names in practice; the order of classes hangs on it. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
