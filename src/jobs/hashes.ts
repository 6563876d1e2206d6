// sha256 of the files a result came from, so that a report says what it speaks of.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { throwIfAborted } from '../engine/error';
import type { ByteSource } from '../engine/ports';
import { nodeFiles } from '../runtime/files';

/** Bytes hashed between looks at the abort signal. */
const CHUNK = 1 << 22;

export async function sha256(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < source.size; at += CHUNK) {
    throwIfAborted(signal);
    hash.update(await source.read(at, Math.min(CHUNK, source.size - at)));
  }
  return hash.digest('hex');
}

/** Hashes by path. A folder has the hash of the lines `name hash` of all that lies in it, sorted by name. */
export async function sha256OfFiles(paths: readonly string[], signal?: AbortSignal): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of paths) hashes[path] = await sha256OfPath(path, signal);
  return hashes;
}

async function sha256OfPath(path: string, signal: AbortSignal | undefined): Promise<string> {
  if ((await nodeFiles.stat(path)).kind === 'folder') {
    const hash = createHash('sha256');
    for (const { name } of await nodeFiles.list(path)) hash.update(`${name} ${await sha256OfPath(join(path, name), signal)}\n`);
    return hash.digest('hex');
  }
  const source = await nodeFiles.open(path);
  try {
    return await sha256(source, signal);
  } finally {
    await source.close();
  }
}
