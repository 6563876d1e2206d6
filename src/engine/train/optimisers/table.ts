// The optimisers by name, and their usual learning rates.

import type { OptimiserName, TrainingOptions } from '../training';
import { adamw } from './adamw';
import type { Optimiser, OptimiserOptions } from './optimiser';
import { sgd } from './sgd';

export function optimiserOf(options: OptimiserOptions): Optimiser {
  return options.optimizer === 'adamw' ? adamw(options.weightDecay) : sgd(options);
}

/** Peak learning rates that suit most models: AdamW's default in PyTorch, and half of what He 2016 trains ResNets with. */
const defaultLearningRates: Readonly<Record<OptimiserName, number>> = { adamw: 1e-3, sgd: 0.05 };

/** The largest learning rate of the schedule: as asked, or the usual one. */
export function peakLearningRate({ learningRate, optimizer }: Pick<TrainingOptions, 'learningRate' | 'optimizer'>): number {
  return learningRate ?? defaultLearningRates[optimizer];
}
