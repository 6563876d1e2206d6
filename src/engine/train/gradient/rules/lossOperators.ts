// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss in closed form: classes on axis 1 of [N, C, d1, ...], targets
// [N, d1, ...], weights [C]. Targets equal to ignore_index count for nothing, also not in the mean.

import { intAttribute, stringAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { rule, type RuleContext } from '../rule';

interface Targets {
  /** 1 at the class of the target, 0 elsewhere (and where it is ignored): shape of the scores. */
  readonly hot: string;
  /** dL/d(loss of the sample) times its weight, 0 where it is ignored: broadcasts to the scores. */
  readonly factor: string;
}

/** dL/d(input) of NLL is -hot * factor. */
export const negativeLogLikelihood = rule((context) => {
  const { build } = context;
  if (context.needs(2)) context.refuse('gradient of weight');
  const { hot, factor } = targets(context, context.gradient);
  return [build.neg(build.mul(hot, factor))];
});

/** (softmax - hot) * factor, and for the second output (log-probabilities) g - softmax * sum(g). */
export const softmaxCrossEntropy = rule((context) => {
  const { node, build, gradients, needs, refuse } = context;
  if (needs(2)) refuse('gradient of weights');
  const [scores = ''] = node.inputs;
  const logProbabilities = node.outputs[1] ?? '';
  const probabilities = logProbabilities === ''
    ? build.node('Softmax', [scores], { axis: { kind: 'int', value: 1n } }) : build.node('Exp', [logProbabilities]);
  const [ofLoss, ofLogs] = gradients;
  const parts: string[] = [];
  if (ofLoss !== undefined) {
    const { hot, factor } = targets(context, ofLoss);
    parts.push(build.mul(build.sub(probabilities, hot), factor));
  }
  if (ofLogs !== undefined) parts.push(build.sub(ofLogs, build.mul(probabilities, build.reduceSum(ofLogs, [1]))));
  return [parts.length === 0 ? undefined : build.sum(parts as [string, ...string[]])];
});

/** @param gradient dL/d(loss), of the shape of the targets for reduction=none, else a scalar */
function targets(context: RuleContext, gradient: string): Targets {
  const { node, build, facts, input } = context;
  const [scores = '', given = ''] = node.inputs;
  const { type, shape } = facts(scores);
  const labels = facts(given);
  const classes = shape[1] ?? 1;
  const withClassAxis = [shape[0] ?? 1, 1, ...shape.slice(2)];
  // int64 for all: comparisons and Gather have it on every provider.
  const target = build.reshape(labels.type === 'int64' ? given : build.cast(given, 'int64'), withClassAxis);

  const ignored = intAttribute(node, 'ignore_index');
  const valid = ignored === undefined ? undefined : build.node('Not', [build.node('Equal', [target, build.scalar(ignored, 'int64')])]);
  const counted = valid === undefined ? undefined : build.cast(valid, type);
  const numbers = build.reshape(build.ints(Array.from({ length: classes }, (_, index) => index)), [classes, ...shape.slice(2).map(() => 1)]);
  // A target that is ignored may lie outside of the classes, where it equals none of them.
  const hot = build.cast(build.node('Equal', [target, numbers]), type);

  const weights = input(2);
  const weight = weights === undefined ? counted : weightOf(context, weights, target, valid, counted);
  const reduction = stringAttribute(node, 'reduction', 'mean');
  const share = reduction === 'none' ? build.reshape(gradient, withClassAxis) : gradient;
  if (reduction === 'mean') {
    const total = weight === undefined ? build.scalar(elementCount(labels.shape), type)
      : build.reduceSum(weight, withClassAxis.map((_, axis) => axis), false);
    return { hot, factor: weighted(context, build.div(share, total), weight) };
  }
  return { hot, factor: weighted(context, share, weight) };
}

function weighted({ build }: RuleContext, share: string, weight: string | undefined): string {
  return weight === undefined ? share : build.mul(share, weight);
}

/** The weight of each target's class, 0 where the target is ignored. */
function weightOf({ build }: RuleContext, weights: string, target: string, valid: string | undefined, counted: string | undefined): string {
  if (valid === undefined || counted === undefined) return build.node('Gather', [weights, target]);
  const safe = build.where(valid, target, build.scalar(0, 'int64'));
  return build.mul(build.node('Gather', [weights, safe]), counted);
}
