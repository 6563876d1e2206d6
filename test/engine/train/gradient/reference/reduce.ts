// Reductions, cumulative sums and the loss operators in float64.

import type { Reference } from '../../../../support/gradientCheck';
import { softmax } from './activations';
import { at, groups, indices, mapped, mean, offset, reduced, sum } from './tensors';

export const product = (values: readonly number[]): number => values.reduce((total, value) => total * value, 1);

export const folds: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceL1: (values) => sum(values.map(Math.abs)),
  ReduceL2: (values) => Math.sqrt(sum(values.map((value) => value ** 2))),
  ReduceLogSum: (values) => Math.log(sum(values)),
  ReduceLogSumExp: (values) => Math.log(sum(values.map(Math.exp))),
  ReduceMax: (values) => Math.max(...values),
  ReduceMean: mean,
  ReduceMin: (values) => Math.min(...values),
  ReduceProd: product,
  ReduceSum: sum,
  ReduceSumSquare: (values) => sum(values.map((value) => value ** 2)),
};

export const reduceReference = (op: string, shape: readonly number[], axes: readonly number[]): Reference => ([x]) =>
  [reduced(x as Float64Array, shape, axes, folds[op] as (values: readonly number[]) => number)];

export interface LossCase {
  /** [N, C, d1, ...] */
  readonly shape: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[] | undefined;
  readonly ignored: number | undefined;
  readonly reduction: 'none' | 'sum' | 'mean';
}

/** Scores as they are for NLL; log-probabilities of them for cross-entropy (also as second result). */
export const lossReference = ({ shape, targets, weights, ignored, reduction }: LossCase, logits: boolean): Reference => ([given]) => {
  const scores = logits ? mapped(given as Float64Array, shape, [1], (values) => softmax(values).map(Math.log)) : given as Float64Array;
  const weightOf = (target: number): number => (target === ignored ? 0 : weights === undefined ? 1 : at(weights, target));
  const losses = groups(shape, [1]).map((classes, sample) => {
    const target = at(targets, sample);
    return target === ignored ? 0 : -weightOf(target) * at(scores, at(classes, target));
  });
  const total = sum(losses);
  const loss = reduction === 'none' ? losses : [reduction === 'sum' ? total : total / sum(targets.map(weightOf))];
  return [Float64Array.from(loss), scores];
};

export interface Cumulation {
  readonly shape: readonly number[];
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
  readonly fold: (values: readonly number[]) => number;
}

export const cumulativeReference = ({ shape, axis, exclusive, reverse, fold }: Cumulation): Reference => ([x]) => {
  const all = indices(shape);
  return [Float64Array.from(all, (index) => fold(all.filter((other) => other.every((position, at) => {
    if (at !== axis) return position === index[at];
    const distance = (position - (index[at] as number)) * (reverse ? -1 : 1);
    return exclusive ? distance < 0 : distance <= 0;
  })).map((other) => at(x as Float64Array, offset(other, shape)))))];
};
