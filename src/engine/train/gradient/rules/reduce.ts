// Reductions, cumulative sums and products. The loss operators are in lossOperators.ts.

import { int, intAttribute } from '../../../ir/attributes';
import type { DataType } from '../../../ir/dataTypes';
import type { GraphBuilder } from '../../graphBuilder';
import { reducedAxes } from '../reducedAxes';
import { type GradientEntry, type GradientTable, rule, type RuleContext } from '../rule';
import { masked, safeReciprocal } from '../unary';
import { negativeLogLikelihood, softmaxCrossEntropy } from './lossOperators';

interface Reduction {
  readonly build: GraphBuilder;
  readonly x: string;
  /** Result and dL/d(result), with 1 in place of the reduced axes: both broadcast to x. */
  readonly y: string;
  readonly gradient: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  /** Elements that go into one result. */
  readonly count: number;
  readonly number: (value: number) => string;
}

/** `write` gives dL/dx in the shape of x. */
const reduction = (write: (reduced: Reduction) => string): GradientEntry => rule((context) => {
  const { node, gradient, build, facts } = context;
  const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
  const { shape, type } = facts(x);
  const axes = reducedAxes(context, shape.length);
  const keptShape = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const kept = (tensor: string): string => (facts(y).shape.length === shape.length ? tensor : build.reshape(tensor, keptShape));
  return [write({
    build, x, type, shape, axes,
    get y() { return kept(y); },
    gradient: kept(gradient),
    count: axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1),
    number: (value) => build.scalar(value, type),
  })];
});

/** The same gradient for all elements of a group. */
function spread({ build, axes, shape, count }: Reduction, gradient: string): string {
  return axes.length === 0 || count === 1 ? gradient : build.node('Expand', [gradient, build.ints(shape)]);
}

/** Max and Min: equal extremes share the gradient equally, as in PyTorch's amax. */
const extreme = (op: 'ReduceMax' | 'ReduceMin'): GradientEntry => reduction(({ build, x, y, gradient, axes, type }) => {
  // Where onnxruntime computes a smaller type in float32, y may be rounded otherwise than x: both again in one type.
  const exact = type === 'float32' || type === 'float64';
  const values = exact ? x : build.cast(x, 'float32');
  const best = exact ? y : overAxes(build, op, values, axes);
  const hit = build.cast(build.node('Equal', [values, best]), type);
  return build.mul(hit, build.div(gradient, build.reduceSum(hit, axes)));
});

/** A reduction over exactly these axes, which are kept as 1. */
function overAxes(build: GraphBuilder, op: string, x: string, axes: readonly number[]): string {
  return axes.length === 0 ? build.node(op, [x], { keepdims: int(1), noop_with_empty_axes: int(1) }) : build.node(op, [x, build.ints(axes)], { keepdims: int(1) });
}

/** The product of the other elements: by division, with the zeros of a group counted and replaced by 1. */
const product = reduction(({ build, x, gradient, axes, type, number }) => {
  const zero = build.cast(build.node('Equal', [x, number(0)]), type);
  const filled = build.add(x, zero);
  const others = build.div(overAxes(build, 'ReduceProd', filled, axes), filled);
  const noOtherZero = build.node('Equal', [zero, build.reduceSum(zero, axes)]);
  return build.mul(gradient, masked(build, others, noOtherZero, type));
});

/** What comes back to an element: the sum over all results that it is in, which lie in the other direction. */
function sumBack({ node, build }: RuleContext, values: string): string {
  return build.node('CumSum', [values, node.inputs[1] ?? ''], {
    exclusive: int(intAttribute(node, 'exclusive', 0)), reverse: int(1 - intAttribute(node, 'reverse', 0)),
  });
}

/**
 * With S the sum that comes back: S(g y) / x. The first 0 of a row (in the direction of the product) makes all after it 0,
 * so that its own gradient is S(g y') with y' the product without it; later elements, zeros too, get 0.
 */
const cumulativeProduct = rule((context) => {
  const { node, gradient, build, facts } = context;
  const [x = '', axis = '', y = ''] = [...node.inputs, ...node.outputs];
  const { type } = facts(x);
  const direction = { reverse: int(intAttribute(node, 'reverse', 0)) };
  const isZero = build.node('Equal', [x, build.scalar(0, type)]);
  const zero = build.cast(isZero, type);
  const zerosSoFar = build.node('CumSum', [zero, axis], direction);
  const first = build.node('And', [isZero, build.node('Equal', [zerosSoFar, build.scalar(1, type)])]);
  const without = build.node('CumProd', [build.add(x, build.cast(first, type)), axis], { ...direction, exclusive: int(intAttribute(node, 'exclusive', 0)) });
  const byDivision = build.div(sumBack(context, build.mul(gradient, y)), build.add(x, zero));
  return [build.where(first, sumBack(context, build.mul(gradient, without)), byDivision)];
});

export const reduceGradients = {
  CumProd: cumulativeProduct,
  CumSum: rule((context) => [sumBack(context, context.gradient)]),
  NegativeLogLikelihoodLoss: negativeLogLikelihood,
  ReduceL1: reduction(({ build, x, gradient }) => build.mul(build.node('Sign', [x]), gradient)),
  // x / y, and 0 where all of a group is 0.
  ReduceL2: reduction(({ build, x, y, gradient, type }) => build.mul(x, build.mul(gradient, safeReciprocal(build, y, type)))),
  // y = log(sum): the sum is exp(y).
  ReduceLogSum: reduction((r) => spread(r, r.build.div(r.gradient, r.build.node('Exp', [r.y])))),
  ReduceLogSumExp: reduction(({ build, x, y, gradient }) => build.mul(build.node('Exp', [build.sub(x, y)]), gradient)),
  ReduceMax: extreme('ReduceMax'),
  ReduceMean: reduction((r) => spread(r, r.count === 1 ? r.gradient : r.build.mul(r.gradient, r.number(1 / r.count)))),
  ReduceMin: extreme('ReduceMin'),
  ReduceProd: product,
  ReduceSum: reduction((r) => spread(r, r.gradient)),
  ReduceSumSquare: reduction(({ build, x, gradient, number }) => build.mul(x, build.mul(gradient, number(2)))),
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
} satisfies GradientTable<string>;
