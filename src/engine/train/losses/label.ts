// The loss against labels: cross-entropy for classes, binary cross-entropy behind a Sigmoid, squared error for numbers.
// Smoothing and mixup are in the targets (targets.ts), so that one formula serves all.

import { Type } from '@sinclair/typebox';
import { int } from '../../ir/attributes';
import type { Loss, LossContext } from './loss';
import { distributions, firstOutput, mean, meanOfAll, meanUnder, mayIgnore } from './parts';

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

/**
 * Mean over samples (and pixels or tokens) of -sum over classes of target * log softmax(logits). The targets of an ignored
 * position are 0: it neither adds to the sum nor counts, as PyTorch's `ignore_index`. (A mixed one counts by its share.)
 */
function crossEntropy(context: LossContext): string {
  const { build } = context;
  const output = firstOutput(context);
  const logProbabilities = build.node('LogSoftmax', [output.logits], { axis: int(output.axis) });
  const targets = context.labels();
  const found = build.mul(targets, logProbabilities);
  return build.neg(mayIgnore(context, output) ? meanUnder(build, found, targets) : mean(build, found, distributions(output)));
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
