// Runs a graph with concrete inputs over evenly spread samples, batch by batch: what looks at activations, gradients and
// statistics of batches here has in common.

import type { Batch, Split } from '../../data/dataset';
import { evenIndices } from '../../data/sampling';
import { EngineError, throwIfAborted } from '../../error';
import type { Model } from '../../ir/model';
import type { NdArray } from '../../ports';
import { dataInputs } from '../../train/feeds';
import type { TrainableModel } from '../../train/trainable';
import type { PassContext } from '../pass';

export interface SampleRun {
  /** The graph to run; its inputs are those of `trainable`, and what `feeds` adds. */
  readonly model: Model;
  readonly trainable: Pick<TrainableModel, 'model' | 'batch' | 'seedInput'>;
  readonly split: Split;
  readonly samples: number;
  readonly feeds?: (batch: Batch) => Readonly<Record<string, NdArray>>;
  readonly each: (outputs: Readonly<Record<string, NdArray>>) => void;
}

/** Only whole batches count. Gives how many there were. */
export async function overSamples({ model, trainable, split, samples, feeds, each }: SampleRun, context: PassContext): Promise<number> {
  const { batch: size, seedInput } = trainable;
  const indices = evenIndices(split.size, Math.max(samples, size));
  if (indices.length < size) throw new EngineError('tooFewSamples', { samples: split.size, split: split.name, batch: size });
  const session = await context.runtime.createSession(model, { provider: 'cpu', threads: context.threads, memoryPattern: false });
  let batches = 0;
  try {
    for (let start = 0; start + size <= indices.length; start += size) {
      throwIfAborted(context.signal);
      context.progress({ activity: 'progress.pruning', fraction: start / indices.length });
      const batch = await split.gather(indices.slice(start, start + size));
      const inputs = Object.fromEntries(dataInputs(trainable.model, seedInput).map((name): [string, NdArray] => {
        const array = batch.inputs[name];
        if (array === undefined) throw new EngineError('dataInputMissing', { input: name, file: split.name });
        return [name, array];
      }));
      each(await session.run({ ...inputs, ...feeds?.(batch), ...(seedInput !== undefined && { [seedInput]: FIXED_SEED }) }));
      batches += 1;
    }
  } finally {
    await session.release();
  }
  return batches;
}

/** Masks of Dropout, where the model has one left in: the same ones in every run. */
const FIXED_SEED: NdArray = { type: 'int64', dims: [], data: BigInt64Array.of(0n) };
