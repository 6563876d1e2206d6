// Whether a step may be taken: a training diverges into numbers that are not finite, or into ever larger ones.

import type { StepReport } from './stepper';

/**
 * Losses fall, or waver by a few times their size. A thousand times the first one is beyond what a batch can do; a first
 * loss near zero (a model that knows its data) counts as this much, so that an ordinary batch does not look like a jump.
 */
const JUMP = 1000;
const SMALL_LOSS = 0.1;

export function isSound({ loss, gradientNorm }: Pick<StepReport, 'loss' | 'gradientNorm'>, firstLoss: number | undefined): boolean {
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return false;
  return firstLoss === undefined || loss <= JUMP * Math.max(SMALL_LOSS, Math.abs(firstLoss));
}
