// Sequences and optionals. A sequence's record holds what is common to its elements.

import { intAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Dim } from '../../model';
import { addDims, divideDims, divideExactly, multiplyDims, subtractDims } from '../dims';
import type { Rule } from '../rule';
import { axisOf, fromValueType, isRanked, join, tensor, unknownTensor, withContainer, withoutContainer, type TensorShape } from '../tensorShape';

const joined = (inputs: readonly (TensorShape | undefined)[]): TensorShape => {
  const [first = unknownTensor, ...rest] = inputs.map((input) => input ?? unknownTensor);
  return rest.reduce(join, first);
};

const insert: Rule = ({ inputs: [sequence, element] }) => {
  if (sequence === undefined || element === undefined) return [undefined];
  const inner = withoutContainer(sequence);
  const length = addDims(sequence.length ?? null, 1);
  // An empty sequence knows its type only.
  return [withContainer('sequence', sequence.length === 0 ? element : join(inner, element), length)];
};

/** `split` is absent (parts of 1), one size for all parts but perhaps the last, or the size of each part. */
const splitToSequence: Rule = ({ node, inputs: [x, sizes] }) => {
  const axis = axisOf(intAttribute(node, 'axis', 0), x?.shape?.length ?? 0);
  const whole = axis === undefined ? null : (x?.shape?.[axis] ?? null);
  const { size, length } = partsOf(whole, sizes);
  const kept = intAttribute(node, 'keepdims', 1) === 1 || sizes !== undefined;
  const shape = !isRanked(x) || axis === undefined ? null
    : kept ? x.shape.map((dim, at): Dim => (at === axis ? size : dim)) : x.shape.filter((_, at) => at !== axis);
  return [withContainer('sequence', tensor(x?.type ?? 'undefined', shape), length)];
};

/** The size that all parts share, null where they differ, and their number. */
function partsOf(whole: Dim, sizes: TensorShape | undefined): { readonly size: Dim; readonly length: Dim } {
  if (sizes === undefined) return { size: 1, length: whole };
  if (sizes.shape?.length === 1) return { size: new Set(sizes.value ?? []).size === 1 ? (sizes.value?.[0] ?? null) : null, length: sizes.shape[0] ?? null };
  const size = sizes.value?.[0] ?? null;
  return { size: divideExactly(whole, size) === null ? null : size, length: divideDims(whole, size, 'ceil') };
}

/** With new_axis the elements are stacked; otherwise their sizes along the axis add up. */
const concatFromSequence: Rule = ({ node, inputs: [sequence] }) => {
  if (!isRanked(sequence)) return [tensor(sequence?.type ?? 'undefined', null)];
  const stacked = intAttribute(node, 'new_axis', 0) === 1;
  const axis = axisOf(intAttribute(node, 'axis', 0), sequence.shape.length + (stacked ? 1 : 0));
  const length = sequence.length ?? null;
  if (axis === undefined) return [tensor(sequence.type, null)];
  const shape = stacked ? sequence.shape.toSpliced(axis, 0, length) : sequence.shape.map((dim, at) => (at === axis ? multiplyDims(dim, length) : dim));
  return [tensor(sequence.type, shape)];
};

const inner: Rule = ({ inputs: [x] }) => [x === undefined ? undefined : withoutContainer(x)];

/** One element fewer; which one decides nothing about what the others share. */
const erase: Rule = ({ inputs: [x] }) => [x === undefined ? undefined : withContainer('sequence', withoutContainer(x), subtractDims(x.length ?? null, 1))];

const optional: Rule = ({ node, inputs: [x] }) => {
  const type = node.attributes.get('type');
  if (x !== undefined) return [withContainer('optional', x)];
  return [type?.kind === 'type' ? withContainer('optional', fromValueType(type.value, {})) : undefined];
};

/** Before opset 18 the input had to be an optional; from then on a plain value passes through. */
const optionalElement: Rule = ({ inputs: [x] }) =>
  [x === undefined ? undefined : x.containers?.[0] === 'optional' ? withoutContainer(x) : x];

const sequenceMap: Rule = ({ inputs, body }) => {
  const elements = inputs.map((input) => (input === undefined ? unknownTensor : input.containers?.[0] === 'sequence' ? withoutContainer(input) : input));
  const length = inputs.find((input) => input?.containers?.[0] === 'sequence')?.length ?? null;
  return body('body', elements).map((output) => withContainer('sequence', output, length));
};

export const sequenceRules = {
  SequenceAt: inner, SequenceInsert: insert, SequenceErase: erase, SplitToSequence: splitToSequence, SequenceMap: sequenceMap,
  SequenceConstruct: ({ inputs }) => [withContainer('sequence', joined(inputs), inputs.length)],
  SequenceEmpty: ({ node }) => [withContainer('sequence', { type: dataTypeOf(intAttribute(node, 'dtype', 1)), shape: null }, 0)],
  SequenceLength: ({ inputs: [x] }) => [tensor('int64', [], [x?.length ?? null])],
  ConcatFromSequence: concatFromSequence, Optional: optional, OptionalGetElement: optionalElement,
  OptionalHasElement: () => [tensor('bool', [])],
} as const satisfies Record<string, Rule>;
