// The epochs of a training so far and the best of them: what is kept in the end, and whether to go on. No step is taken
// here and nothing measured.

import type { TrainingState } from './stepper';
import type { EpochRecord, TrainingOptions, TrainingRequest, TrainingResult } from './training';

export interface EpochsSoFar {
  readonly history: readonly EpochRecord[];
  /** Undefined before the first metric. */
  readonly best: TrainingResult['best'];
  /** Weights and statistics of the best epoch. */
  readonly bestState: TrainingState | undefined;
}

type Better = NonNullable<TrainingRequest['evaluate']>['better'];

/** Whether the metric is better than all before it. None and NaN are not. */
export function isBest({ best }: Pick<EpochsSoFar, 'best'>, metric: number | null, better: Better = 'higher'): metric is number {
  if (metric === null || Number.isNaN(metric)) return false;
  return best === undefined || (better === 'lower' ? metric < best.metric : metric > best.metric);
}

/** Whether as many epochs as `earlyStop` went by without a better one. */
export function hasStalled({ best }: Pick<EpochsSoFar, 'best'>, epochsDone: number, { earlyStop }: Pick<TrainingOptions, 'earlyStop'>): boolean {
  return earlyStop > 0 && best !== undefined && epochsDone - best.epoch >= earlyStop;
}

/** The best epoch where it is better than what training started from. */
export function improvement({ best }: Pick<EpochsSoFar, 'best'>): EpochsSoFar['best'] {
  return best === undefined || best.epoch === 0 ? undefined : best;
}
