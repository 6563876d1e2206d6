// Sequences and optionals. A sequence's record holds what is common to its elements.

import { intAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Dim } from '../../model';
import type { Rule } from '../rule';
import { axisOf, fromValueType, isRanked, join, tensor, unknownTensor, withContainer, withoutContainer, type TensorShape } from '../tensorShape';

const joined = (inputs: readonly (TensorShape | undefined)[]): TensorShape => {
  const [first = unknownTensor, ...rest] = inputs.map((input) => input ?? unknownTensor);
  return rest.reduce(join, first);
};

const insert: Rule = ({ inputs: [sequence, element] }) => {
  if (sequence === undefined || element === undefined) return [undefined];
  const inner = withoutContainer(sequence);
  // An empty sequence knows its type only.
  return [withContainer('sequence', inner.shape === null ? { type: inner.type, shape: null } : join(inner, element))];
};

const splitToSequence: Rule = ({ node, inputs: [x, sizes] }) => {
  const axis = axisOf(intAttribute(node, 'axis', 0), x?.shape?.length ?? 0);
  const [size] = sizes === undefined ? [1] : sizes.shape?.length === 0 ? [null] : new Set(sizes.value ?? [null]).size === 1 ? [sizes.value?.[0] ?? null] : [null];
  const kept = intAttribute(node, 'keepdims', 1) === 1 || sizes !== undefined;
  const shape = !isRanked(x) || axis === undefined ? null
    : kept ? x.shape.map((dim, at): Dim => (at === axis ? size : dim)) : x.shape.filter((_, at) => at !== axis);
  return [withContainer('sequence', tensor(x?.type ?? 'undefined', shape))];
};

/** Concatenated parts have open sizes along the axis; with new_axis they are stacked. */
const concatFromSequence: Rule = ({ node, inputs: [sequence] }) => {
  if (!isRanked(sequence)) return [tensor(sequence?.type ?? 'undefined', null)];
  const stacked = intAttribute(node, 'new_axis', 0) === 1;
  const axis = axisOf(intAttribute(node, 'axis', 0), sequence.shape.length + (stacked ? 1 : 0));
  if (axis === undefined) return [tensor(sequence.type, null)];
  const shape = stacked ? sequence.shape.toSpliced(axis, 0, null) : sequence.shape.map((dim, at) => (at === axis ? null : dim));
  return [tensor(sequence.type, shape)];
};

const inner: Rule = ({ inputs: [x] }) => [x === undefined ? undefined : withoutContainer(x)];
const outer: Rule = ({ inputs: [x] }) => [x];

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
  return body('body', elements).map((output) => withContainer('sequence', output));
};

export const sequenceRules = {
  SequenceAt: inner, SequenceInsert: insert, SequenceErase: outer, SplitToSequence: splitToSequence, SequenceMap: sequenceMap,
  SequenceConstruct: ({ inputs }) => [withContainer('sequence', joined(inputs))],
  SequenceEmpty: ({ node }) => [withContainer('sequence', { type: dataTypeOf(intAttribute(node, 'dtype', 1)), shape: null })],
  SequenceLength: () => [tensor('int64', [])],
  ConcatFromSequence: concatFromSequence, Optional: optional, OptionalGetElement: optionalElement,
  OptionalHasElement: () => [tensor('bool', [])],
} as const satisfies Record<string, Rule>;
