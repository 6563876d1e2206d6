// Operators that move elements without computing: shapes, pieces, repetition, blocks. Padding is in padding.ts.

import { int, intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { axisFromFront, inversePermutation, product } from '../axes';
import { sumTo } from '../broadcast';
import { type Cut, repad, unslice } from '../placing';
import { type GradientRule, type GradientTable, rule, type RuleContext } from '../rule';
import { centerCropPad, pad } from './padding';

/** A rule for the first input only: what most of these operators have. */
const ofData = (write: (context: RuleContext) => string | undefined) => rule((context) => (context.needs(0) ? [write(context)] : []));

const dataShape = ({ node, facts }: RuleContext): readonly number[] => facts(node.inputs[0] ?? '').shape;
const resultShape = ({ node, facts }: RuleContext): readonly number[] => facts(node.outputs[0] ?? '').shape;

/** Only the shape changed: back to that of the input. */
const reshaped = ofData((context) => context.build.reshape(context.gradient, dataShape(context)));

/** The operator is its own adjoint. */
const again = ofData(({ node, build, gradient }) => build.node(node.opType, [gradient, ...node.inputs.slice(1)], Object.fromEntries(node.attributes)));

const transpose = ofData((context) => {
  const rank = dataShape(context).length;
  return context.build.transpose(context.gradient, inversePermutation(intsAttribute(context.node, 'perm') ?? [...Array(rank).keys()].reverse()));
});

const expand = ofData((context) => sumTo(context.build, context.gradient, resultShape(context), dataShape(context)));

/** Cut into the parts again; one by one when some are not wanted. */
const concat: GradientRule = (context) => {
  const { node, build, gradient, facts, needs } = context;
  const axis = axisFromFront(intAttribute(node, 'axis', 0), resultShape(context).length);
  const sizes = node.inputs.map((input) => facts(input).shape[axis] ?? 0);
  if (node.inputs.length === 1) return [gradient];
  if (node.inputs.every((_, position) => needs(position))) {
    return build.nodes('Split', [gradient, build.ints(sizes)], sizes.length, { axis: int(axis) });
  }
  let end = 0;
  return sizes.map((size, position) => {
    end += size;
    return needs(position) ? build.slice(gradient, axis, end - size, end) : undefined;
  });
};

/** Parts that the loss does not depend on have zeros. */
const split = ofData((context) => {
  const { node, build, gradients } = context;
  const { shape, type } = context.facts(node.inputs[0] ?? '');
  const axis = axisFromFront(intAttribute(node, 'axis', 0), shape.length);
  const sizes = splitSizes(context, shape[axis] ?? 0);
  const along = (size: number): number[] => shape.map((dim, index) => (index === axis ? size : dim));
  const present = gradients.flatMap((name, position) => (name === undefined ? [] : [position]));
  const [only] = present;
  if (only === undefined) return undefined;
  if (present.length > 1) return build.concat(sizes.map((size, position) => gradients[position] ?? build.filled(along(size), 0, type)), axis);
  const before = sizes.slice(0, only).reduce((sum, size) => sum + size, 0);
  const zeros = (count: number): number[] => shape.map((_, index) => (index === axis ? count : 0));
  const size = sizes[only] ?? 0;
  return repad(build, { name: gradients[only] as string, shape: along(size) }, zeros(before), zeros((shape[axis] ?? 0) - before - size));
});

/** Sizes as given, or equal ones of which the last may be smaller (opset 18 and later). */
function splitSizes({ node, input, elements, refuse }: RuleContext, whole: number): readonly number[] {
  const given = input(1);
  if (given !== undefined) return elements(given) ?? refuse('split=?');
  const count = intAttribute(node, 'num_outputs', node.outputs.length);
  const size = Math.ceil(whole / count);
  return Array.from({ length: count }, (_, position) => Math.max(0, Math.min(size, whole - position * size)));
}

const slice = ofData((context) => {
  const { input, elements, refuse, build, gradient } = context;
  const shape = dataShape(context);
  const counts = resultShape(context);
  if (elementCount(counts) === 0) return undefined;
  const [starts, axes, steps] = [['starts', 1], ['axes', 3], ['steps', 4]].map(([name, position]) => {
    const given = input(position as number);
    return given === undefined ? undefined : (elements(given) ?? refuse(`${name}=?`));
  });
  const cuts: Cut[] = shape.map(() => ({ first: 0, step: 1 }));
  starts?.forEach((start, index) => {
    const axis = axisFromFront(axes?.[index] ?? index, shape.length);
    const [size, step] = [shape[axis] ?? 0, steps?.[index] ?? 1];
    // Counted from the end when negative, then clamped to where a cut of this direction can begin.
    const first = Math.min(Math.max(start < 0 ? start + size : start, 0), step > 0 ? size : size - 1);
    cuts[axis] = { first, step };
  });
  return unslice(build, { name: gradient, shape: counts }, cuts, shape);
});

/** [r0 * d0, r1 * d1, ...] as [r0, d0, r1, d1, ...], summed over the repeats. */
const tile = ofData((context) => {
  const { build, gradient } = context;
  const shape = dataShape(context);
  const repeats = resultShape(context).map((size, axis) => size / (shape[axis] ?? 1));
  if (elementCount(shape) === 0 || repeats.every((count) => count === 1)) return gradient;
  const apart: number[] = [];
  const summed: number[] = [];
  shape.forEach((size, axis) => {
    if (repeats[axis] !== 1) summed.push(apart.push(repeats[axis] ?? 1) - 1);
    apart.push(size);
  });
  return build.reduceSum(build.reshape(gradient, apart), summed, false);
});

/** DCR (depth, column, row) is undone by SpaceToDepth; CRD by the transpose of its definition (ONNX "DepthToSpace"). */
const depthToSpace = ofData((context) => {
  const { node, build, gradient } = context;
  const block = intAttribute(node, 'blocksize', 1);
  if (stringAttribute(node, 'mode', 'DCR') === 'DCR') return build.node('SpaceToDepth', [gradient], { blocksize: int(block) });
  const [batch = 1, channels = 1, height = 1, width = 1] = dataShape(context);
  const blocks = build.reshape(gradient, [batch, channels / block ** 2, height, block, width, block]);
  return build.reshape(build.transpose(blocks, [0, 1, 3, 5, 2, 4]), [batch, channels, height, width]);
});

const spaceToDepth = ofData(({ node, build, gradient }) => build.node('DepthToSpace', [gradient], { blocksize: int(intAttribute(node, 'blocksize', 1)) }));

/** Column (k, l) of the input was added at one element of the padded image: it is gathered from there. */
const col2Im = ofData((context) => {
  const { node, build, gradient, input, elements, refuse } = context;
  const [batch = 1, channels = 1, ...image] = resultShape(context);
  const block = elements(input(2)) ?? refuse('block_shape=?');
  const spatial = image.length;
  const ones = Array<number>(spatial).fill(1);
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  // onnxruntime's forward kernel is wrong here (microsoft/onnxruntime#18156): it leaves dilations out of the number of windows.
  if (spatial !== 2 && dilations.some((dilation) => dilation > 1)) return refuse(`dilations=${dilations.join()}`);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const pads = intsAttribute(node, 'pads') ?? Array<number>(2 * spatial).fill(0);
  const [begins, ends] = [pads.slice(0, spatial), pads.slice(spatial)];
  const padded = image.map((size, axis) => size + (begins[axis] ?? 0) + (ends[axis] ?? 0));
  const windows = padded.map((size, axis) => Math.floor((size - (dilations[axis] ?? 1) * ((block[axis] ?? 1) - 1) - 1) / (strides[axis] ?? 1)) + 1);
  const framed = repad(build, { name: gradient, shape: [batch, channels, ...image] }, [0, 0, ...begins], [0, 0, ...ends]);
  // Offsets in the padded image, row major: [block elements, windows].
  const offsets = grid(block).flatMap((inner) => grid(windows).map((window) => padded.reduce(
    (offset, size, axis) => offset * size + (inner[axis] ?? 0) * (dilations[axis] ?? 1) + (window[axis] ?? 0) * (strides[axis] ?? 1), 0)));
  const columns = build.node('Gather', [build.reshape(framed, [batch, channels, product(padded)]), build.ints(offsets)], { axis: int(2) });
  return build.reshape(columns, dataShape(context));
});

/** All positions in a box, the last axis running fastest. */
function grid(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<number[][]>((positions, size) => positions.flatMap((position) => Array.from({ length: size }, (_, index) => [...position, index])), [[]]);
}

export const movementGradients = {
  CenterCropPad: rule(centerCropPad),
  Col2Im: col2Im,
  Concat: rule(concat),
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: reshaped,
  Pad: rule(pad),
  Reshape: reshaped,
  // Reversing a prefix twice gives what was there, and a permutation that is its own inverse is its own adjoint.
  ReverseSequence: again,
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: reshaped,
  Tile: tile,
  Transpose: transpose,
  // A mask.
  Trilu: again,
  Unsqueeze: reshaped,
} satisfies GradientTable<string>;
