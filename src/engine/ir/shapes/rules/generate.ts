// Operators that make tensors or tell about them: constants, ranges, random numbers, Shape, Size, OneHot.

import { floatAttribute, floatsAttribute, intAttribute, intsAttribute, tensorAttribute } from '../../attributes';
import { dataTypeOf, type DataType } from '../../dataTypes';
import type { Dim } from '../../model';
import { addDims, divideDims, fixed, productOf, subtractDims } from '../dims';
import { stridesOf } from '../elements';
import type { Rule } from '../rule';
import { axisOf, isRanked, maxValueElements, numbers, tensor, type TensorShape, openShape } from '../tensorShape';

const constantRule: Rule = ({ node, elements }) => {
  const dense = tensorAttribute(node, 'value');
  if (dense !== undefined) return [tensor(dense.type, dense.dims, elements(dense))];
  const sparse = node.attributes.get('sparse_value');
  if (sparse?.kind === 'sparseTensor') return [tensor(sparse.value.values.type, sparse.value.dims)];
  const int = intAttribute(node, 'value_int');
  if (int !== undefined) return [tensor('int64', [], [int])];
  const ints = intsAttribute(node, 'value_ints');
  if (ints !== undefined) return [tensor('int64', [ints.length], ints)];
  const float = floatAttribute(node, 'value_float');
  if (float !== undefined) return [tensor('float32', [], [float])];
  const floats = floatsAttribute(node, 'value_floats');
  if (floats !== undefined) return [tensor('float32', [floats.length], floats)];
  const strings = node.attributes.get('value_strings');
  return [tensor('string', strings?.kind === 'strings' ? [strings.value.length] : [])];
};

const constantOfShape: Rule = ({ node, elements, inputs: [target] }) => {
  const fill = tensorAttribute(node, 'value');
  const rank = target?.shape?.length === 1 ? target.shape[0] : undefined;
  const shape = target?.value ?? openShape(rank);
  const element = fill === undefined ? 0 : (elements(fill)?.[0] ?? null);
  const count = fixed(shape)?.reduce((product, dim) => product * dim, 1);
  const value = count !== undefined && Number.isInteger(count) && count >= 0 && count <= maxValueElements ? Array<Dim>(count).fill(element) : undefined;
  return [tensor(fill?.type ?? 'float32', shape, value)];
};

/** The start and end attributes came with opset 15. */
const shapeRule: Rule = ({ node, inputs: [x] }) => {
  if (!isRanked(x)) return [tensor('int64', [null])];
  const clamp = (value: number, rank: number): number => Math.min(Math.max(value < 0 ? value + rank : value, 0), rank);
  const rank = x.shape.length;
  const part = x.shape.slice(clamp(intAttribute(node, 'start', 0), rank), clamp(intAttribute(node, 'end', rank), rank));
  return [tensor('int64', [part.length], part)];
};

/** The long form of a value whose elements may all be open keeps its length. */
const range: Rule = ({ inputs: [start, limit, delta] }) => {
  const type = start?.type ?? 'undefined';
  const [from = null] = start?.value ?? [];
  const [to = null] = limit?.value ?? [];
  const [step = null] = delta?.value ?? [];
  if (typeof step !== 'number' || step === 0) return [tensor(type, [null])];
  const span = step > 0 ? subtractDims(to, from) : subtractDims(from, to);
  const count = typeof span === 'number' ? Math.max(0, Math.ceil(span / Math.abs(step))) : divideDims(span, Math.abs(step), 'ceil');
  const value = typeof count === 'number' && count <= maxValueElements
    ? Array.from({ length: count }, (_, index) => addDims(from, index * step)) : undefined;
  return [tensor(type, [count], value)];
};

const oneHot: Rule = ({ node, inputs: [indices, depth, values] }) => {
  const type = values?.type ?? 'undefined';
  if (!isRanked(indices)) return [tensor(type, null)];
  const axis = axisOf(intAttribute(node, 'axis', -1), indices.shape.length + 1);
  if (axis === undefined) return [tensor(type, null)];
  return [tensor(type, indices.shape.toSpliced(axis, 0, depth?.value?.[0] ?? null))];
};

/** Type from attribute `dtype`, else `fallback`, else the input's. */
const typeFrom = (wire: number, fallback: DataType): DataType => (wire === 0 ? fallback : dataTypeOf(wire));

const random: Rule = ({ node }) => [tensor(typeFrom(intAttribute(node, 'dtype', 0), 'float32'), intsAttribute(node, 'shape') ?? null)];

const like: Rule = ({ node, inputs: [x] }) => [tensor(typeFrom(intAttribute(node, 'dtype', 0), x?.type ?? 'undefined'), x?.shape ?? null)];

const window: Rule = ({ node, inputs: [size] }) => [tensor(typeFrom(intAttribute(node, 'output_datatype', 0), 'float32'), [size?.value?.[0] ?? null])];

const melWeights: Rule = ({ node, inputs: [bins, length] }) => [tensor(
  typeFrom(intAttribute(node, 'output_datatype', 0), 'float32'),
  [addDims(divideDims(length?.value?.[0] ?? null, 2, 'floor'), 1), bins?.value?.[0] ?? null])];

/** Indices [rank, count], known where all elements are. */
const nonZero: Rule = ({ inputs: [x] }) => {
  const dims = fixed(x?.shape);
  const elements = numbers(x);
  if (dims === undefined || elements === undefined) return [tensor('int64', [x?.shape?.length ?? null, null])];
  const found = elements.flatMap((element, index) => (element === 0 ? [] : [index]));
  const indices = stridesOf(dims).flatMap((stride, axis) => found.map((index) => Math.floor(index / stride) % (dims[axis] ?? 1)));
  return [tensor('int64', [dims.length, found.length], indices)];
};

const size = (x: TensorShape | undefined): Dim => (!isRanked(x) ? null : productOf(x.shape));

export const generateRules = {
  Constant: constantRule, ConstantOfShape: constantOfShape, Shape: shapeRule, Range: range, OneHot: oneHot,
  Size: ({ inputs: [x] }) => [tensor('int64', [], [size(x)])],
  NonZero: nonZero,
  EyeLike: like, RandomNormalLike: like, RandomUniformLike: like, Bernoulli: like, RandomNormal: random, RandomUniform: random,
  Multinomial: ({ node, inputs: [x] }) => [tensor(typeFrom(intAttribute(node, 'dtype', 0), 'int32'), [x?.shape?.[0] ?? null, intAttribute(node, 'sample_size', 1)])],
  BlackmanWindow: window, HammingWindow: window, HannWindow: window, MelWeightMatrix: melWeights,
} as const satisfies Record<string, Rule>;
