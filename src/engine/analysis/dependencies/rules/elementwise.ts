// Operators that work on each element for itself, alone or with broadcasting, and those that lock one axis and leave the
// others.

import { intAttribute } from '../../../ir/attributes';
import { entry, locks, type DependencyEntry } from '../rule';
import { broadcasting, fromFront, numbersAt, passExcept, passOn, unary } from './tools';

/** Input 1 onward are scalars or another tensor's type. */
const steered: DependencyEntry = entry('follows', (site) => void passOn(site, 1, 2));

const both = broadcasting(0, 1);

/** From opset 13 one axis; before, all from `axis` (default 1) on are normalized together. */
const softmax: DependencyEntry = entry('follows', (site) => {
  const rank = site.rank(0);
  const axis = fromFront(intAttribute(site.node, 'axis', site.opset < 13 ? 1 : -1), rank);
  passExcept(site, site.opset < 13 ? Array.from({ length: rank }, (_, at) => at).filter((at) => at >= axis) : [axis], 'lock.competes');
});

const cumulative: DependencyEntry = entry('follows', (site) => {
  const axis = numbersAt(site, 1)?.[0];
  passExcept(site, axis === undefined ? 'all' : [fromFront(axis, site.rank(0))], 'lock.position');
});

const triangle: DependencyEntry = entry('follows', (site) => passExcept(site, [site.rank(0) - 1, site.rank(0) - 2], 'lock.position'));

export const elementwiseDependencies = {
  Abs: unary, Acos: unary, Acosh: unary, Asin: unary, Asinh: unary, Atan: unary, Atanh: unary, Bernoulli: unary, BitwiseNot: unary,
  Cast: unary, Ceil: unary, Celu: unary, Cos: unary, Cosh: unary, Elu: unary, Erf: unary, Exp: unary, Floor: unary, Gelu: unary,
  HardSigmoid: unary, HardSwish: unary, Identity: unary, IsInf: unary, IsNaN: unary, LeakyRelu: unary, Log: unary, Mish: unary,
  Neg: unary, Not: unary, Reciprocal: unary, Relu: unary, Round: unary, Selu: unary, Shrink: unary, Sigmoid: unary, Sign: unary,
  Sin: unary, Sinh: unary, Softplus: unary, Softsign: unary, Sqrt: unary, Swish: unary, Tan: unary, Tanh: unary,
  ThresholdedRelu: unary, RandomNormalLike: unary, RandomUniformLike: unary,
  CastLike: steered, Clip: steered, Dropout: steered,
  Add: both, And: both, BitShift: both, BitwiseAnd: both, BitwiseOr: both, BitwiseXor: both, Div: both, Equal: both, Greater: both,
  GreaterOrEqual: both, Less: both, LessOrEqual: both, Mod: both, Mul: both, Or: both, PRelu: both, Pow: both, Sub: both, Xor: both,
  Max: broadcasting(), Mean: broadcasting(), Min: broadcasting(), Sum: broadcasting(), Where: broadcasting(0, 1, 2),
  Softmax: softmax, LogSoftmax: softmax, Hardmax: softmax, CumSum: cumulative, CumProd: cumulative, Trilu: triangle,
  BitCast: locks, SwiGLU: locks,
} as const satisfies Record<string, DependencyEntry>;
