// What every criterion is given.

import type { DependencyGroup } from '../../../analysis/dependencies/index';
import type { Split } from '../../../data/dataset';
import type { Model } from '../../../ir/model';
import type { PassContext } from '../../pass';

export interface CriterionTask {
  readonly model: Model;
  readonly groups: readonly DependencyGroup[];
  /** Samples to look at; only criteria that need data read them. */
  readonly split: Split | undefined;
  readonly samples: number;
  /** Id of the pass, for refusals. */
  readonly passId: string;
  readonly pass: PassContext;
}
