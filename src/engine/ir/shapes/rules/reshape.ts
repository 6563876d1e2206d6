// Operators that keep the elements and change the shape: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Expand, Tile,
// and the space-to-depth pair.

import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, broadcast, divideExactly, fixed, multiplyDims, productOf, type Shape } from '../dims';
import { strided, stridesOf } from '../elements';
import type { Rule } from '../rule';
import { axisOf, isRanked, tensor, type TensorShape, openShape } from '../tensorShape';
import { combine } from './elementwise';
import { axesOf } from './reduce';

const reshape: Rule = ({ node, inputs: [x, target] }) => {
  const type = x?.type ?? 'undefined';
  const wanted: Shape | undefined = intsAttribute(node, 'shape') ?? target?.value;
  const zeroCopies = intAttribute(node, 'allowzero', 0) === 0;
  if (wanted === undefined) {
    const rank = target?.shape?.length === 1 ? target.shape[0] : undefined;
    return [tensor(type, openShape(rank))];
  }
  return [tensor(type, reshaped(x?.shape ?? null, wanted, zeroCopies), x?.value)];
};

/** The shape after Reshape: at most one dimension, -1 or unknown, follows from the number of elements. */
export function reshaped(shape: Shape | null, wanted: Shape, zeroCopies: boolean): Shape {
  const copied = wanted.map((dim, axis): Dim => (dim === 0 && zeroCopies ? (shape?.[axis] ?? null) : dim));
  const open = copied.flatMap((dim, axis) => (dim === -1 || dim === null ? [axis] : []));
  const rest = copied.filter((_, axis) => !open.includes(axis));
  const [only] = open;
  const [dividend, divisor] = cancel(shape ?? [], rest);
  const missing = shape !== null && open.length === 1 ? divideExactly(productOf(dividend), productOf(divisor)) : null;
  return copied.map((dim, axis) => (axis === only ? missing : dim === -1 ? null : dim));
}

/** Takes out what stands on both sides, so that a dimension that is copied need not be a number. */
function cancel(shape: Shape, rest: Shape): readonly [Shape, Shape] {
  const left = [...shape];
  const right: Dim[] = [];
  for (const dim of rest) {
    const at = dim === null || dim === 0 ? -1 : left.indexOf(dim);
    if (at >= 0) left.splice(at, 1);
    else right.push(dim);
  }
  return [left, right];
}

const flatten: Rule = ({ node, inputs: [x] }) => {
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, [null, null])];
  const axis = intAttribute(node, 'axis', 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  return [tensor(type, [productOf(x.shape.slice(0, at)), productOf(x.shape.slice(at))], x.value)];
};

const squeeze: Rule = (context) => {
  const [x] = context.inputs;
  if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
  const shape = x.shape;
  const axes = axesOf(context, 1);
  if (axes === 'unknown') return [tensor(x.type, null)];
  // Without axes every dimension of size 1 goes; an open one leaves the rank unknown.
  if (axes === 'absent') return [tensor(x.type, fixed(shape)?.filter((dim) => dim !== 1) ?? null, x.value)];
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return [tensor(x.type, shape.filter((_, axis) => !gone.has(axis)), x.value)];
};

const unsqueeze: Rule = (context) => {
  const [x] = context.inputs;
  const axes = axesOf(context, 1);
  if (!isRanked(x) || typeof axes === 'string') return [tensor(x?.type ?? 'undefined', null)];
  const rank = x.shape.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(axis, rank)));
  const old = [...x.shape];
  return [tensor(x.type, Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (old.shift() ?? null))), x.value)];
};

const transpose: Rule = ({ node, inputs: [x] }) => {
  const permutation = intsAttribute(node, 'perm');
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, permutation?.map(() => null) ?? null)];
  const shape = x.shape;
  const order = permutation ?? [...shape.keys()].reverse();
  const moved = order.map((axis) => shape[axis] ?? null);
  const sizes = fixed(shape);
  const output = fixed(moved);
  if (x.value === undefined || sizes === undefined || output === undefined) return [tensor(type, moved)];
  const strides = stridesOf(sizes);
  return [tensor(type, moved, strided(x.value, output, 0, order.map((axis) => strides[axis] ?? 0)))];
};

const expand: Rule = ({ inputs: [x, target] }) => {
  const type = x?.type ?? 'undefined';
  const rank = target?.shape?.length === 1 ? target.shape[0] : undefined;
  const wanted = target?.value ?? openShape(rank);
  const shape = broadcast(x?.shape ?? null, wanted);
  return [tensor(type, shape, x === undefined ? undefined : combine([x], shape, ([element = null]) => element))];
};

const tile: Rule = ({ node, opset, inputs: [x, repeats, axisInput] }) => {
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, null)];
  if (opset < 6) {
    const axis = axisInput?.value?.[0];
    return [tensor(type, x.shape.map((dim, index) => (axis === undefined || axis === null ? null : index === axis ? multiplyDims(dim, repeats?.value?.[0] ?? null) : dim)))];
  }
  const times = intsAttribute(node, 'repeats') ?? repeats?.value;
  const shape = x.shape.map((dim, axis) => multiplyDims(dim, times?.[axis] ?? null));
  const count = times?.[0];
  const value = x.shape.length === 1 && typeof count === 'number' && count >= 0 && count <= 64
    ? Array.from({ length: count }, () => x.value ?? []).flat() : undefined;
  return [tensor(type, shape, x.value === undefined ? undefined : value)];
};

const depthToSpace: Rule = ({ node, inputs: [x] }) => {
  const block = intAttribute(node, 'blocksize', 1);
  const [batch = null, channels = null, height = null, width = null] = x?.shape ?? [];
  return [tensor(x?.type ?? 'undefined', [batch, divideExactly(channels, block * block), multiplyDims(height, block), multiplyDims(width, block)])];
};

const spaceToDepth: Rule = ({ node, inputs: [x] }) => {
  const block = intAttribute(node, 'blocksize', 1);
  const [batch = null, channels = null, height = null, width = null] = x?.shape ?? [];
  return [tensor(x?.type ?? 'undefined', [batch, multiplyDims(channels, block * block), divideExactly(height, block), divideExactly(width, block)])];
};

const concat: Rule = ({ node, inputs }) => {
  const type = inputs.find((input) => input !== undefined && input.type !== 'undefined')?.type ?? 'undefined';
  const known = inputs.find(isRanked)?.shape;
  const axis = axisOf(intAttribute(node, 'axis', 1), known?.length ?? 0);
  if (known === undefined || axis === undefined) return [tensor(type, null)];
  const shape = known.map((_, index) => inputs.reduce<Dim>((dim, input, position) => {
    const other = input?.shape?.[index] ?? null;
    return position === 0 ? other : index === axis ? addDims(dim, other) : (dim ?? other);
  }, null));
  const parts = inputs.map(elementsOf);
  return [tensor(type, shape, known.length === 1 && !parts.includes(undefined) ? parts.flatMap((part) => part ?? []) : undefined)];
};

/** Elements of a vector, null ones where they are not known; undefined when even their number is open. */
function elementsOf(vector: TensorShape | undefined): readonly Dim[] | undefined {
  if (vector?.value !== undefined) return vector.value;
  const [length] = vector?.shape ?? [];
  return typeof length === 'number' && length <= 64 ? Array<Dim>(length).fill(null) : undefined;
}

export const reshapeRules = {
  Reshape: reshape, Flatten: flatten, Squeeze: squeeze, Unsqueeze: unsqueeze, Transpose: transpose, Expand: expand, Tile: tile,
  DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth, Concat: concat,
} as const satisfies Record<string, Rule>;

