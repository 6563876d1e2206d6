// Operators that cut out, pad, or join parts along axes: Slice, Split, Pad, Gather and its kin, Compress.

import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, divideDims, divideExactly, fixed, largerDim, productOf, subtractDims, type Shape } from '../dims';
import { strided, stridesOf } from '../elements';
import type { Rule, RuleContext } from '../rule';
import { axisOf, isRanked, numbers, tensor, type TensorShape } from '../tensorShape';

interface Cut {
  readonly start: Dim;
  readonly end: Dim;
  readonly step: Dim;
}

const slice: Rule = (context) => {
  const [x] = context.inputs;
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, null)];
  const cuts = cutsOf(context, x.shape.length);
  if (cuts === undefined) return [tensor(type, x.shape.map(() => null))];
  const shape = x.shape.map((dim, axis) => {
    const cut = cuts.get(axis);
    return cut === undefined ? dim : cutSize(dim, cut);
  });
  return [tensor(type, shape, cutValue(x, shape, cuts))];
};

/** By axis; undefined when the axes themselves are open. */
function cutsOf({ node, opset, inputs: [, startInput, endInput, axisInput, stepInput] }: RuleContext, rank: number): Map<number, Cut> | undefined {
  const old = opset < 10;
  const starts = old ? intsAttribute(node, 'starts') : startInput?.value;
  const ends = old ? intsAttribute(node, 'ends') : endInput?.value;
  const count = starts?.length ?? ends?.length ?? lengthOf(startInput) ?? lengthOf(axisInput);
  if (count === undefined) return undefined;
  const axes = old ? intsAttribute(node, 'axes') : axisInput === undefined ? undefined : numbers(axisInput);
  if (!old && axisInput !== undefined && axes === undefined) return undefined;
  const cuts = new Map<number, Cut>();
  for (let index = 0; index < count; index++) {
    const axis = axisOf(axes?.[index] ?? index, rank);
    if (axis === undefined) return undefined;
    const step = stepInput === undefined ? 1 : (stepInput.value?.[index] ?? null);
    cuts.set(axis, { start: starts?.[index] ?? null, end: ends?.[index] ?? null, step });
  }
  return cuts;
}

const lengthOf = (vector: TensorShape | undefined): number | undefined => {
  const [length] = vector?.shape ?? [];
  return typeof length === 'number' ? length : undefined;
};

/** Size of a cut, after ONNX "Slice": bounds are counted from the end when negative, then clamped. */
function cutSize(dim: Dim, cut: Cut): Dim {
  const { step } = cut;
  if (typeof step !== 'number' || step === 0 || cut.start === null || cut.end === null) return null;
  if (typeof dim === 'number' && typeof cut.start === 'number' && typeof cut.end === 'number') return numbersOf(dim, cut.start, cut.end, step).count;
  return step > 0 ? symbolicSize(dim, cut.start, cut.end, step) : reversedSize(dim, cut.start, cut.end, step);
}

/** Beyond any size: INT32_MAX and INT64_MAX stand for "to the end". */
const beyond = 2 ** 31 - 1;

/**
 * Forward cut of a symbolic size. A start within the size is taken for granted only as 0 or counted from the end;
 * a fixed end may lie beyond the size, which gives a `min`.
 */
function symbolicSize(dim: Dim, start: Dim, end: Dim, step: number): Dim {
  if (dim === null) return null;
  const first = typeof start === 'number' && start < 0 ? largerDim(addDims(dim, start), 0) : start;
  const toEnd = end === dim || (typeof end === 'number' && end >= beyond);
  const last = toEnd ? dim
    : typeof end === 'number' && end < 0 ? largerDim(addDims(dim, end), 0)
      : largerDim(end, dim, 'min');
  if (first === 0) return divideDims(last, step, 'ceil');
  // The last -start elements up to the end: all of them, or the whole axis when it is shorter.
  if (toEnd && typeof start === 'number' && start < 0) return divideDims(largerDim(dim, -start, 'min'), step, 'ceil');
  return divideDims(largerDim(subtractDims(last, first), 0), step, 'ceil');
}

function reversedSize(dim: Dim, start: Dim, end: Dim, step: number): Dim {
  const whole = (start === -1 || (typeof start === 'number' && start >= beyond)) && typeof end === 'number' && end <= -beyond;
  return whole ? divideDims(dim, -step, 'ceil') : null;
}

