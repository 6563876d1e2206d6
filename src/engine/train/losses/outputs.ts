// Distillation of numbers: the model gives what the teacher gives. For outputs that are no classes, where a distribution
// over them (kl.ts) would mean nothing.

import { Type } from '@sinclair/typebox';
import type { Loss, LossContext } from './loss';
import { firstOutput, meanOfAll, teacherTensor } from './parts';

/** Mean over all values of (output - teacher's output)^2, behind a final activation where there is one. */
export const outputsLoss: Loss = {
  id: 'outputs',
  options: Type.Object({}),
  needs: ['teacher'],
  build(context: LossContext) {
    const { build } = context;
    const output = firstOutput(context);
    const difference = build.sub(output.name, teacherTensor(context, 'outputs', output, 'name'));
    return meanOfAll(build, build.mul(difference, difference));
  },
};
