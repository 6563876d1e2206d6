// What the options come to that prune.channels and prune.heads share: the criterion, the widths, rounds and what mends.

import type { Target } from '../pass';
import type { CriterionName } from './criteria/names';
import type { RecoverOptions } from '../recovery/recover';
import { usualWidths } from './selection/grains';
import type { Widths } from './selection/order';

interface UnitOptions {
  readonly criterion?: CriterionName;
  readonly samples: number;
  readonly ignore: readonly string[];
  readonly grain?: number;
  readonly minimum: number;
  readonly steps: number;
  readonly recover?: RecoverOptions;
  readonly refit: boolean;
}

export interface UnitSettings {
  readonly criterion: CriterionName;
  readonly samples: number;
  readonly ignore: readonly string[];
  readonly widths: Widths;
  readonly rounds: number;
  readonly refit: boolean;
  readonly recover: RecoverOptions | undefined;
}

/** Without data the criterion is l2, without a grain the target's block, unless others are asked for. */
export function unitSettings({ criterion, samples, ignore, grain, minimum, steps, recover, refit }: UnitOptions, { data, target }: { readonly data?: unknown; readonly target?: Target }): UnitSettings {
  return {
    criterion: criterion ?? (data === undefined ? 'l2' : 'taylor'), samples, ignore,
    widths: grain === undefined ? usualWidths(target, minimum) : { grain, minimum },
    rounds: steps, refit, recover,
  };
}
