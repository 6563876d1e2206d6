// sha256 of the files a result came from, so that a report says what it speaks of.

import { createHash } from 'node:crypto';
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

export async function sha256OfFiles(paths: readonly string[], signal?: AbortSignal): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of paths) {
    const source = await nodeFiles.open(path);
    try {
      hashes[path] = await sha256(source, signal);
    } finally {
      await source.close();
    }
  }
  return hashes;
}
