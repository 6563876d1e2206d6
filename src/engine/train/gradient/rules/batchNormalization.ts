// BatchNormalization y = (x - mean) / sqrt(var + epsilon) * scale + bias, per channel. Frozen: mean and variance are
// inputs of their own. With the statistics of the batch (batchStatistics.ts): in closed form through them
// (Ioffe and Szegedy 2015, "Batch Normalization", section 3).

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { BATCH_STATISTICS, STATISTICS_KEY } from '../../batchStatistics';
import { rule, type RuleContext } from '../rule';

/** The operator's default (ONNX operator "BatchNormalization"). */
const DEFAULT_EPSILON = 1e-5;

interface Sums {
  /** sum dy, [channels] */
  readonly dy: string;
  /** sum dy * (x - mean), [channels] */
  readonly dyCentred: string;
}

export const batchNormalization = rule((context) => {
  const { build, node, gradient, facts, needs } = context;
  if (intAttribute(node, 'training_mode', 0) !== 0) context.refuse('training_mode=1');
  const [x = '', scale = '', , mean = '', variance = ''] = node.inputs;
  const { shape } = facts(x);
  const channels = shape[1] ?? 1;
  const batch = node.metadata.get(STATISTICS_KEY) === BATCH_STATISTICS;
  const epsilon = floatAttribute(node, 'epsilon', DEFAULT_EPSILON);

  const inverse = build.node('Reciprocal', [build.node('Sqrt', [build.add(variance, build.scalar(epsilon))])]);
  const slope = build.mul(scale, inverse);
  const wantsSums = batch || [1, 2, 3, 4].some((position) => needs(position));
  const sums: Sums | undefined = wantsSums ? sumsOf(context, x, mean, shape) : undefined;
  const statistics = batch ? [undefined, undefined] : [
    needs(3) && sums ? build.neg(build.mul(slope, sums.dy)) : undefined,
    needs(4) && sums ? build.mul(build.mul(build.mul(slope, sums.dyCentred), build.mul(inverse, inverse)), build.scalar(-0.5)) : undefined,
  ];
  return [
    needs(0) ? inputGradient() : undefined,
    needs(1) && sums ? build.mul(sums.dyCentred, inverse) : undefined,
    needs(2) && sums ? sums.dy : undefined,
    ...statistics,
  ];

  /** dx = slope * dy, and with the batch's statistics less what flows through them: an affine map of dy and x. */
  function inputGradient(): string {
    const perChannel = (tensor: string): string => build.reshape(tensor, [channels, ...shape.slice(2).map(() => 1)]);
    const direct = build.mul(gradient, perChannel(slope));
    if (!batch || sums === undefined) return direct;
    const share = build.scalar(1 / (elementCount(shape) / channels));
    const ofX = build.neg(build.mul(build.mul(slope, share), build.mul(sums.dyCentred, build.mul(inverse, inverse))));
    const constant = build.neg(build.add(build.mul(build.mul(slope, share), sums.dy), build.mul(ofX, mean)));
    return build.add(direct, build.add(build.mul(x, perChannel(ofX)), perChannel(constant)));
  }
});

function sumsOf({ build, gradient }: RuleContext, x: string, mean: string, shape: readonly number[]): Sums {
  const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const dy = build.reduceSum(gradient, axes, false);
  const centred = build.sub(x, build.reshape(mean, [shape[1] ?? 1, ...shape.slice(2).map(() => 1)]));
  return { dy, dyCentred: build.reduceSum(build.mul(gradient, centred), axes, false) };
}
