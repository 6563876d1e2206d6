// Runs a graph that reduces activations to sums over samples, and adds these up in float64. Memory is that of the sums and of
// one batch, however many samples there are; samples that give NaN or infinite values are left out.

import { throwIfAborted } from '../../error';
import type { Model } from '../../ir/model';
import type { NdArray, Session } from '../../ports';
import type { PassContext } from '../pass';

/** Bytes of the largest matrix of columns in a batch. Not a time limit: the batch must not depend on the machine. */
const BATCH_BYTES = 32 * 2 ** 20;
/** Of small samples: enough to fill kernels, chosen and not measured. */
const LARGEST_BATCH = 64;

/** Samples in a batch, by the bytes that the largest matrix of columns has for one. */
export function samplesThatFit(bytes: number): number {
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(BATCH_BYTES / bytes)));
}

export interface SummingGraph {
  readonly model: Model;
  /** Outputs (float32) to add up over batches. */
  readonly sums: readonly SummedOutput[];
  /** Outputs (int64) that say how many values the largest matrices had in all. */
  readonly sizes: readonly string[];
}

export interface SummedOutput {
  readonly name: string;
  readonly length: number;
  /** Whether all samples of the batch had finite numbers. */
  isFinite(sums: Float32Array): boolean;
}

export interface Summing {
  readonly graph: SummingGraph;
  readonly indices: readonly number[];
  /** Inputs of the graph for some of the indices. */
  readonly inputs: (indices: readonly number[]) => Promise<Readonly<Record<string, NdArray>>>;
  /** Samples in every run where the model fixes that; what is over is left out. */
  readonly fixedBatch: number | undefined;
  /** Share of the samples done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

export interface Sums {
  /** In the order of the graph's. */
  readonly sums: readonly Float64Array[];
  readonly skipped: number;
}

export async function sumOverSamples({ graph, indices, inputs, fixedBatch, onProgress }: Summing, context: PassContext): Promise<Sums> {
  const session = await context.runtime.createSession(graph.model, { provider: 'cpu', threads: context.threads, dims: context.dims });
  const run: Run = { graph, session, inputs, sums: graph.sums.map(({ length }) => new Float64Array(length)), skipped: 0, signal: context.signal };
  try {
    let batch = fixedBatch ?? 1;
    for (let next = 0; next + (fixedBatch ?? 1) <= indices.length;) {
      throwIfAborted(context.signal);
      onProgress(next / indices.length);
      const chosen = indices.slice(next, next + batch);
      const largest = await addSamples(run, chosen, fixedBatch !== undefined);
      next += chosen.length;
      // The first sample tells how much memory one takes.
      if (fixedBatch === undefined && batch === 1 && largest !== undefined) batch = samplesThatFit(largest);
    }
  } finally {
    await session.release();
  }
  return { sums: run.sums, skipped: run.skipped };
}

interface Run {
  readonly graph: SummingGraph;
  readonly session: Session;
  readonly inputs: Summing['inputs'];
  readonly sums: readonly Float64Array[];
  skipped: number;
  readonly signal: AbortSignal | undefined;
}

/** Adds samples to the sums; when numbers are not finite, one by one without the bad ones. Gives the bytes of the largest matrix. */
async function addSamples(run: Run, indices: readonly number[], isFixed: boolean): Promise<number | undefined> {
  const values = await run.session.run(await run.inputs(indices));
  const found = run.graph.sums.map(({ name }) => values[name]?.data as Float32Array);
  if (found.every((sums, position) => run.graph.sums[position]?.isFinite(sums))) {
    for (const [position, sums] of found.entries()) addTo(run.sums[position] as Float64Array, sums);
    return Math.max(...run.graph.sizes.map((size) => bytesOf(values[size])));
  }
  if (isFixed || indices.length === 1) {
    run.skipped += indices.length;
    return undefined;
  }
  for (const index of indices) {
    throwIfAborted(run.signal);
    await addSamples(run, [index], false);
  }
  return undefined;
}

function bytesOf(size: NdArray | undefined): number {
  return Number((size?.data as BigInt64Array)[0] ?? 0n) * Float32Array.BYTES_PER_ELEMENT;
}

export function addTo(sums: Float64Array, more: Float32Array): void {
  for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] as number) + (more[index] as number);
}

export function allFinite(sums: Float32Array): boolean {
  return sums.every((sum) => Number.isFinite(sum));
}

/** Any NaN or infinity in the columns is in their norms, which are the diagonals of Gram matrices `width` wide. */
export function finiteDiagonals(sums: Float32Array, width: number): boolean {
  for (let row = 0; row * width < sums.length; row += 1) if (!Number.isFinite(sums[row * width + (row % width)])) return false;
  return true;
}
