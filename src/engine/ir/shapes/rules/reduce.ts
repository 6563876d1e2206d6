// Reductions over axes, ArgMax and ArgMin, TopK and losses.

import { intAttribute, intsAttribute, stringAttribute } from '../../attributes';
import type { DataType } from '../../dataTypes';
import type { Dim } from '../../model';
import { addDims, largerDim, multiplyDims, type Shape } from '../dims';
import type { Rule, RuleContext } from '../rule';
import { axisOf, isRanked, numbers, tensor } from '../tensorShape';

/** `axes` as an attribute, or as input `index` in later opsets; `unknown` when the input's elements are not known. */
export function axesOf({ node, inputs }: RuleContext, index: number): readonly number[] | 'absent' | 'unknown' {
  const attribute = intsAttribute(node, 'axes');
  if (attribute !== undefined) return attribute;
  const input = inputs[index];
  if (input === undefined) return 'absent';
  return input.shape?.[0] === 0 ? [] : (numbers(input) ?? 'unknown');
}

export function reducedShape(shape: Shape, axes: readonly number[] | 'all' | 'unknown', keep: boolean): Shape | null {
  if (axes === 'unknown') return keep ? shape.map(() => null) : null;
  const reduced = new Set(axes === 'all' ? shape.keys() : axes.map((axis) => axisOf(axis, shape.length)));
  if (reduced.has(undefined)) return null;
  return keep ? shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim)) : shape.filter((_, axis) => !reduced.has(axis));
}

const reduction = (fold?: (a: Dim, b: Dim) => Dim): Rule => (context) => {
  const [x] = context.inputs;
  if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
  const axes = axesOf(context, 1);
  const none = axes === 'absent' || axes.length === 0;
  if (none && intAttribute(context.node, 'noop_with_empty_axes', 0) === 1) return [x];
  const over = axes === 'absent' || axes.length === 0 ? 'all' : axes;
  const shape = reducedShape(x.shape, over, intAttribute(context.node, 'keepdims', 1) === 1);
  const [first = null, ...rest] = x.value ?? [];
  const whole = over === 'all' || (over !== 'unknown' && x.shape.length === over.length);
  return [tensor(x.type, shape, fold !== undefined && whole ? [rest.reduce<Dim>((a, b) => fold(a, b), first)] : undefined)];
};

const argument: Rule = ({ node, inputs: [x] }) => [tensor('int64', !isRanked(x)
  ? null
  : reducedShape(x.shape, [intAttribute(node, 'axis', 0)], intAttribute(node, 'keepdims', 1) === 1))];

const topK: Rule = ({ node, inputs: [x, count] }) => {
  const axis = axisOf(intAttribute(node, 'axis', -1), x?.shape?.length ?? 0);
  const size = intAttribute(node, 'k') ?? count?.value?.[0] ?? null;
  const shape = x?.shape?.map((dim, index) => (index === axis ? size : dim)) ?? null;
  return [tensor(x?.type ?? 'undefined', shape), tensor('int64', shape)];
};

/** `reduction` none keeps the shape of the labels; the cross entropy also gives the logarithms of all scores. */
const loss: Rule = ({ node, inputs: [scores, labels] }) => {
  const type: DataType = scores?.type ?? 'undefined';
  const kept = stringAttribute(node, 'reduction', 'mean') === 'none' ? (labels?.shape ?? null) : [];
  return [tensor(type, kept), tensor(type, scores?.shape ?? null)];
};

const plain = reduction();

export const reduceRules = {
  ReduceL1: plain, ReduceL2: plain, ReduceLogSum: plain, ReduceLogSumExp: plain, ReduceMean: plain, ReduceSumSquare: plain,
  ReduceSum: reduction(addDims), ReduceProd: reduction(multiplyDims), ReduceMax: reduction(largerDim),
  ReduceMin: reduction((a, b) => largerDim(a, b, 'min')),
  ArgMax: argument, ArgMin: argument, TopK: topK,
  SoftmaxCrossEntropyLoss: loss, NegativeLogLikelihoodLoss: (context) => loss(context).slice(0, 1),
} as const satisfies Record<string, Rule>;
