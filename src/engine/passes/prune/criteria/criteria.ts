// The one table of criteria: how much each unit matters. A new criterion is one entry here and its name in names.ts.

import { activationSizes } from './activations';
import { gradientScores } from './gradients';
import type { CriterionTask } from './criterionTask';
import type { CriterionName } from './names';
import type { Importance } from './units';
import { batchNormScale, magnitudes, medianDistances, randomNumbers } from './weightCriteria';

export interface Criterion {
  readonly needs: 'nothing' | 'samples' | 'gradients';
  /** Importance of units, 0 or more; larger stays longer. */
  run(task: CriterionTask): Promise<Importance>;
}

export const criteria: Readonly<Record<CriterionName, Criterion>> = {
  taylor: { needs: 'gradients', run: (task) => gradientScores(task, 'taylor') },
  hessian: { needs: 'gradients', run: (task) => gradientScores(task, 'hessian') },
  activation: { needs: 'samples', run: activationSizes },
  l1: { needs: 'nothing', run: (task) => magnitudes(task, 1) },
  l2: { needs: 'nothing', run: (task) => magnitudes(task, 2) },
  fpgm: { needs: 'nothing', run: medianDistances },
  bn: { needs: 'nothing', run: batchNormScale },
  random: { needs: 'nothing', run: (task) => Promise.resolve(randomNumbers(task)) },
};
