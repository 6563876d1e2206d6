// The option `slim`: training before pruning that makes units small where the model can do without them.

import { type Static, Type } from '@sinclair/typebox';
import { amount, choice, count } from '../../optionTypes';
import { trainingProperties } from '../../train/options';

/** methods.md, dynamic weights; those of `distill` will have the same form. */
const usualWeights = { schedule: 'dynamic', alpha: 0.7, decay: 0.95, every: 10 } as const;

const weights = Type.Object({
  schedule: choice(['dynamic', 'constant']),
  alpha: amount(usualWeights.alpha, { below: 1 }),
  decay: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: usualWeights.decay }),
  every: count(usualWeights.every),
}, { default: usualWeights, advanced: true });

// The last epoch counts whatever its accuracy: there is no better one to stop behind.
const training = Type.Omit(Type.Object(trainingProperties), ['earlyStop']).properties;

export const slimSchema = Type.Optional(Type.Object({ method: choice(['group', 'scale']), weights, ...training }));

export type SlimOptions = NonNullable<Static<typeof slimSchema>>;
