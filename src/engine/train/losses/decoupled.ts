// Decoupled distillation (Zhao, Cui, Song, Qiu, Liang 2022): how sure the teacher is of the labelled class, and how it
// ranks the others, weigh apart.

import { type Static, Type } from '@sinclair/typebox';
import { EngineError } from '../../error';
import { int } from '../../ir/attributes';
import type { Loss, LossContext } from './loss';
import { comparedLogits, distributions, mayIgnore, mean, meanUnder } from './parts';

const options = Type.Object({
  temperature: Type.Number({ exclusiveMinimum: 0, default: 4 }),
  /** Weight of the part about the labelled class, and of the part about the others (the paper's CIFAR-100 settings). */
  alpha: Type.Number({ minimum: 0, default: 1 }),
  beta: Type.Number({ minimum: 0, default: 8 }),
});

/** Takes the labelled class out of a softmax, as in the authors' code: exp(-1000) is 0 in float32. */
const EXCLUDED = -1000;

export const decoupledLoss: Loss<typeof options> = {
  id: 'decoupled',
  options,
  needs: ['labels', 'teacher'],
  build(context: LossContext, { temperature, alpha, beta }: Static<typeof options>) {
    const { build, labelForm } = context;
    const { student, teacher, output } = comparedLogits(context, 'decoupled');
    if (labelForm !== 'classes') throw new EngineError('lossUnfit', { loss: 'decoupled', output: output.name, shape: output.dims.join(', ') });
    const target = context.oneHot();
    const axis = { axis: int(output.axis) };
    const excluded = build.mul(target, build.scalar(EXCLUDED));
    const distribution = (logits: string): { readonly all: string; readonly others: string } => {
      const softened = build.mul(logits, build.scalar(1 / temperature));
      return { all: build.node('LogSoftmax', [softened], axis), others: build.node('LogSoftmax', [build.add(softened, excluded)], axis) };
    };
    const [ofStudent, ofTeacher] = [distribution(student), distribution(teacher)];
    const overClasses = (tensor: string): string => build.reduceSum(tensor, [output.axis]);

    // Among the others: sum of p (log p - log q). At the labelled class p is 0.
    const p = build.node('Exp', [ofTeacher.others]);
    const others = build.mul(p, build.sub(ofTeacher.others, ofStudent.others));

    // log(1 - probability of the labelled class) = log all_j - log others_j for every other class j: their mean under p.
    const isTarget = (logs: string): string => overClasses(build.mul(target, logs));
    const notTarget = ({ all, others: rest }: { readonly all: string; readonly others: string }): string => overClasses(build.mul(p, build.sub(all, rest)));
    const cross = (logTeacher: string, logStudent: string): string => build.mul(build.node('Exp', [logTeacher]), build.sub(logTeacher, logStudent));
    const labelled = build.add(
      cross(isTarget(ofTeacher.all), isTarget(ofStudent.all)),
      cross(notTarget(ofTeacher), notTarget(ofStudent)),
    );
    const squared = temperature ** 2;
    if (!mayIgnore(context, output)) {
      const count = distributions(output) / squared;
      return build.add(build.mul(mean(build, labelled, count), build.scalar(alpha)), build.mul(mean(build, others, count), build.scalar(beta)));
    }
    // An ignored position has no class, and counts in neither part.
    const counts = overClasses(target);
    const overLabelled = (tensor: string, weight: number): string => build.mul(meanUnder(build, build.mul(tensor, counts), counts), build.scalar(weight * squared));
    return build.add(overLabelled(labelled, alpha), overLabelled(others, beta));
  },
};
