// Stochastic gradient descent with momentum, as torch.optim.SGD with dampening 0. Weight decay is part of the gradient.

import type { Optimiser, OptimiserOptions } from './optimiser';

/**
 * g += weightDecay * p; buffer = momentum * buffer + g; p -= learningRate * (nesterov ? g + momentum * buffer : buffer).
 * A buffer of zeros gives PyTorch's first step, where the buffer is the gradient.
 */
export function sgd({ momentum, nesterov, weightDecay }: Pick<OptimiserOptions, 'momentum' | 'nesterov' | 'weightDecay'>): Optimiser {
  return {
    name: 'sgd',
    slots: momentum === 0 ? [] : ['momentum'],
    scalars: ['learningRate'],
    valuesAt: (_, learningRate) => ({ learningRate }),
    update({ build, parameters, gradient, state, decays, scalar }) {
      const whole = decays && weightDecay !== 0 ? build.add(gradient, build.mul(parameters, build.scalar(weightDecay))) : gradient;
      const step = (direction: string): string => build.sub(parameters, build.mul(direction, scalar('learningRate')));
      const [before] = state;
      if (before === undefined) return { parameters: step(whole), state: [] };
      const factor = build.scalar(momentum);
      const buffer = build.add(build.mul(before, factor), whole);
      return { parameters: step(nesterov ? build.add(whole, build.mul(buffer, factor)) : buffer), state: [buffer] };
    },
  };
}
