// Softmax and LogSoftmax along one axis (opset 13 and later), by their outputs.

import { intAttribute } from '../../../ir/attributes';
import { rule } from '../rule';

/** y (g - sum(g y)) */
export const softmax = rule(({ node, gradient, build }) => {
  const [y = ''] = node.outputs;
  const inner = build.reduceSum(build.mul(gradient, y), [intAttribute(node, 'axis', -1)]);
  return [build.mul(y, build.sub(gradient, inner))];
});

/** g - exp(y) sum(g) */
export const logSoftmax = rule(({ node, gradient, build }) => {
  const [y = ''] = node.outputs;
  const total = build.reduceSum(gradient, [intAttribute(node, 'axis', -1)]);
  return [build.sub(gradient, build.mul(build.node('Exp', [y]), total))];
});
