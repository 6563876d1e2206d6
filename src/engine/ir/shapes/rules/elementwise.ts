// Operators that work element by element: the output has the shape of the input, or the broadcast of the inputs.
// Integer arithmetic on small known values is carried along for shape computations.

import type { DataType } from '../../dataTypes';
import { dataTypeOf, isFloat } from '../../dataTypes';
import { intAttribute, stringAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, broadcast, divideDims, divideExactly, fixed, largerDim, multiplyDims, subtractDims, type Shape } from '../dims';
import { strided, stridesOf } from '../elements';
import type { Rule, RuleContext, RuleTable } from '../rule';
import { tensor, unknownTensor, type TensorShape } from '../tensorShape';

/** Shape and type of the first input. */
export const same: Rule = ({ inputs: [x] }) => [x === undefined ? undefined : { type: x.type, shape: x.shape }];

/** Shape of the first input, another type. */
export const sameShape = (type: DataType): Rule => ({ inputs: [x] }) => [tensor(type, x?.shape ?? null)];

/** Same shape and type, and a function of each known element. */
const mapped = (apply: (element: Dim, type: DataType) => Dim): Rule => ({ inputs: [x] }) =>
  [x === undefined ? undefined : tensor(x.type, x.shape, x.value?.map((element) => apply(element, x.type)))];

const onNumber = (apply: (element: number) => number) => (element: Dim): Dim =>
  typeof element === 'number' ? apply(element) : null;

/** A rounding leaves whole numbers, and so symbolic ones, as they are. */
const rounding = (apply: (element: number) => number) => (element: Dim): Dim =>
  typeof element === 'number' ? apply(element) : element;

type Elementwise = (elements: readonly Dim[], type: DataType) => Dim;

/** Broadcast of all inputs; `result` is the output type (default: that of the inputs). */
export function broadcasting(apply?: Elementwise, result?: DataType): Rule {
  return (context) => {
    const inputs = presentInputs(context);
    const shape = legacyBroadcast(context) ?? broadcast(...inputs.map((input) => input.shape));
    const type = inputs.find((input) => input.type !== 'undefined')?.type ?? 'undefined';
    return [tensor(result ?? type, shape, apply && combine(inputs, shape, (elements) => apply(elements, type)))];
  };
}

function presentInputs({ inputs }: RuleContext): TensorShape[] {
  return inputs.map((input) => input ?? unknownTensor);
}

/** Before opset 7 the second operand was laid over the first from `axis` on: the result has the first one's shape. */
function legacyBroadcast({ node, opset, inputs }: RuleContext): Shape | null | undefined {
  return opset < 7 && intAttribute(node, 'broadcast', 0) === 1 ? inputs[0]?.shape : undefined;
}

/** Elements of a broadcast result; undefined when the shapes are open, large, or an input has no known elements. */
export function combine(
  inputs: readonly TensorShape[], shape: Shape | null, apply: (elements: readonly Dim[]) => Dim,
): readonly Dim[] | undefined {
  const output = fixed(shape);
  if (output === undefined) return undefined;
  const laid = inputs.map(({ shape: own, value }) => {
    const dims = fixed(own);
    if (value === undefined || dims === undefined) return undefined;
    const strides = stridesOf(dims);
    const missing = output.length - dims.length;
    return strided(value, output, 0, output.map((_, axis) => ((dims[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] ?? 0))));
  });
  const [first] = laid;
  if (first === undefined || laid.includes(undefined)) return undefined;
  return first.map((_, index) => apply(laid.map((values) => values?.[index] ?? null)));
}

/** Numbers of 32-bit floats are rounded as onnxruntime rounds them. */
const rounded = (value: Dim, type: DataType): Dim => (type === 'float32' && typeof value === 'number' ? Math.fround(value) : value);

const folded = (apply: (a: Dim, b: Dim) => Dim): Elementwise => (elements, type) => {
  const [first = null, ...rest] = elements;
  return rest.reduce<Dim>((left, right) => rounded(apply(left, right), type), first);
};

/** ONNX Div: integers truncate towards zero, floats divide. */
const quotient: Elementwise = ([a = null, b = null], type) => {
  if (typeof a === 'number' && typeof b === 'number') {
    if (b === 0) return null;
    return isFloat(type) ? rounded(a / b, type) : Math.trunc(a / b);
  }
  return isFloat(type) ? divideExactly(a, b) : divideDims(a, b, 'floor');
};

const remainder: Elementwise = ([a = null, b = null]) => {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? null : a - b * Math.floor(a / b);
  return divideExactly(a, b) === null ? null : 0;
};

const compare = (test: (a: number, b: number) => boolean): Elementwise => ([a = null, b = null]) =>
  typeof a === 'number' && typeof b === 'number' ? Number(test(a, b)) : null;

