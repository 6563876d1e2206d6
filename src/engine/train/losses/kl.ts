// Distillation by logits (Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network").

import { type Static, Type } from '@sinclair/typebox';
import { int } from '../../ir/attributes';
import type { GraphBuilder } from '../graphBuilder';
import type { Loss, LossContext } from './loss';
import { comparedLogits, distributions, mayIgnore, mean, meanUnder } from './parts';

const options = Type.Object({
  /** Softens both distributions; the loss is scaled by its square, so that gradients keep their size. */
  temperature: Type.Number({ exclusiveMinimum: 0, default: 4 }),
});

/**
 * T^2 * KL(teacher || student) of softmax(logits / T), mean over samples (and pixels or tokens); of Bernoulli behind a Sigmoid.
 * Positions that labels ignore are left out where another loss of the sum reads labels. Alone it looks at none (it is what
 * is left where labels do not fit), and compares at every position.
 */
export const klLoss: Loss<typeof options> = {
  id: 'kl',
  options,
  needs: ['teacher'],
  build(context: LossContext, { temperature }: Static<typeof options>) {
    const { build } = context;
    const { student, teacher, output } = comparedLogits(context, 'kl');
    const softened = (logits: string): string => build.mul(logits, build.scalar(1 / temperature));
    const divergence = output.activation === 'sigmoid'
      ? bernoulli(build, softened(student), softened(teacher))
      : categorical(build, softened(student), softened(teacher), output.axis);
    if (context.readsLabels !== true || !mayIgnore(context, output)) return mean(build, divergence, distributions(output) / temperature ** 2);
    // 1 at a position with a label, 0 at an ignored one, between where mixup blends the two.
    const counts = build.reduceSum(context.labels(), [output.axis]);
    return build.mul(meanUnder(build, build.mul(divergence, counts), counts), build.scalar(temperature ** 2));
  },
};

/** p * (log p - log q), element by element. */
function categorical(build: GraphBuilder, student: string, teacher: string, axis: number): string {
  const logTeacher = build.node('LogSoftmax', [teacher], { axis: int(axis) });
  const logStudent = build.node('LogSoftmax', [student], { axis: int(axis) });
  return build.mul(build.node('Exp', [logTeacher]), build.sub(logTeacher, logStudent));
}

/**
 * With p = sigmoid(teacher) and a logit z: log q = z - softplus(z), log(1 - q) = -softplus(z), so that
 * KL = p (teacher - student) - softplus(teacher) + softplus(student).
 */
function bernoulli(build: GraphBuilder, student: string, teacher: string): string {
  const linear = build.mul(build.node('Sigmoid', [teacher]), build.sub(teacher, student));
  return build.add(linear, build.sub(build.node('Softplus', [student]), build.node('Softplus', [teacher])));
}
