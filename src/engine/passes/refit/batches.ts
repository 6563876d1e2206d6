// The samples of a refit, batch by batch, with the activations from which the next part of the graph goes on: no part of the
// network is run twice as long as these fit in memory.

import type { Split } from '../../data/dataset';
import { throwIfAborted } from '../../error';
import type { Model } from '../../ir/model';
import type { NdArray, Session } from '../../ports';
import type { PassContext } from '../pass';
import { addTo, type SummedOutput } from '../linear/sums';
import type { Boundary } from './sideBySide';

interface Batch {
  readonly indices: readonly number[];
  /** Absent: the inputs of the model, which the split gives. */
  readonly held: Readonly<Record<string, NdArray>> | undefined;
}

export interface Batches {
  readonly split: Split;
  /** All together at one boundary. */
  batches: readonly Batch[];
  boundary: Boundary;
  /** The model fixes the size of a batch. */
  readonly isFixed: boolean;
  /** Bytes of activations that may be held between two parts; beyond, parts go on from where the last ones that fitted were. */
  readonly mostHeld: number;
  /** Samples left out because of NaN or infinite values. */
  skipped: number;
}

export function batchesOf(split: Split, indices: readonly number[], { size, ...rest }: Pick<Batches, 'isFixed' | 'mostHeld' | 'boundary'> & { readonly size: number }): Batches {
  const batches: Batch[] = [];
  for (let start = 0; start + (rest.isFixed ? size : 1) <= indices.length; start += size) batches.push({ indices: indices.slice(start, start + size), held: undefined });
  return { ...rest, split, batches, skipped: 0 };
}

export function samplesIn({ batches }: Batches): number {
  return batches.reduce((sum, { indices }) => sum + indices.length, 0);
}

export interface Part {
  /** Goes on from the boundary of the batches; its outputs are the sums and the tensors of the next boundary. */
  readonly model: Model;
  readonly sums: readonly SummedOutput[];
  /** Undefined: the next part cannot go on from here. */
  readonly next: Boundary | undefined;
  readonly onProgress: (fraction: number) => void;
}

/** Sums over all batches; these then stand at the next boundary. */
export async function runPart(all: Batches, { model, sums, next, onProgress }: Part, context: PassContext): Promise<readonly Float64Array[]> {
  const session = await context.runtime.createSession(model, { provider: 'cpu', threads: context.threads, dims: context.dims });
  const run: Run = { session, sums, totals: sums.map(({ length }) => new Float64Array(length)), all, wanted: next, kept: [], moved: [], bytes: 0 };
  try {
    for (const [position, batch] of all.batches.entries()) {
      throwIfAborted(context.signal);
      onProgress(position / all.batches.length);
      await runBatch(run, batch);
    }
  } finally {
    await session.release();
  }
  const isMoved = run.wanted !== undefined && next !== undefined;
  all.batches = isMoved ? run.moved : run.kept;
  if (isMoved) all.boundary = next;
  return run.totals;
}

interface Run {
  readonly session: Session;
  readonly sums: readonly SummedOutput[];
  readonly totals: readonly Float64Array[];
  readonly all: Batches;
  /** Becomes undefined when there is no memory for it. */
  wanted: Boundary | undefined;
  /** Finite batches: as they were, and at the next boundary. */
  readonly kept: Batch[];
  moved: Batch[];
  bytes: number;
}

async function runBatch(run: Run, batch: Batch): Promise<void> {
  const { session, sums, all } = run;
  const given = batch.held ?? (await all.split.gather(batch.indices)).inputs;
  const feeds = Object.fromEntries(session.inputs.flatMap(({ name }): [string, NdArray][] => (given[name] === undefined ? [] : [[name, given[name]]])));
  const next = [...run.wanted ?? []];
  const computed = next.filter((name) => given[name] === undefined);
  const values = await session.run(feeds, [...new Set([...sums.map(({ name }) => name), ...computed])]);
  const found = sums.map(({ name }) => values[name]?.data as Float32Array);
  if (!found.every((own, position) => sums[position]?.isFinite(own))) return without(run, batch);
  for (const [position, own] of found.entries()) addTo(run.totals[position] as Float64Array, own);
  run.kept.push(batch);
  if (run.wanted === undefined) return;
  const held = Object.fromEntries(next.flatMap((name): [string, NdArray][] => {
    const value = given[name] ?? values[name];
    return value === undefined ? [] : [[name, value]];
  }));
  for (const { data } of Object.values(held)) run.bytes += 'byteLength' in data ? data.byteLength : 0;
  run.moved.push({ indices: batch.indices, held });
  if (run.bytes <= all.mostHeld) return;
  run.wanted = undefined;
  run.moved = [];
}

/** Leaves a batch with numbers that are not finite out; while inputs are still at hand only the samples that bring them. */
async function without(run: Run, { indices, held }: Batch): Promise<void> {
  if (held !== undefined || run.all.isFixed || indices.length === 1) run.all.skipped += indices.length;
  else for (const index of indices) await runBatch(run, { indices: [index], held: undefined });
}
