// Progress of a use case of several phases: each has a share of the whole, so that the bar never goes back.

import type { Progress } from '../protocol/jobs';
import type { ProgressCode, TextParams } from '../protocol/text/index';
import type { JobContext } from './job';

export interface Phase {
  /** 0 to 1 within the phase; null where it cannot be known. `doing` says more than the phase itself. */
  report(fraction: number | null, layer?: string, doing?: Pick<Progress, 'activity' | 'params'>): void;
}

export class Phases {
  private done = 0;
  private readonly total: number;

  /** `weights`: expected shares of time, in any unit; phases begin in this order. */
  constructor(private readonly context: JobContext, private readonly weights: readonly number[]) {
    this.total = weights.reduce((sum, weight) => sum + weight, 0);
  }

  private index = -1;

  /** Ends the phase before and begins the next. */
  begin(activity: ProgressCode, params?: TextParams): Phase {
    this.done += this.weights[this.index] ?? 0;
    this.index += 1;
    const share = (this.weights[this.index] ?? 0) / this.total;
    const start = this.done / this.total;
    const phase: Phase = {
      report: (fraction, layer, doing = { activity, ...(params && { params }) }) => {
        const progress: Progress = {
          ...doing,
          fraction: start + share * (fraction ?? 0),
          ...(layer !== undefined && { layer }),
        };
        this.context.emit({ type: 'progress', progress });
      },
    };
    phase.report(0);
    return phase;
  }
}
