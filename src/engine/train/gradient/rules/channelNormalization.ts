// InstanceNormalization and GroupNormalization (opset 21: scale and bias by channel): statistics over the positions of one
// channel, or of a group of channels, of one sample.

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import { rule, type RuleContext } from '../rule';

export const instanceNormalization = rule((context) => channelNormalization(context, context.facts(context.node.inputs[0] ?? '').shape[1] ?? 1));

export const groupNormalization = rule((context) => channelNormalization(context, intAttribute(context.node, 'num_groups') ?? context.refuse('num_groups=?')));

/**
 * With h = (x - mean) / deviation, n elements a group: dx = (g scale - mean(g scale) - h mean(g scale h)) / deviation.
 * Scale is one number a channel, so that all sums are made of two sums over positions: of g and of g h.
 */
function channelNormalization({ node, gradient, build, facts, needs }: RuleContext, groups: number): (string | undefined)[] {
  const [x = '', scale = ''] = node.inputs;
  const { type, shape } = facts(x);
  const [batch = 1, channels = 1, ...positions] = shape;
  const size = channels / groups;
  const area = positions.reduce((product, dim) => product * dim, 1);
  const view = [batch, groups, size, area];
  const count = build.scalar(size * area, type);

  const seen = build.reshape(x, view);
  const g = build.reshape(gradient, view);
  const centred = build.sub(seen, build.reduceMean(seen, [2, 3]));
  const variance = build.reduceMean(build.mul(centred, centred), [2, 3]);
  // Specification: epsilon defaults to 1e-5 for both.
  const epsilon = build.scalar(floatAttribute(node, 'epsilon', 1e-5), type);
  const inverse = build.node('Reciprocal', [build.node('Sqrt', [build.add(variance, epsilon)])]);
  const normal = build.mul(centred, inverse);
  const sums = build.reduceSum(g, [3]);
  const normalSums = build.reduceSum(build.mul(g, normal), [3]);

  const toInput = (): string => {
    const byChannel = build.reshape(scale, [1, groups, size, 1]);
    const groupMean = (parts: string): string => build.div(build.reduceSum(build.mul(parts, byChannel), [2]), count);
    const along = build.mul(normal, build.mul(groupMean(normalSums), inverse));
    const direct = build.mul(g, build.mul(byChannel, inverse));
    return build.reshape(build.sub(build.sub(direct, along), build.mul(groupMean(sums), inverse)), shape);
  };
  const toChannels = (parts: string): string => build.reshape(build.reduceSum(parts, [0]), [channels]);
  return [needs(0) ? toInput() : undefined, needs(1) ? toChannels(normalSums) : undefined, needs(2) ? toChannels(sums) : undefined];
}
