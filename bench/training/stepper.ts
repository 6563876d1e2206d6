// Training steps one by one on batches that are given: the trainer's own graph, feeds and stepper without the loop around
// them, for what benchmarks compare step by step.

import type { Split } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import type { NdArray, Runtime } from '../../src/engine/ports';
import { readBatch } from '../../src/engine/train/feeds';
import { openTraining, planTraining, startState } from '../../src/engine/train/openTraining';
import { prepareTraining } from '../../src/engine/train/prepare';
import { type OptimiserName, trainingDefaults, type TrainingOptions, type TrainingRequest } from '../../src/engine/train/training';
import type { TrainingGraph } from '../../src/engine/train/trainingGraph';

export interface LabelledInputs {
  readonly inputs: Readonly<Record<string, NdArray>>;
  /** Class by sample. */
  readonly labels: readonly number[];
}

export interface StepperRequest {
  readonly model: Model;
  readonly optimizer: OptimiserName;
  readonly learningRate: number;
  /** One for each step; after the last the first comes again. All of one size. */
  readonly batches: readonly [LabelledInputs, ...LabelledInputs[]];
  readonly runtime: Runtime;
  readonly provider: string;
  readonly threads: number;
}

export interface BenchStepper {
  readonly graph: TrainingGraph;
  /** Takes a step and gives the loss before it. */
  step(): Promise<number>;
  release(): Promise<void>;
}

/** Mean cross entropy of the first output, BatchNormalization in training mode, no weight decay, constant learning rate. */
export async function openStepper({ model, optimizer, learningRate, batches, runtime, provider, threads }: StepperRequest): Promise<BenchStepper> {
  const size = batches[0].labels.length;
  const options: TrainingOptions = { ...trainingDefaults, batch: size, optimizer, learningRate, nesterov: false, weightDecay: 0, schedule: 'constant', warmup: 0 };
  const request: TrainingRequest = {
    options, losses: [{ loss: 'label' }], runtime, provider, threads, data: splitOf(batches),
    prepare: (batch) => prepareTraining(model, { batch, dims: {}, isFrozen: () => false, batchNorm: 'train' }),
  };
  const planned = await planTraining(request, size);
  const opened = await openTraining(planned, await startState(planned));
  let steps = 0;
  return {
    graph: planned.graph,
    release: () => opened.release(),
    async step() {
      const start = (steps % batches.length) * size;
      const { parts } = await readBatch(opened.feeds, Array.from({ length: size }, (_, index) => start + index), { epoch: 0, batch: steps, share: 0 });
      steps += 1;
      const { loss } = await opened.stepper.step({ parts, scalars: planned.optimiser.valuesAt(steps, learningRate) });
      opened.stepper.adopt();
      return loss;
    },
  };
}

/** Whole batches end to end; only they can be read. */
function splitOf(batches: StepperRequest['batches']): Split {
  const size = batches[0].labels.length;
  const gather: Split['gather'] = (indices) => {
    const start = indices[0] ?? 0;
    const batch = batches[Math.floor(start / size)] ?? batches[0];
    return Promise.resolve({ inputs: batch.inputs, labels: batch.labels, start, indices, size: indices.length });
  };
  return { name: 'train', size: size * batches.length, labelled: true, gather, read: (start, end) => gather(Array.from({ length: end - start }, (_, index) => start + index)) };
}