function numbersOf(size: number, start: number, end: number, step: number): { first: number; count: number } {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const first = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const last = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

function cutValue(x: TensorShape, shape: Shape, cuts: ReadonlyMap<number, Cut>): readonly Dim[] | undefined {
  const sizes = fixed(x.shape);
  const output = fixed(shape);
  if (x.value === undefined || sizes === undefined || output === undefined) return undefined;
  let offset = 0;
  const steps = stridesOf(sizes);
  for (const [axis, cut] of cuts) {
    const { start, end, step } = cut;
    if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number') return undefined;
    const stride = steps[axis] ?? 1;
    offset += numbersOf(sizes[axis] ?? 1, start, end, step).first * stride;
    steps[axis] = stride * step;
  }
  return strided(x.value, output, offset, steps);
}

const split: Rule = ({ node, inputs: [x, sizeInput] }) => {
  const type = x?.type ?? 'undefined';
  const count = node.outputs.length;
  const axis = axisOf(intAttribute(node, 'axis', 0), x?.shape?.length ?? 0);
  if (!isRanked(x) || axis === undefined) return Array.from({ length: count }, () => tensor(type, null));
  const { shape } = x;
  const whole = shape[axis] ?? null;
  const parts = intsAttribute(node, 'split') ?? (sizeInput === undefined ? evenParts(whole, count) : sizeInput.value);
  let offset: Dim = 0;
  return Array.from({ length: count }, (_, index) => {
    const size = parts?.[index] ?? null;
    const start: Dim = offset;
    offset = addDims(offset, size);
    const value = shape.length === 1 && typeof start === 'number' && typeof size === 'number' ? x.value?.slice(start, start + size) : undefined;
    return tensor(type, shape.map((dim, at) => (at === axis ? size : dim)), value);
  });
};

/** Equal parts; when they do not come out even the last is smaller (opset 18). */
function evenParts(whole: Dim, count: number): readonly Dim[] {
  if (typeof whole !== 'number') return Array<Dim>(count).fill(divideExactly(whole, count));
  const size = Math.ceil(whole / count);
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? size : whole - size * (count - 1)));
}

const pad: Rule = ({ node, inputs: [x, padInput, , axisInput] }) => {
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, null)];
  const { shape } = x;
  const pads: readonly Dim[] | undefined = intsAttribute(node, 'pads') ?? intsAttribute(node, 'paddings') ?? padInput?.value;
  const axes = axisInput === undefined ? [...shape.keys()] : numbers(axisInput)?.map((axis) => axisOf(axis, shape.length));
  if (pads === undefined || axes === undefined) return [tensor(type, shape.map(() => null))];
  return [tensor(type, shape.map((dim, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? dim : addDims(dim, addDims(pads[at] ?? null, pads[at + axes.length] ?? null));
  }))];
};

const gather: Rule = ({ node, inputs: [x, indices] }) => {
  const type = x?.type ?? 'undefined';
  const axis = axisOf(intAttribute(node, 'axis', 0), x?.shape?.length ?? 0);
  if (!isRanked(x) || !isRanked(indices) || axis === undefined) return [tensor(type, null)];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const length = x.value?.length ?? 0;
  const value = x.shape.length === 1
    ? indices.value?.map((index) => (typeof index === 'number' ? (x.value?.[index < 0 ? index + length : index] ?? null) : null)) : undefined;
  return [tensor(type, shape, x.value === undefined ? undefined : value)];
};

const gatherND: Rule = ({ node, inputs: [x, indices] }) => {
  const type = x?.type ?? 'undefined';
  const depth = indices?.shape?.at(-1);
  if (!isRanked(x) || !isRanked(indices) || typeof depth !== 'number') return [tensor(type, null)];
  return [tensor(type, [...indices.shape.slice(0, -1), ...x.shape.slice(intAttribute(node, 'batch_dims', 0) + depth)])];
};

const compress: Rule = ({ node, inputs: [x, condition] }) => {
  const type = x?.type ?? 'undefined';
  const kept = numbers(condition)?.reduce((sum, flag) => sum + flag, 0) ?? null;
  const axis = intAttribute(node, 'axis');
  if (axis === undefined) return [tensor(type, [kept])];
  const at = axisOf(axis, x?.shape?.length ?? 0);
  return [tensor(type, x?.shape?.map((dim, index) => (index === at ? kept : dim)) ?? null)];
};

const centerCropPad: Rule = ({ node, inputs: [x, sizes] }) => {
  if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
  const { shape } = x;
  const axes = (intsAttribute(node, 'axes') ?? [...shape.keys()]).map((axis) => axisOf(axis, shape.length));
  return [tensor(x.type, shape.map((dim, axis) => (axes.includes(axis) ? (sizes?.value?.[axes.indexOf(axis)] ?? null) : dim)))];
};

const unique: Rule = ({ node, inputs: [x] }) => {
  const axis = intAttribute(node, 'axis');
  const at = axis === undefined ? undefined : axisOf(axis, x?.shape?.length ?? 0);
  const elements = axis === undefined || x?.shape?.length === 1 ? numbers(x) : undefined;
  if (elements !== undefined) {
    const count = new Set(elements).size;
    return [tensor(x?.type ?? 'undefined', [count]), tensor('int64', [count]), tensor('int64', [elements.length]), tensor('int64', [count])];
  }
  const shape = axis === undefined ? [null] : (x?.shape?.map((dim, index) => (index === at ? null : dim)) ?? null);
  const total = axis === undefined ? (!isRanked(x) ? null : productOf(x.shape)) : at === undefined ? null : (x?.shape?.[at] ?? null);
  return [tensor(x?.type ?? 'undefined', shape), tensor('int64', [null]), tensor('int64', [total]), tensor('int64', [null])];
};

const first: Rule = ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', x?.shape ?? null)];

export const slicingRules = {
  Slice: slice, Split: split, Pad: pad, Gather: gather, GatherND: gatherND, Compress: compress, CenterCropPad: centerCropPad,
  GatherElements: ({ inputs: [x, indices] }) => [tensor(x?.type ?? 'undefined', indices?.shape ?? null)],
  Scatter: first, ScatterElements: first, ScatterND: first, TensorScatter: first, Unique: unique,
} as const satisfies Record<string, Rule>;

