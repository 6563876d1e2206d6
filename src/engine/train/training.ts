// What training is asked for and what it tells: options, hooks, events, result. Types and defaults only; trainer.ts runs.

import type { Batch, Split } from '../data/dataset';
import type { Runtime, NdArray } from '../ports';
import type { Facts } from './gradient/rule';
import type { LossTerm } from './losses/loss';
import type { Penalty } from './penalty/penalty';
import type { TrainableModel, TrainableOutput } from './trainable';

export const optimiserNames = ['adamw', 'sgd'] as const;
export type OptimiserName = (typeof optimiserNames)[number];

export const scheduleNames = ['cosine', 'onecycle', 'step', 'constant'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** The training options of a recipe (interfaces.md); every one has a default in `trainingDefaults`. */
export interface TrainingOptions {
  readonly epochs: number;
  /** Samples a step and microstep; with `accumulate` a step sees `batch * accumulate`. */
  readonly batch: number;
  /** The peak of the schedule. Absent: 1e-3 for adamw, 0.05 for sgd. */
  readonly learningRate?: number;
  readonly optimizer: OptimiserName;
  /** sgd only. */
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly schedule: ScheduleName;
  /** Linear warm-up: below 1 a share of all steps, otherwise steps. */
  readonly warmup: number;
  /** Decoupled for adamw, in the gradient for sgd (as PyTorch); never on biases and normalizations. */
  readonly weightDecay: number;
  /** Alpha of the Beta distribution that mixes pairs of samples (Zhang 2018); 0 is off. */
  readonly mixup: number;
  /** Share of the target spread over all classes; 0 is off. */
  readonly labelSmoothing: number;
  /** Decay of the exponential average of the weights; 0 is off. */
  readonly ema: number;
  /** Largest global norm of the gradient; 0 is off. */
  readonly clip: number;
  /** Batches whose gradients are averaged before a step. */
  readonly accumulate: number;
  /** Epochs without a better metric after which training ends; 0 is never. */
  readonly earlyStop: number;
  /** Which weights come out: of the best epoch (needs `evaluate`), or of the last. */
  readonly keep: 'best' | 'last';
  readonly seed: number;
}

export const trainingDefaults: TrainingOptions = {
  epochs: 5, batch: 64, optimizer: 'adamw', momentum: 0.9, nesterov: true, schedule: 'cosine', warmup: 0.05, weightDecay: 0.01,
  mixup: 0, labelSmoothing: 0, ema: 0, clip: 0, accumulate: 1, earlyStop: 0, keep: 'best', seed: 1,
};

/** A model whose tensors losses compare with; its session is its own. */
export interface Teacher {
  readonly outputs: readonly TrainableOutput[];
  /** Facts of a tensor of the teacher for the batch it was made for; undefined where there is none of that name. */
  facts(tensor: string): Facts | undefined;
  /** Values of `tensors` for inputs of the batch the teacher was made for; the first dimension of each is the sample. */
  run(inputs: Readonly<Record<string, NdArray>>, tensors: readonly string[]): Promise<Readonly<Record<string, NdArray>>>;
  release(): Promise<void>;
}

/** Values by name of the initializer: weights and running statistics alike. */
export type TrainedValues = ReadonlyMap<string, Float32Array>;

export interface TrainingRequest {
  readonly options: TrainingOptions;
  readonly losses: readonly LossTerm[];
  /** Makes units smaller beside the losses, which keep their proportions among each other; its value is told as `cost`. */
  readonly penalty?: Penalty;
  /** Makes the model ready for a batch size; called again with a smaller one when memory is short. */
  prepare(batch: number): Promise<TrainableModel>;
  /** Samples to train on: `validation` or a held-out part is already taken out (`heldOut` in heldOut.ts). */
  readonly data: Split;
  readonly runtime: Runtime;
  readonly provider: string;
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Start values instead of those of the model (re-initialised weights), by initializer. */
  readonly initial?: TrainedValues;
  /** Changes a batch that was read, as a pure function of batch, seed and epoch (augment.ts). */
  readonly augment?: (batch: Batch, at: { readonly seed: number; readonly epoch: number }) => Batch;
  /** Makes the teacher for a batch size. Its tensors are cached by sample when there is neither `augment` nor mixup. */
  readonly teacher?: (batch: number) => Promise<Teacher>;
  /** The metric of these weights on the validation samples, higher is better when `better` says so. */
  readonly evaluate?: {
    readonly better: 'higher' | 'lower';
    run(values: TrainedValues): Promise<number>;
  };
  /** The weights as they came are candidate 0 for the best: not so when they were re-initialised. */
  readonly startIsCandidate?: boolean;
  /** What functions of this request hide and must be the same when a checkpoint is continued: freezing, augmentation and the like. */
  readonly identity?: Readonly<Record<string, unknown>>;
  /** Where a killed training goes on; bytes of checkpoint.ts. */
  readonly checkpoint?: {
    load(): Promise<Uint8Array | undefined>;
    save(bytes: Uint8Array): Promise<void>;
  };
}

export interface EpochRecord {
  /** From 1; 0 is the model before training. */
  readonly epoch: number;
  /** Mean loss over the steps of the epoch; null for epoch 0. */
  readonly loss: number | null;
  /** On the validation samples; null without `evaluate`. */
  readonly metric: number | null;
  /** At the end of the epoch. */
  readonly learningRate: number;
  readonly seconds: number;
}

export type TrainingEvent =
  | {
    readonly type: 'started'; readonly parameters: number; readonly batch: number; readonly microbatch: number; readonly accumulate: number;
    readonly stepsPerEpoch: number; readonly epochs: number; readonly estimatedBytes: number;
  }
  /** The batch is larger than the data. */
  | { readonly type: 'batchShrunk'; readonly from: number; readonly to: number; readonly samples: number }
  /** Batches of another size than asked: they are whole runs of `microbatch` samples. */
  | { readonly type: 'batchFitted'; readonly from: number; readonly to: number; readonly microbatch: number }
  /** Fewer batches a step than asked: there are no more in the data. */
  | { readonly type: 'accumulateShrunk'; readonly from: number; readonly to: number; readonly samples: number }
  /** Memory is short: a batch is cut into parts of `to` samples. */
  | { readonly type: 'microbatch'; readonly from: number; readonly to: number; readonly reason: 'estimate' | 'outOfMemory'; readonly estimatedBytes: number; readonly freeBytes: number | null }
  | { readonly type: 'resumed'; readonly step: number; readonly epoch: number }
  /** `step` counts from 1 over the whole training, `epoch` from 1. `losses` by term and the penalty as `cost`, unweighted. */
  | {
    readonly type: 'step'; readonly step: number; readonly steps: number; readonly epoch: number; readonly loss: number;
    readonly losses: Readonly<Record<string, number>>; readonly learningRate: number; readonly gradientNorm: number;
  }
  | ({ readonly type: 'epoch'; readonly epochs: number; readonly samplesPerSecond: number } & EpochRecord)
  | { readonly type: 'best'; readonly epoch: number; readonly metric: number }
  /** Loss or gradient was not finite: the step is not taken and the learning rate halved. */
  | { readonly type: 'stepBack'; readonly step: number; readonly epoch: number; readonly loss: number; readonly learningRateFactor: number; readonly inARow: number }
  /** Too many steps back in a row: training ends, and the weights of the best epoch are the result. */
  | { readonly type: 'diverged'; readonly step: number; readonly epoch: number; readonly bestEpoch: number; readonly learningRate: number }
  | { readonly type: 'earlyStop'; readonly epoch: number; readonly bestEpoch: number }
  | { readonly type: 'checkpoint'; readonly step: number; readonly epoch: number; readonly bytes: number };

export interface TrainingResult {
  /** Trained weights by initializer (averaged ones with `ema`); of the best epoch with `keep: best`. */
  readonly parameters: TrainedValues;
  /** Running averages of BatchNormalization that go with them. */
  readonly statistics: TrainedValues;
  readonly history: readonly EpochRecord[];
  /** Undefined without `evaluate`. */
  readonly best: { readonly epoch: number; readonly metric: number } | undefined;
  /** Steps that were taken. */
  readonly steps: number;
  /** Steps that were stepped back from; like the rest here counted from the first start, however often the training was resumed. */
  readonly stepsBack: number;
  /** What is left of the learning rate after them, 1 being all. */
  readonly learningRateFactor: number;
  /** Samples a run before memory was short, and in the end; absent where it never was. */
  readonly shrunk?: { readonly from: number; readonly to: number };
  readonly seconds: number;
}
