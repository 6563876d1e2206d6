// Runs the float model on calibration samples and shows the observers what its tensors hold. Extremes are reduced in the
// graph; for histograms, which ONNX has no operator for, values are fetched and counted here (measured: about 5 ns a value,
// a fraction of the run that made them). Memory is bounded by one batch, however many samples there are.

import { evenIndices } from '../../data/sampling';
import type { Split } from '../../data/dataset';
import { throwIfAborted } from '../../error';
import type { Model } from '../../ir/model';
import type { Session } from '../../ports';
import type { PassContext } from '../pass';
import { type Observation, fetchedValues, reducedExtremes } from './observation';
import { type Observers, loadObservers, newObservers, saveObservers } from './observers';

/** Observed values held at a time. Not a time limit: the batch size must not depend on the machine. */
const batchBytes = 32 * 2 ** 20;
const largestBatch = 64;
/** Between two checkpoints. */
const checkpointMilliseconds = 2000;

export interface Calibration {
  readonly model: Model;
  readonly tensors: readonly string[];
  readonly split: Split;
  readonly samples: number;
  /** False: the extremes suffice. */
  readonly histograms: boolean;
}

/** Observers that have seen evenly spread samples of the split. Resumes from the context's checkpoint. */
export async function calibrate(calibration: Calibration, context: PassContext): Promise<Observers> {
  const { model, tensors, split, samples, histograms } = calibration;
  const indices = evenIndices(split.size, samples);
  const key = JSON.stringify({ tensors, size: split.size, samples, histograms });
  const saved = await context.checkpoint.load();
  const observers = (saved && loadObservers(saved, tensors, key)) ?? newObservers(tensors);
  const observation = histograms ? fetchedValues(model, tensors) : reducedExtremes(model, tensors);
  const session = await context.runtime.createSession(observation.model, {
    provider: 'cpu', threads: context.threads, optimization: 'disabled', dims: context.dims,
  });
  try {
    const fixed = fixedBatch(model, context.dims);
    let batch = fixed ?? 1;
    let sized = false;
    let lastSave = Date.now();
    while (observers.next + (fixed ?? 1) <= indices.length) {
      if (context.signal?.aborted || Date.now() - lastSave > checkpointMilliseconds) {
        await context.checkpoint.save(saveObservers(observers, key));
        lastSave = Date.now();
      }
      throwIfAborted(context.signal);
      context.progress({ activity: 'progress.calibrating', fraction: observers.next / indices.length });
      const chosen = indices.slice(observers.next, observers.next + batch);
      const bytes = await observeSamples(chosen, { session, split, observation, observers, fixed: fixed !== undefined, first: !sized, context });
      observers.next += chosen.length;
      if (fixed === undefined && bytes !== undefined && !sized) {
        batch = Math.max(1, Math.min(largestBatch, Math.floor((batchBytes * chosen.length) / bytes)));
        sized = true;
      }
    }
  } finally {
    await session.release();
  }
  await context.checkpoint.save(saveObservers(observers, key));
  return observers;
}

interface Run {
  readonly session: Session;
  readonly split: Split;
  readonly observation: Observation;
  readonly observers: Observers;
  /** The batch size is the model's: samples cannot be run one by one. */
  readonly fixed: boolean;
  readonly first: boolean;
  readonly context: PassContext;
}

/**
 * Shows the observers the samples. When values are not finite, the samples are run one by one and the bad ones left out.
 * Gives the bytes of the observed values, undefined where they are not known.
 */
async function observeSamples(indices: readonly number[], run: Run): Promise<number | undefined> {
  const { session, split, observation, observers } = run;
  const { inputs } = await split.gather(indices);
  const fetches = observation.fetches(run.first);
  const values = fetches.length === 0 ? inputs : { ...inputs, ...(await session.run(inputs, fetches)) };
  const notFinite = observation.observe(observers, values);
  if (notFinite === undefined) return observation.bytes(values);
  observers.notFinite ??= notFinite;
  if (run.fixed || indices.length === 1) {
    observers.skipped += indices.length;
    return undefined;
  }
  for (const index of indices) {
    throwIfAborted(run.context.signal);
    await observeSamples([index], run);
  }
  return undefined;
}

/** Samples a run must have: the first dimension of the inputs where it is a number, in the model or by `dims`. */
export function fixedBatch(model: Model, dims: PassContext['dims']): number | undefined {
  const input = model.graph.inputs.find(({ name }) => !model.graph.initializers.has(name));
  const first = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined;
  return typeof first === 'number' ? first : dims[first ?? `${input?.name ?? ''}[0]`];
}
