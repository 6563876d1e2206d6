// LRN: division by a power of the squares around, across channels of [N, C, d1, ...].

import { floatAttribute, int, intAttribute, ints } from '../../../ir/attributes';
import { rule } from '../rule';

/**
 * y = x d^-beta with d = bias + alpha / size * (sum of x^2 over `size` channels around). The gradient is
 * g d^-beta - 2 alpha beta / size * x * (sum of g y / d over the channels whose window holds this one).
 */
export const localResponseNormalization = rule(({ node, gradient, build, facts }) => {
  const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
  const { type, shape } = facts(x);
  const size = intAttribute(node, 'size', 1);
  // Specification: floor((size - 1) / 2) channels before, ceil((size - 1) / 2) after. Defaults as there.
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const [alpha, beta, bias] = [floatAttribute(node, 'alpha', 1e-4), floatAttribute(node, 'beta', 0.75), floatAttribute(node, 'bias', 1)];
  const number = (value: number): string => build.scalar(value, type);
  const [batch = 1, channels = 1, ...rest] = shape;
  const image = [batch, 1, channels, rest.reduce((product, dim) => product * dim, 1)];

  /** Sum over the window divided by its size; channels beyond the ends are 0. */
  const windowMean = (tensor: string, lead: number, trail: number): string => build.reshape(build.node('AveragePool', [build.reshape(tensor, image)], {
    kernel_shape: ints([size, 1]), pads: ints([lead, 0, trail, 0]), count_include_pad: int(1),
  }), shape);

  const divisor = build.add(build.mul(windowMean(build.mul(x, x), before, after), number(alpha)), number(bias));
  const direct = build.mul(gradient, build.node('Pow', [divisor, number(-beta)]));
  const around = windowMean(build.div(build.mul(gradient, y), divisor), after, before);
  return [build.sub(direct, build.mul(build.mul(x, number(2 * alpha * beta)), around))];
});
