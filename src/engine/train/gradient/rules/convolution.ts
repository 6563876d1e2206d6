// Convolutions. Each of Conv and ConvTranspose is the other's adjoint, so both are written in the same linear maps
// (convolution/linearMaps.ts); a ConvTranspose is a convolution from its output to its input.

import { intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { type GradientTable, refused, rule, type RuleContext } from '../rule';
import { inputGradient, weightGradient } from '../convolution/forms';
import { type Convolution, correlate } from '../convolution/linearMaps';
import { extentOf, slidingAxes, type SlidingAxis } from '../convolution/slidingAxis';

interface Operands {
  readonly x: string;
  readonly weights: string;
  readonly xShape: readonly number[];
  readonly weightShape: readonly number[];
  readonly yShape: readonly number[];
  readonly group: number;
}

function operands({ node, facts }: RuleContext): Operands {
  const [x = '', weights = ''] = node.inputs;
  return {
    x, weights, xShape: facts(x).shape, weightShape: facts(weights).shape, yShape: facts(node.outputs[0] ?? '').shape,
    group: intAttribute(node, 'group', 1),
  };
}

const conv = rule((context) => {
  const { x, weights, xShape, weightShape, yShape, group } = operands(context);
  const convolution: Convolution = {
    batch: xShape[0] ?? 0, channels: xShape[1] ?? 0, filters: yShape[1] ?? 0, group,
    axes: checked(context, slidingAxes(context.node, xShape.slice(2), yShape.slice(2), weightShape.slice(2))),
  };
  const { build, gradient } = context;
  return [
    context.needs(0) ? inputGradient(build, gradient, weights, convolution) : undefined,
    context.needs(1) ? weightGradient(build, x, gradient, convolution) : undefined,
    context.needs(2) ? biasGradient(context, yShape.length) : undefined,
  ];
});

const convTranspose = rule((context) => {
  const { x, weights, xShape, weightShape, yShape, group } = operands(context);
  const convolution: Convolution = {
    batch: xShape[0] ?? 0, channels: yShape[1] ?? 0, filters: xShape[1] ?? 0, group,
    axes: checked(context, transposedAxes(context, xShape.slice(2), yShape.slice(2), weightShape.slice(2))),
  };
  const { build, gradient } = context;
  return [
    context.needs(0) ? correlate(build, gradient, weights, convolution) : undefined,
    context.needs(1) ? weightGradient(build, gradient, x, convolution) : undefined,
    context.needs(2) ? biasGradient(context, yShape.length) : undefined,
  ];
});

/** The axes of the convolution that maps a ConvTranspose's output to its input (ONNX operator "ConvTranspose"). */
function transposedAxes({ node }: RuleContext, x: readonly number[], y: readonly number[], kernel: readonly number[]): SlidingAxis[] {
  const padding = intsAttribute(node, 'output_padding') ?? [];
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  const computed = automatic.startsWith('SAME') || intsAttribute(node, 'output_shape') !== undefined;
  return slidingAxes(node, y, x, kernel).map((axis, index) => {
    if (!computed) return axis;
    const total = Math.max(0, (axis.output - 1) * axis.stride + (padding[index] ?? 0) + extentOf(axis) - axis.input);
    const half = Math.floor(total / 2);
    return { ...axis, begin: automatic === 'SAME_UPPER' ? half : total - half };
  });
}

function checked(context: RuleContext, axes: SlidingAxis[]): SlidingAxis[] {
  if (axes.some((axis) => axis.begin < 0)) context.refuse('pads < 0');
  return axes;
}

/** Sums over batch and space. */
function biasGradient({ build, gradient }: RuleContext, rank: number): string {
  return build.reduceSum(gradient, Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1), false);
}

export const convolutionGradients = {
  CausalConvWithState: refused,
  Conv: conv,
  ConvTranspose: convTranspose,
  // Deformable windows gather between pixels at learned offsets.
  DeformConv: refused,
} satisfies GradientTable<string>;
