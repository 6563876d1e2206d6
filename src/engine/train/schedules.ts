// Learning-rate schedules: factors of the peak rate as a pure function of the step, so that a resumed run needs no state.

import type { ScheduleName, TrainingOptions } from './training';

export interface SchedulePlan {
  readonly name: ScheduleName;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Linear warm-up: below 1 a share of all steps, otherwise steps. */
  readonly warmup: number;
}

/** One-cycle as in PyTorch's OneCycleLR: start at peak/25, rise for 30 % of the steps, end at start/1e4, by half cosines. */
const ONE_CYCLE = { start: 1 / 25, rise: 0.3, end: 1 / 1e4 };
/** Step: a tenth after half and after three quarters of the steps after warm-up (He 2016 on CIFAR: 32k and 48k of 64k). */
const STEP = { factor: 0.1, at: [0.5, 0.75] };

export function schedulePlan({ schedule, warmup, epochs }: Pick<TrainingOptions, 'schedule' | 'warmup' | 'epochs'>, stepsPerEpoch: number): SchedulePlan {
  return { name: schedule, steps: epochs * stepsPerEpoch, warmup };
}

/** Factor for the step with index `step`, counted from 0; in (0, 1]. */
export function scheduleFactor({ name, steps, warmup }: SchedulePlan, step: number): number {
  if (name === 'onecycle') return oneCycle(step, steps);
  const warm = Math.min(steps, Math.round(warmup < 1 ? warmup * steps : warmup));
  if (step < warm) return (step + 1) / (warm + 1);
  const share = (step - warm) / Math.max(1, steps - warm);
  switch (name) {
    case 'constant': return 1;
    case 'cosine': return (1 + Math.cos(Math.PI * share)) / 2;
    case 'step': return STEP.factor ** STEP.at.filter((at) => share >= at).length;
  }
}

function oneCycle(step: number, steps: number): number {
  const peak = ONE_CYCLE.rise * steps - 1;
  const between = (from: number, to: number, share: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  if (step <= peak) return between(ONE_CYCLE.start, 1, step / peak);
  // At least 1: two steps or fewer have no way down.
  return between(1, ONE_CYCLE.start * ONE_CYCLE.end, (step - peak) / Math.max(1, steps - 1 - peak));
}

/** Decay of the weights' exponential average at a step (from 0): rises from 0.1, so that the start values do not linger (as TensorFlow's and timm's). */
export function emaDecay(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}
