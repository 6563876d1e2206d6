// Runs models over a split in batches sized by measurement, so that one run blocks the process for about 250 ms at most.

import { throwIfAborted } from '../error';
import type { NdArray, Session, TypedArray } from '../ports';
import type { Batch, Split } from './dataset';
import { evenIndices } from './sampling';

/** One run should last about this long (design: cancel and heartbeat). */
const RUN_MS = 250;
const FIRST_BATCH = 8;
/** Beyond this, larger batches bring no speed on CPUs and cost memory. */
const MAX_BATCH = 256;

export interface BatchResult {
  /** Without padding. */
  readonly batch: Batch;
  /** Outputs of each session, by name, first dimension as long as the batch. */
  readonly outputs: readonly Readonly<Record<string, NdArray>>[];
}

export interface BatchOptions {
  /** Number of samples, spread evenly over the split (folders of images are sorted by class); default all. */
  readonly limit?: number;
  /** Set when a model has a fixed batch size; the last batch is filled up and cut again. */
  readonly fixedBatch?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (fraction: number) => void;
}

export async function* runBatches(sessions: readonly Session[], split: Split, options: BatchOptions = {}): AsyncGenerator<BatchResult> {
  const indices = evenIndices(split.size, options.limit ?? split.size);
  const end = indices.length;
  let size = options.fixedBatch ?? FIRST_BATCH;
  let start = 0;
  while (start < end) {
    throwIfAborted(options.signal);
    const count = Math.min(size, end - start);
    const chosen = indices.slice(start, start + count);
    const batch = await split.gather(chosen);
    const inputs = options.fixedBatch !== undefined && count < options.fixedBatch
      ? (await split.gather(Array.from({ length: options.fixedBatch }, (_, index) => chosen[Math.min(index, count - 1)] ?? 0))).inputs
      : batch.inputs;
    const began = performance.now();
    const outputs: Record<string, NdArray>[] = [];
    for (const session of sessions) outputs.push(cut(await session.run(inputs), options.fixedBatch, count));
    const took = (performance.now() - began) / Math.max(1, sessions.length);
    yield { batch, outputs };
    start += count;
    options.progress?.(start / end);
    if (options.fixedBatch === undefined) size = nextSize(size, count, took);
  }
}

function nextSize(size: number, count: number, took: number): number {
  const fitting = Math.floor((count * RUN_MS) / Math.max(took, 1));
  return Math.max(1, Math.min(MAX_BATCH, size * 2, fitting));
}

/** Drops what the filling-up of a fixed batch added. */
function cut(outputs: Record<string, NdArray>, fixedBatch: number | undefined, count: number): Record<string, NdArray> {
  if (fixedBatch === undefined || count === fixedBatch) return outputs;
  return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, firstRows(array, fixedBatch, count)]));
}

function firstRows(array: NdArray, fixedBatch: number, count: number): NdArray {
  const [rows, ...rest] = array.dims;
  if (rows !== fixedBatch) return array;
  const width = rest.reduce((product, dim) => product * dim, 1);
  const data = Array.isArray(array.data) ? array.data.slice(0, count * width) : (array.data as TypedArray).subarray(0, count * width);
  return { type: array.type, dims: [count, ...rest], data };
}
