// What onnxruntime is given for a model: its bytes while they are few, and a graph of some KB over the files on disk
// when they are many (design.md, decision 1).

import { dirname, basename, resolve } from 'node:path';
import { encodeModel, encodedLength, encodeOverFiles } from '../engine/ir/codec';
import type { ByteReference, Model, Tensor } from '../engine/ir/model';

/**
 * Up to here the whole model goes through memory, twice for a moment (our bytes and onnxruntime's parse of them).
 * Above it weights are mapped from disk, where their alignment in the file is what it is.
 */
export const IN_MEMORY_LIMIT = 256 * 2 ** 20;
/** Weights below this many bytes are copied even then: shape inference and constant folding want them at hand. */
const INLINE_BELOW = 4096;

export interface ModelBytes {
  readonly bytes: Uint8Array;
  /** Folder of the files that the bytes point into; absent when they hold everything. */
  readonly folder?: string;
}

export async function modelBytes(model: Model, inMemoryLimit = IN_MEMORY_LIMIT): Promise<ModelBytes> {
  const folder = encodedLength(model) > inMemoryLimit ? mainFolder(model) : undefined;
  if (folder === undefined) return { bytes: await encodeModel(model) };
  const bytes = await encodeOverFiles(model, (reference) =>
    reference.length >= INLINE_BELOW && folderOf(reference) === folder ? basename(reference.source.name) : undefined);
  return { bytes, folder };
}

/** onnxruntime takes one folder for all external data: the one that holds most of the bytes. */
function mainFolder(model: Model): string | undefined {
  const bytes = new Map<string, number>();
  for (const reference of references(model.graph.initializers.values())) {
    const folder = folderOf(reference);
    bytes.set(folder, (bytes.get(folder) ?? 0) + reference.length);
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function* references(tensors: Iterable<Tensor>): Generator<ByteReference> {
  for (const { data } of tensors) if ('at' in data && 'source' in data.at) yield data.at;
}

function folderOf(reference: ByteReference): string {
  return dirname(resolve(reference.source.name));
}