/** A symbolic size is never negative, and equals itself. */
const equal: Elementwise = ([a = null, b = null]) => {
  if (a === null || b === null) return null;
  if (typeof a === typeof b) return a === b ? 1 : typeof a === 'number' ? 0 : null;
  return typeof a === 'number' && a < 0 || typeof b === 'number' && b < 0 ? 0 : null;
};

const where: Rule = ({ inputs }) => {
  const [condition = unknownTensor, x = unknownTensor, y = unknownTensor] = inputs;
  const shape = broadcast(condition.shape, x.shape, y.shape);
  const value = combine([condition, x, y], shape, ([test, a = null, b = null]) => (test === null ? (a === b ? a : null) : test === 0 ? b : a));
  return [tensor(x.type === 'undefined' ? y.type : x.type, shape, value)];
};

const cast: Rule = ({ node, inputs: [x] }) => {
  // Opset 1 wrote the type as a string.
  const named = stringAttribute(node, 'to')?.toLowerCase();
  const type = named === undefined ? dataTypeOf(intAttribute(node, 'to', 0)) : ((named === 'float' ? 'float32' : named === 'double' ? 'float64' : named) as DataType);
  return [castTo(x, type)];
};

export function castTo(x: TensorShape | undefined, type: DataType): TensorShape {
  return tensor(type, x?.shape ?? null, x?.value?.map((element) => {
    if (typeof element !== 'number') return type === 'bool' ? null : element;
    if (type === 'bool') return Number(element !== 0);
    return isFloat(type) ? rounded(element, type) : Math.trunc(element);
  }));
}

const unary = {
  Acos: same, Acosh: same, Asin: same, Asinh: same, Atan: same, Atanh: same, Celu: same, Clip: same, Cos: same, Cosh: same,
  Elu: same, Erf: same, Exp: same, Gelu: same, HardSigmoid: same, HardSwish: same, Hardmax: same, LeakyRelu: same, Log: same,
  LogSoftmax: same, Mish: same, Reciprocal: same, Selu: same, Shrink: same, Sigmoid: same, Sign: same, Sin: same, Sinh: same,
  Softmax: same, Softplus: same, Softsign: same, Swish: same, Tan: same, Tanh: same, ThresholdedRelu: same, Trilu: same,
  BitwiseNot: same, CumSum: same, CumProd: same, LRN: same, LpNormalization: same, MeanVarianceNormalization: same,
  InstanceNormalization: same, GroupNormalization: same, RMSNormalization: same, ReverseSequence: same, PRelu: same,
  Abs: mapped(onNumber(Math.abs)), Neg: mapped((element) => subtractDims(0, element)), Sqrt: mapped(onNumber(Math.sqrt)),
  Relu: mapped((element) => largerDim(element, 0)), Not: mapped(onNumber((element) => (element === 0 ? 1 : 0))),
  Floor: mapped(rounding(Math.floor)), Ceil: mapped(rounding(Math.ceil)), Round: mapped(rounding(roundHalfEven)),
  IsInf: sameShape('bool'), IsNaN: sameShape('bool'), RegexFullMatch: sameShape('bool'),
  Cast: cast, CastLike: ({ inputs: [x, like] }) => [castTo(x, like?.type ?? 'undefined')],
  Identity: ({ inputs: [x] }) => [x],
} as const satisfies Record<string, Rule>;

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const binary = {
  Add: broadcasting(folded(addDims)), Sub: broadcasting(folded(subtractDims)), Mul: broadcasting(folded(multiplyDims)),
  Sum: broadcasting(folded(addDims)), Max: broadcasting(folded(largerDim)), Min: broadcasting(folded((a, b) => largerDim(a, b, 'min'))),
  Div: broadcasting(quotient), Mod: broadcasting(remainder), Mean: broadcasting(), Where: where, StringConcat: broadcasting(),
  Pow: ({ inputs: [x = unknownTensor, y = unknownTensor] }) => [tensor(x.type, broadcast(x.shape, y.shape))],
  BitShift: broadcasting(), BitwiseAnd: broadcasting(), BitwiseOr: broadcasting(), BitwiseXor: broadcasting(),
  And: broadcasting(compare((a, b) => a !== 0 && b !== 0), 'bool'), Or: broadcasting(compare((a, b) => a !== 0 || b !== 0), 'bool'),
  Xor: broadcasting(compare((a, b) => (a !== 0) !== (b !== 0)), 'bool'), Equal: broadcasting(equal, 'bool'),
  Greater: broadcasting(compare((a, b) => a > b), 'bool'), GreaterOrEqual: broadcasting(compare((a, b) => a >= b), 'bool'),
  Less: broadcasting(compare((a, b) => a < b), 'bool'), LessOrEqual: broadcasting(compare((a, b) => a <= b), 'bool'),
} as const satisfies Record<string, Rule>;

export const elementwiseRules = { ...unary, ...binary } satisfies RuleTable<keyof typeof unary | keyof typeof binary>;
