// AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW with its default betas and epsilon.

import type { Optimiser } from './optimiser';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * p *= 1 - learningRate * weightDecay; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * p -= learningRate / c1 * m / (sqrt(v) / sqrt(c2) + epsilon) with c = 1 - beta^step.
 * Numerator and denominator are multiplied by sqrt(c2), which saves a pass over memory.
 */
export function adamw(weightDecay: number): Optimiser {
  return {
    name: 'adamw',
    slots: ['mean', 'square'],
    scalars: ['stepSize', 'epsilon', 'keep'],
    valuesAt(step, learningRate) {
      const root = Math.sqrt(1 - BETA2 ** step);
      return { stepSize: (learningRate * root) / (1 - BETA1 ** step), epsilon: EPSILON * root, keep: 1 - learningRate * weightDecay };
    },
    update({ build, parameters, gradient, state, decays, scalar }) {
      const [meanBefore = '', squareBefore = ''] = state;
      const averaged = (before: string, value: string, beta: number): string =>
        build.add(build.mul(before, build.scalar(beta)), build.mul(value, build.scalar(1 - beta)));
      const mean = averaged(meanBefore, gradient, BETA1);
      const square = averaged(squareBefore, build.mul(gradient, gradient), BETA2);
      const step = build.mul(build.div(mean, build.add(build.node('Sqrt', [square]), scalar('epsilon'))), scalar('stepSize'));
      const kept = decays && weightDecay !== 0 ? build.mul(parameters, scalar('keep')) : parameters;
      return { parameters: build.sub(kept, step), state: [mean, square] };
    },
  };
}
