// Normalization over batch, layer, group, instance and neighbourhood; layerNormalization.ts and channelNormalization.ts
// have the closed forms of the common ones.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import { type GradientTable, rule } from '../rule';
import { safeReciprocal } from '../unary';
import { groupNormalization, instanceNormalization } from './channelNormalization';
import { layerNormalization, rmsNormalization } from './layerNormalization';
import { localResponseNormalization } from './localResponse';
import { batchNormalization } from './batchNormalization';

/** x / norm: (g - y sum(g y)) / norm for p = 2, (g - sign(x) sum(g y)) / norm for p = 1; 0 where the norm is 0, as y is. */
const lpNormalization = rule(({ node, gradient, build, facts }) => {
  const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
  const axis = build.ints([intAttribute(node, 'axis', -1)]);
  const p = intAttribute(node, 'p', 2);
  const norm = build.node(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, axis]);
  const inner = build.node('ReduceSum', [build.mul(gradient, y), axis]);
  const direction = p === 1 ? build.node('Sign', [x]) : y;
  return [build.mul(build.sub(gradient, build.mul(direction, inner)), safeReciprocal(build, norm, facts(x).type))];
});

/** (x - mean) / deviation: (g - mean(g) - y mean(g y)) / deviation. The specification adds 1e-9 to the deviation. */
const meanVarianceNormalization = rule(({ node, gradient, build, facts }) => {
  const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
  const { type, shape } = facts(x);
  const axes = (intsAttribute(node, 'axes') ?? [0, 2, 3]).map((axis) => (axis < 0 ? axis + shape.length : axis));
  const centred = build.sub(x, build.reduceMean(x, axes));
  const variance = build.reduceMean(build.mul(centred, centred), axes);
  const deviation = build.add(build.node('Sqrt', [variance]), build.scalar(1e-9, type));
  const alongY = build.mul(y, build.reduceMean(build.mul(gradient, y), axes));
  return [build.div(build.sub(build.sub(gradient, build.reduceMean(gradient, axes)), alongY), deviation)];
});

export const normalizationGradients = {
  BatchNormalization: batchNormalization,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: localResponseNormalization,
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  RMSNormalization: rmsNormalization,
} satisfies GradientTable<string>;
