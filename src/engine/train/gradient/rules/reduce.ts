// Reductions, cumulative sums, and the loss operators.

import { type GradientTable, refused } from '../rule';

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
  ReduceSum: refused,
  ReduceSumSquare: refused,
  SoftmaxCrossEntropyLoss: refused,
} satisfies GradientTable<string>;
