// The training options that all passes which train share (interfaces.md), and what they come to for a model and its data.

import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import type { AugmentOptions } from '../../train/augment';
import { optimiserNames, scheduleNames, trainingDefaults, type TrainingOptions } from '../../train/training';
import { amount, choice, count, flag, layerPatterns, optionalChoice } from '../optionTypes';

const augment = Type.Object({
  crop: count(0, { minimum: 0 }),
  flip: flag(false),
  erase: Type.Number({ minimum: 0, maximum: 1, default: 0 }),
}, { default: { crop: 0, flip: false, erase: 0 }, advanced: true });

export const trainingProperties = {
  epochs: count(3),
  batch: Type.Optional(Type.Integer({ minimum: 1 })),
  learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  optimizer: choice(optimiserNames, { advanced: true }),
  schedule: optionalChoice(scheduleNames, { advanced: true }),
  warmup: amount(trainingDefaults.warmup, { advanced: true }),
  weightDecay: amount(trainingDefaults.weightDecay, { advanced: true }),
  augment,
  mixup: amount(0, { advanced: true }),
  labelSmoothing: amount(0, { below: 1, advanced: true }),
  ema: amount(0, { below: 1, advanced: true }),
  clip: amount(1, { advanced: true }),
  accumulate: count(1, { advanced: true }),
  freeze: layerPatterns({ advanced: true }),
  batchNorm: choice(['train', 'frozen'], { advanced: true }),
  earlyStop: count(0, { minimum: 0, advanced: true }),
} satisfies TProperties;

export type TrainingChoices = Static<TObject<typeof trainingProperties>>;

/** Steps an epoch should have at least, as long as batches are no smaller than the smallest. */
const STEPS_AN_EPOCH = 50;
const BATCHES = [128, 64, 32] as const;
/** Where nothing is said: small steps for a model that is good already, larger ones for new weights (measured: docs/training.md). */
const RATES = { adamw: { tune: 5e-4, scratch: 3e-3 }, sgd: { tune: 5e-3, scratch: 0.05 } } as const;

/** The options of the trainer, with what was left out chosen by size of the data and state of the weights. */
export function trainerOptions(choices: TrainingChoices, given: { readonly samples: number; readonly fromScratch: boolean; readonly seed: number }): TrainingOptions {
  const { batch, learningRate, schedule, optimizer } = choices;
  return {
    ...trainingDefaults,
    epochs: choices.epochs,
    batch: batch ?? BATCHES.find((size) => given.samples / size >= STEPS_AN_EPOCH) ?? BATCHES[BATCHES.length - 1] ?? trainingDefaults.batch,
    learningRate: learningRate ?? RATES[optimizer][given.fromScratch ? 'scratch' : 'tune'],
    optimizer,
    schedule: schedule ?? (given.fromScratch ? 'onecycle' : 'cosine'),
    warmup: choices.warmup,
    weightDecay: choices.weightDecay,
    mixup: choices.mixup,
    labelSmoothing: choices.labelSmoothing,
    ema: choices.ema,
    clip: choices.clip,
    accumulate: choices.accumulate,
    earlyStop: choices.earlyStop,
    seed: given.seed,
  };
}

export function augmentOptions({ augment: { crop, flip: flips, erase } }: TrainingChoices): AugmentOptions {
  return { crop, flip: flips, erase };
}
