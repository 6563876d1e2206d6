// The one place where models become files: as one file where that can be, with a side file for the weights where not, whole
// or not at all, and never over anything.

import { basename } from 'node:path';
import { encodedLength, PROTOBUF_LIMIT, writeModel } from '../engine/ir/codec';
import type { Model } from '../engine/ir/model';
import { hasSideFile, planSideFile } from '../engine/ir/sideFile';
import type { Finding } from '../protocol/report';
import { said } from '../protocol/text/index';
import { writeTogether } from './writing';

/**
 * A model that came with a side file keeps one above this many bytes: it was split for its size, and the side file is
 * copied as it is. Below, one file is easier to hand on.
 */
const KEEP_SIDE_FILE_ABOVE = 1 << 30;

export interface SaveOptions {
  /** Replace existing files (job folders only). Default false. */
  readonly replace?: boolean;
  /** Bytes above which weights move to a side file; for tests. Default the limit of protobuf, 2 GiB. */
  readonly limit?: number;
}

export interface SavedModel {
  /** What was written: the model, and its side file if there is one. */
  readonly files: readonly string[];
  /** Of all files. */
  readonly bytes: number;
  /** That there is a side file, for who will copy the model somewhere. */
  readonly findings: readonly Finding[];
}

/** Where the weights of a model at `path` are when they are not in it. */
export function sideFilePath(path: string): string {
  return `${path}.data`;
}

/** Bytes that `saveModel` will write for the same arguments, without reading weights. */
export function savedBytes(model: Model, path: string, limit = PROTOBUF_LIMIT): number {
  const bytes = encodedLength(model);
  if (!needsSideFile(model, bytes, limit)) return bytes;
  const plan = planSideFile(model, basename(sideFilePath(path)));
  return plan.graphBytes + plan.dataBytes;
}

function needsSideFile(model: Model, bytes: number, limit: number): boolean {
  return bytes > limit || (bytes > KEEP_SIDE_FILE_ABOVE && hasSideFile(model));
}

/**
 * Writes the model. Memory: its structure and a few MB of weights.
 *
 * @throws EngineError `outputUnwritable` (a file of either name exists), `diskFull`, `modelTooLarge`.
 */
export async function saveModel(model: Model, path: string, { replace = false, limit = PROTOBUF_LIMIT }: SaveOptions = {}): Promise<SavedModel> {
  const bytes = encodedLength(model);
  if (!needsSideFile(model, bytes, limit)) {
    await writeTogether([{ path, write: (sink) => writeModel(model, sink) }], { replace });
    return { files: [path], bytes, findings: [] };
  }
  const side = sideFilePath(path);
  const plan = planSideFile(model, basename(side));
  // The side file gets its name first: a model without its weights is worse than weights without a model.
  await writeTogether([
    { path: side, write: (sink) => plan.writeData(sink) },
    { path, write: (sink) => plan.writeGraph(sink) },
  ], { replace });
  return {
    files: [path, side],
    bytes: plan.graphBytes + plan.dataBytes,
    findings: [{ severity: 'info', ...said('finding.sideFile', { file: basename(path), side: basename(side) }) }],
  };
}
