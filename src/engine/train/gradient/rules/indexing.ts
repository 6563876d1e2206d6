// Gather, scatter, and values chosen by rank. Equal indices add up.

import { int, intAttribute, string, stringAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { axisFromFront, product } from '../axes';
import { unpick } from '../placing';
import { type GradientRule, type GradientTable, refused, rule, type RuleContext } from '../rule';
import { scatterAdd } from '../scattering';

/** Rows of [outer, size, inner] by one index for all outer positions: an embedding when outer is 1. */
const gather: GradientRule = ({ node, build, gradient, facts, needs, elements }) => {
  if (!needs(0)) return [];
  const [data = '', indices = ''] = node.inputs;
  const { shape, type } = facts(data);
  const axis = axisFromFront(intAttribute(node, 'axis', 0), shape.length);
  const [outer, size, inner] = [product(shape.slice(0, axis)), shape[axis] ?? 1, product(shape.slice(axis + 1))];
  const picks = elements(indices);
  const rows = [outer, elementCount(facts(indices).shape), inner];
  if (rows.includes(0)) return [];
  const summed = picks === undefined
    ? scatterAdd(build, { name: gradient, shape: rows, type }, { name: indices, shared: true }, size)
    : unpick(build, { name: build.reshape(gradient, rows), shape: rows, type }, 1, picks.map((index) => axisFromFront(index, size)), size);
  return [build.reshape(summed, shape)];
};

const gatherElements: GradientRule = ({ node, build, gradient, facts, needs }) => {
  if (!needs(0)) return [];
  const { shape, type } = facts(node.inputs[0] ?? '');
  return [build.node('ScatterElements', [build.filled(shape, 0, type), node.inputs[1] ?? '', gradient], {
    axis: int(intAttribute(node, 'axis', 0)), reduction: string('add'),
  })];
};

/** Index tuples of length k into [batch, d1..dk, inner] become numbers of rows of [batch, d1 * .. * dk, inner]. */
const gatherND: GradientRule = ({ node, build, gradient, facts, needs }) => {
  if (!needs(0)) return [];
  const [data = '', indices = ''] = node.inputs;
  const { shape, type } = facts(data);
  const { shape: tuples, type: indexType } = facts(indices);
  const batchAxes = intAttribute(node, 'batch_dims', 0);
  const depth = tuples.at(-1) ?? 1;
  const indexed = shape.slice(batchAxes, batchAxes + depth);
  const outer = product(shape.slice(0, batchAxes));
  const rows = [outer, product(tuples.slice(batchAxes, -1)), product(shape.slice(batchAxes + depth))];
  const strides = indexed.map((_, axis) => product(indexed.slice(axis + 1)));
  const places = indexType === 'int64' ? indices : build.cast(indices, 'int64');
  // Mod takes the sign of the divisor: negative indices count from the end.
  const numbers = build.reduceSum(build.mul(build.node('Mod', [places, build.ints(indexed)]), build.ints(strides)), [tuples.length - 1], false);
  const summed = scatterAdd(build, { name: gradient, shape: rows, type }, { name: numbers, shared: outer === 1 }, product(indexed));
  return [build.reshape(summed, shape)];
};

/** What was overwritten has no gradient; what was added to keeps it. With reduction=none indices are unique (ONNX). */
const scatter = (scatterOp: 'ScatterElements' | 'ScatterND', gatherOp: 'GatherElements' | 'GatherND'): GradientRule => ({ node, build, gradient, facts, needs, refuse }) => {
  const reduction = stringAttribute(node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') return refuse(`reduction=${reduction}`);
  const [, indices = '', updates = ''] = node.inputs;
  const attributes = scatterOp === 'ScatterND' ? {} : { axis: int(intAttribute(node, 'axis', 0)) };
  const cleared = (): string => {
    const { shape, type } = facts(updates);
    return build.node(scatterOp, [gradient, indices, build.filled(shape, 0, type)], attributes);
  };
  return [
    !needs(0) ? undefined : reduction === 'add' ? gradient : cleared(),
    undefined,
    needs(2) ? build.node(gatherOp, [gradient, indices], attributes) : undefined,
  ];
};

/** Values go back to where they were found. */
const topK: GradientRule = ({ node, build, gradients, facts, needs }) => {
  const [gradient] = gradients;
  if (!needs(0) || gradient === undefined) return [];
  const { shape, type } = facts(node.inputs[0] ?? '');
  const indices = node.outputs[1] || build.nodes('TopK', node.inputs, 2, Object.fromEntries(node.attributes))[1];
  return [build.node('ScatterElements', [build.filled(shape, 0, type), indices ?? '', gradient], { axis: int(intAttribute(node, 'axis', -1)) })];
};

/** A condition shorter than the axis leaves the rest out. Without an axis the data are taken flat. */
const compress: GradientRule = ({ node, build, gradient, facts, needs, elements, refuse }) => {
  if (!needs(0)) return [];
  const condition = elements(node.inputs[1]) ?? refuse('condition=?');
  const { shape, type } = facts(node.inputs[0] ?? '');
  const given = intAttribute(node, 'axis');
  const flat = given === undefined ? [product(shape)] : shape;
  const axis = given === undefined ? 0 : axisFromFront(given, shape.length);
  const picks = condition.flatMap((flag, index) => (flag === 0 ? [] : [index]));
  if (picks.length === 0) return [];
  const picked = flat.map((size, index) => (index === axis ? picks.length : size));
  return [build.reshape(unpick(build, { name: gradient, shape: picked, type }, axis, picks, flat[axis] ?? 1), shape)];
};

/** Updates [batch, .., length, ..] at write_indices[batch], ... along the axis, round the end in circular mode (ONNX "TensorScatter"). */
const tensorScatter: GradientRule = (context) => {
  const { node, build, gradient, facts, needs } = context;
  const { shape, type } = facts(node.inputs[1] ?? '');
  const axis = axisFromFront(intAttribute(node, 'axis', -2), shape.length);
  const places = writtenPlaces(context, shape, axis);
  const attributes = { axis: int(axis) };
  return [
    needs(0) ? build.node('ScatterElements', [gradient, places, build.filled(shape, 0, type)], attributes) : undefined,
    needs(1) ? build.node('GatherElements', [gradient, places], attributes) : undefined,
  ];
};

function writtenPlaces({ node, build, facts, input }: RuleContext, shape: readonly number[], axis: number): string {
  const [length, size] = [shape[axis] ?? 1, facts(node.inputs[0] ?? '').shape[axis] ?? 1];
  const along = (count: number, at: number): number[] => shape.map((_, index) => (index === at ? count : 1));
  const counted = build.reshape(build.ints([...Array(length).keys()]), along(length, axis));
  const starts = input(2);
  const places = starts === undefined ? counted : build.add(build.reshape(starts, along(shape[0] ?? 1, 0)), counted);
  const inside = stringAttribute(node, 'mode', 'linear') === 'circular' ? build.node('Mod', [places, build.scalar(size, 'int64')]) : places;
  return build.node('Expand', [inside, build.ints(shape)]);
}

export const indexingGradients = {
  Compress: rule(compress),
  Gather: rule(gather),
  GatherElements: rule(gatherElements),
  GatherND: rule(gatherND),
  // ScatterElements since opset 11; the conversion to the training opset renames it.
  Scatter: refused,
  ScatterElements: rule(scatter('ScatterElements', 'GatherElements')),
  ScatterND: rule(scatter('ScatterND', 'GatherND')),
  TensorScatter: rule(tensorScatter),
  TopK: rule(topK),
} satisfies GradientTable<string>;
