// Reductions, cumulative sums, and the loss operators.

import { type GradientTable, refused, rule } from '../rule';
import { reducedAxes } from '../reducedAxes';

export const reduceGradients = {
  CumProd: refused,
  CumSum: refused,
  NegativeLogLikelihoodLoss: refused,
  ReduceL1: refused,
  ReduceL2: refused,
  ReduceLogSum: refused,
  ReduceLogSumExp: refused,
  ReduceMax: refused,
  ReduceMean: refused,
  ReduceMin: refused,
  ReduceProd: refused,
  ReduceSum: rule((context) => {
    const { node, gradient, build, facts } = context;
    const { shape } = facts(node.inputs[0] ?? '');
    const axes = reducedAxes(context, shape.length);
    const kept = build.reshape(gradient, shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
    return [build.node('Expand', [kept, build.ints(shape)])];
  }),
  ReduceSumSquare: refused,
  SoftmaxCrossEntropyLoss: refused,
} satisfies GradientTable<string>;
