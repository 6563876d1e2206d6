// What an optimiser is: formulas on flat float32 vectors as graph nodes, and the numbers that change from step to step,
// which are computed here in float64 and fed. The equations are PyTorch's, term by term.

import type { GraphBuilder } from '../graphBuilder';
import type { OptimiserName, TrainingOptions } from '../training';

export interface UpdateInputs {
  readonly build: GraphBuilder;
  /** Flat vectors of one group of parameters. */
  readonly parameters: string;
  readonly gradient: string;
  /** State vectors of the group, as long as the parameters, in the order of `slots`. */
  readonly state: readonly string[];
  /** Whether weight decay acts on this group. */
  readonly decays: boolean;
  /** Scalars of this step, by the names of `scalars`. */
  readonly scalar: (name: string) => string;
}

export interface Optimiser {
  readonly name: OptimiserName;
  /** State vectors a group has; all start as zeros. */
  readonly slots: readonly string[];
  /** The new parameters and state. */
  update(inputs: UpdateInputs): { readonly parameters: string; readonly state: readonly string[] };
  /** Names of the scalars it is fed. */
  readonly scalars: readonly string[];
  /** Their values for a step counted from 1. */
  valuesAt(step: number, learningRate: number): Readonly<Record<string, number>>;
}

export type OptimiserOptions = Pick<TrainingOptions, 'optimizer' | 'momentum' | 'nesterov' | 'weightDecay'>;
