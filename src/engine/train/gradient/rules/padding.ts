// Pad in its four modes and CenterCropPad. Padding is separable: axis by axis, each a picking of elements.

import { intsAttribute, stringAttribute } from '../../../ir/attributes';
import { axisFromFront } from '../axes';
import { repad, unpick } from '../placing';
import type { GradientRule, RuleContext } from '../rule';

interface Padding {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

export const pad: GradientRule = (context) => {
  const { node, needs, facts, refuse } = context;
  const { shape, type } = facts(node.inputs[0] ?? '');
  const padding = paddingOf(context, shape.length);
  const mode = stringAttribute(node, 'mode', 'constant');
  if (mode === 'constant') return [needs(0) ? withoutPadding(context, padding) : undefined, undefined, needs(2) ? byConstant(context, padding) : undefined];
  if (mode !== 'reflect' && mode !== 'edge' && mode !== 'wrap') return refuse(`mode=${mode}`);
  if (!needs(0)) return [];
  let { gradient } = context;
  const padded = [...facts(node.outputs[0] ?? '').shape];
  shape.forEach((size, axis) => {
    const [begin, end] = [padding.begins[axis] ?? 0, padding.ends[axis] ?? 0];
    if (begin === 0 && end === 0) return;
    const { picks, breaks } = PICKS[mode](size, begin, end) ?? refuse(`mode=${mode} pads=${begin},${end}`);
    gradient = unpick(context.build, { name: gradient, shape: padded, type }, axis, picks, size, breaks);
    padded[axis] = size;
  });
  return [gradient];
};

/** By axis of the data; inputs `pads` (all begins, then all ends) and `axes`. */
function paddingOf({ input, elements, refuse }: RuleContext, rank: number): Padding {
  const pads = elements(input(1)) ?? refuse('pads=?');
  const given = input(3);
  const axes = given === undefined ? [...Array(rank).keys()] : (elements(given) ?? refuse('axes=?')).map((axis) => axisFromFront(axis, rank));
  const begins = Array<number>(rank).fill(0);
  const ends = Array<number>(rank).fill(0);
  axes.forEach((axis, index) => {
    begins[axis] = pads[index] ?? 0;
    ends[axis] = pads[index + axes.length] ?? 0;
  });
  return { begins, ends };
}

function withoutPadding({ build, gradient, node, facts }: RuleContext, { begins, ends }: Padding): string {
  return repad(build, { name: gradient, shape: facts(node.outputs[0] ?? '').shape }, begins.map(minus), ends.map(minus));
}

/** The padded value stands wherever zeros padded with one are one. */
function byConstant({ build, gradient, node, facts }: RuleContext, { begins, ends }: Padding): string {
  const { shape, type } = facts(node.inputs[0] ?? '');
  const { shape: padded } = facts(node.outputs[0] ?? '');
  const mask = build.node('Pad', [build.filled(shape, 0, type), build.ints([...begins, ...ends]), build.scalar(1, type)]);
  const summed = build.reduceSum(build.mul(gradient, mask), [...padded.keys()], false);
  return build.reshape(summed, facts(node.inputs[2] ?? '').shape);
}

// Zero, not minus zero.
const minus = (count: number): number => 0 - count;

interface Picks {
  /** Index in the data of each element of the padded axis. */
  readonly picks: readonly number[];
  /** Where the data itself begins and ends in it. */
  readonly breaks: readonly number[];
}

/** By mode; undefined where the mode does not define as many elements. */
type PicksOf = (size: number, begin: number, end: number) => Picks | undefined;

const picksWith = (index: (position: number, size: number) => number, most: (size: number) => number): PicksOf => (size, begin, end) => {
  // Cutting and mirroring at once is read in different ways by different runtimes.
  if (begin < 0 || end < 0 || Math.max(begin, end) > most(size)) return undefined;
  const picks = Array.from({ length: begin + size + end }, (_, at) => (at >= begin && at < begin + size ? at - begin : index(at - begin, size)));
  return { picks, breaks: [begin, begin + size] };
};

const PICKS: Readonly<Record<'reflect' | 'edge' | 'wrap', PicksOf>> = {
  reflect: picksWith((position, size) => (position < 0 ? -position : 2 * (size - 1) - position), (size) => size - 1),
  edge: picksWith((position, size) => (position < 0 ? 0 : size - 1), () => Infinity),
  wrap: picksWith((position, size) => (position < 0 ? position + size : position - size), (size) => size),
};

/** Cut or padded with zeros to a size, around the middle; of an odd difference the smaller half is at the front. */
export const centerCropPad: GradientRule = ({ node, build, gradient, needs, facts }) => {
  if (!needs(0)) return [];
  const { shape } = facts(node.inputs[0] ?? '');
  const { shape: result } = facts(node.outputs[0] ?? '');
  const axes = new Set((intsAttribute(node, 'axes') ?? [...shape.keys()]).map((axis) => axisFromFront(axis, shape.length)));
  const begins = shape.map((size, axis) => (axes.has(axis) ? Math.trunc((size - (result[axis] ?? size)) / 2) : 0));
  const ends = shape.map((size, axis) => size - (result[axis] ?? size) - (begins[axis] ?? 0));
  return [repad(build, { name: gradient, shape: result }, begins, ends)];
};
