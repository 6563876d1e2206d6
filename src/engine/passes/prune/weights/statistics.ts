// Runs the model on calibration samples and sums what statisticsGraph.ts makes of them, in float64. Memory is that of the
// sums and of one batch, however many samples there are.

import { evenIndices } from '../../../data/sampling';
import type { Split } from '../../../data/dataset';
import { EngineError, throwIfAborted } from '../../../error';
import type { Model } from '../../../ir/model';
import type { NdArray, Session } from '../../../ports';
import type { PassContext } from '../../pass';
import { fixedBatch } from '../../quantize/calibrate';
import { labelOf } from './findWeights';
import { columnsOf } from './layout';
import { type StatisticKind, statisticsGraph, type StatisticsGraph, type Wanted } from './statisticsGraph';

/** Bytes of the largest matrix of columns in a batch. Not a time limit: the batch must not depend on the machine. */
const BATCH_BYTES = 32 * 2 ** 20;
const LARGEST_BATCH = 64;

export interface Statistics {
  /** Sums over all samples and places, for each wanted weight in its order; shapes as in statisticsGraph.ts. */
  readonly sums: readonly Float64Array[];
  /** Samples left out because of NaN or infinite values. */
  readonly skipped: number;
}

export interface Gathering {
  readonly model: Model;
  readonly wanted: readonly Wanted[];
  readonly kind: StatisticKind;
  readonly split: Split;
  readonly samples: number;
  /** Share of the gathering done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/** @throws EngineError `nonFiniteActivation` when no sample gave finite numbers */
export async function gatherStatistics({ model, wanted, kind, split, samples, onProgress }: Gathering, context: PassContext): Promise<Statistics> {
  const indices = evenIndices(split.size, samples);
  const graph = await statisticsGraph(model, wanted, kind);
  const run: Run = {
    graph, kind, split, wanted, sums: wanted.map((one) => new Float64Array(lengthOf(one, kind))), skipped: 0, context,
    session: await context.runtime.createSession(graph.model, { provider: 'cpu', threads: context.threads, dims: context.dims }),
  };
  try {
    const fixed = fixedBatch(model, context.dims);
    let batch = fixed ?? 1;
    for (let next = 0; next + (fixed ?? 1) <= indices.length;) {
      throwIfAborted(context.signal);
      onProgress(next / indices.length);
      const chosen = indices.slice(next, next + batch);
      const largest = await addSamples(run, chosen, fixed !== undefined);
      next += chosen.length;
      // The first sample tells how much memory one takes.
      if (fixed === undefined && batch === 1 && largest !== undefined) batch = Math.max(1, Math.min(LARGEST_BATCH, Math.floor(BATCH_BYTES / largest)));
    }
  } finally {
    await run.session.release();
  }
  const [first] = wanted;
  if (run.skipped >= indices.length && first !== undefined) {
    throw new EngineError('nonFiniteActivation', { tensor: first.weight.nodes[0].inputs[0] ?? '', layer: labelOf(first.weight) });
  }
  return { sums: run.sums, skipped: run.skipped };
}

/** Numbers in the sums of one weight. */
export function lengthOf({ weight, parts }: Wanted, kind: StatisticKind): number {
  const columns = weight.layout.groups * columnsOf(weight.layout);
  return kind === 'norms' ? columns : columns * (columnsOf(weight.layout) / parts);
}

interface Run {
  readonly graph: StatisticsGraph;
  readonly kind: StatisticKind;
  readonly session: Session;
  readonly split: Split;
  readonly wanted: readonly Wanted[];
  readonly sums: readonly Float64Array[];
  skipped: number;
  readonly context: PassContext;
}

/** Adds samples to the sums; when numbers are not finite, one by one without the bad ones. Gives the bytes of the largest columns. */
async function addSamples(run: Run, indices: readonly number[], isFixed: boolean): Promise<number | undefined> {
  const { inputs } = await run.split.gather(indices);
  const values = await run.session.run(inputs);
  const found = run.graph.outputs.map(({ sums }) => values[sums]?.data as Float32Array);
  if (found.every((sums, position) => isFiniteSum(sums, run.kind, run.wanted[position] as Wanted))) {
    for (const [position, sums] of found.entries()) addTo(run.sums[position] as Float64Array, sums);
    return Math.max(...run.graph.outputs.flatMap(({ sizes }) => sizes).map((size) => bytesOf(values[size])));
  }
  if (isFixed || indices.length === 1) {
    run.skipped += indices.length;
    return undefined;
  }
  for (const index of indices) {
    throwIfAborted(run.context.signal);
    await addSamples(run, [index], false);
  }
  return undefined;
}

function bytesOf(size: NdArray | undefined): number {
  return Number((size?.data as BigInt64Array)[0] ?? 0n) * Float32Array.BYTES_PER_ELEMENT;
}

function addTo(sums: Float64Array, more: Float32Array): void {
  for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] as number) + (more[index] as number);
}

/** Any NaN or infinity in the columns is in the norms, which are the diagonal of a Gram matrix. */
function isFiniteSum(sums: Float32Array, kind: StatisticKind, { weight, parts }: Wanted): boolean {
  const width = columnsOf(weight.layout) / parts;
  if (kind === 'norms') return sums.every((sum) => Number.isFinite(sum));
  for (let row = 0; row * width < sums.length; row += 1) if (!Number.isFinite(sums[row * width + (row % width)])) return false;
  return true;
}
