// The loss against labels: cross-entropy for classes, binary cross-entropy behind a Sigmoid, squared error for numbers.
// Smoothing and mixup are in the targets (targets.ts), so that one formula serves all.

import { Type } from '@sinclair/typebox';
import { int } from '../../ir/attributes';
import type { GraphBuilder } from '../graphBuilder';
import type { Loss, LossContext } from './loss';
import { distributions, firstOutput, mean } from './parts';

export const labelLoss: Loss = {
  id: 'label',
  options: Type.Object({}),
  needs: ['labels'],
  build(context) {
    switch (context.labelForm) {
      case 'binary': return binaryCrossEntropy(context);
      case 'values': return squaredError(context);
      case 'classes': case undefined: return crossEntropy(context);
    }
  },
};

/** Mean over samples (and pixels or tokens) of -sum over classes of target * log softmax(logits). */
function crossEntropy(context: LossContext): string {
  const { build } = context;
  const output = firstOutput(context);
  const logProbabilities = build.node('LogSoftmax', [output.logits], { axis: int(output.axis) });
  return build.neg(mean(build, build.mul(context.labels(), logProbabilities), distributions(output)));
}

/** Mean over all values of softplus(x) - target * x, which is -t log(sigmoid x) - (1 - t) log(1 - sigmoid x) without overflow. */
function binaryCrossEntropy(context: LossContext): string {
  const { build } = context;
  const { logits } = firstOutput(context);
  return meanOfAll(build, build.sub(build.node('Softplus', [logits]), build.mul(context.labels(), logits)));
}

function squaredError(context: LossContext): string {
  const { build } = context;
  const difference = build.sub(firstOutput(context).name, context.labels());
  return meanOfAll(build, build.mul(difference, difference));
}

function meanOfAll(build: GraphBuilder, tensor: string): string {
  return build.node('ReduceMean', [tensor], { keepdims: int(0) });
}
