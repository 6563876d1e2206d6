// BatchNormalization y = (x - mean) / sqrt(var + epsilon) * scale + bias, per channel. Frozen: mean and variance are
// inputs of their own. With the statistics of the batch (batchStatistics.ts): in closed form through them
// (Ioffe and Szegedy 2015, "Batch Normalization", section 3).

import { float, floatAttribute, intAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { BATCH_STATISTICS, STATISTICS_KEY } from '../../batchStatistics';
import type { GraphBuilder } from '../../graphBuilder';
import { rule, type RuleContext } from '../rule';

/** The operator's default (ONNX operator "BatchNormalization"). */
const DEFAULT_EPSILON = 1e-5;

export const batchNormalization = rule((context) => {
  const { build, node } = context;
  if (intAttribute(node, 'training_mode', 0) !== 0) context.refuse('training_mode=1');
  const [, , , , variance = ''] = node.inputs;
  const epsilon = floatAttribute(node, 'epsilon', DEFAULT_EPSILON);
  const inverse = build.node('Reciprocal', [build.node('Sqrt', [build.add(variance, build.scalar(epsilon))])]);
  return node.metadata.get(STATISTICS_KEY) === BATCH_STATISTICS ? throughStatistics(context, inverse) : frozen(context, inverse);
});

/** `inverse` is 1 / sqrt(var + epsilon), [channels]. */
function frozen(context: RuleContext, inverse: string): (string | undefined)[] {
  const { build, node, gradient, facts, needs } = context;
  const [x = '', scale = '', , mean = ''] = node.inputs;
  const { shape } = facts(x);
  const slope = build.mul(scale, inverse);
  const sum = needs(2) || needs(3) ? sumOverSamples(build, gradient, shape) : '';
  const product = needs(1) || needs(4)
    ? sumOverSamples(build, build.mul(gradient, build.sub(x, perChannel(build, mean, shape))), shape)
    : '';
  return [
    needs(0) ? build.mul(gradient, perChannel(build, slope, shape)) : undefined,
    needs(1) ? build.mul(product, inverse) : undefined,
    needs(2) ? sum : undefined,
    needs(3) ? build.neg(build.mul(slope, sum)) : undefined,
    needs(4) ? build.mul(build.mul(build.mul(slope, product), build.mul(inverse, inverse)), build.scalar(-0.5)) : undefined,
  ];
}

/**
 * The node's input is centred: dL/dcentred = slope * (dy - mean(dy) - centred * inverse^2 * mean(dy * centred)), which is
 * dL/dx too, as its sum is zero. An affine map of dy and one of the centred values, with one pass each and one to add.
 */
function throughStatistics({ build, node, gradient, facts, needs }: RuleContext, inverse: string): (string | undefined)[] {
  const [centred = '', scale = ''] = node.inputs;
  const { shape } = facts(centred);
  const sum = sumOverSamples(build, gradient, shape);
  const product = sumOverSamples(build, build.mul(gradient, centred), shape);
  return [needs(0) ? ofInput() : undefined, needs(1) ? build.mul(product, inverse) : undefined, needs(2) ? sum : undefined];

  function ofInput(): string {
    const slope = build.mul(scale, inverse);
    const share = build.mul(slope, build.scalar(-(shape[1] ?? 1) / elementCount(shape)));
    const direct = affine(build, gradient, slope, build.mul(share, sum));
    const factor = build.mul(build.mul(share, product), build.mul(inverse, inverse));
    return build.add(direct, build.mul(centred, perChannel(build, factor, shape)));
  }

  /** tensor * factor + offset per channel: BatchNormalization is the one kernel that does it in one pass. */
  function affine(builder: GraphBuilder, tensor: string, factor: string, offset: string): string {
    const constant = (value: number): string => {
      const channels = shape[1] ?? 1;
      return builder.constant({ type: 'float32', dims: [channels], data: new Float32Array(channels).fill(value) });
    };
    return builder.node('BatchNormalization', [tensor, factor, offset, constant(0), constant(1)], { epsilon: float(0) });
  }
}

/** [channels] to a shape that broadcasts against `shape`. */
function perChannel(build: GraphBuilder, tensor: string, shape: readonly number[]): string {
  return build.reshape(tensor, [shape[1] ?? 1, ...shape.slice(2).map(() => 1)]);
}

/** Sum over batch and space, [channels]. */
function sumOverSamples(build: GraphBuilder, tensor: string, shape: readonly number[]): string {
  return build.reduceSum(tensor, shape.map((_, axis) => axis).filter((axis) => axis !== 1), false);
}
