// Arithmetic and elementary functions, with broadcasting; min, max, clip, choice and casts.

import { isFloat } from '../../../ir/dataTypes';
import { sumTo } from '../broadcast';
import { type GradientTable, rule, type GradientEntry, type RuleContext } from '../rule';
import { masked, unary } from '../unary';
import { powGradient } from './power';

/** `write` gives dL/d(input) in the shape of the output; it is summed to the shape of the input here. */
const broadcasting = (write: (context: RuleContext, position: number) => string): GradientEntry => rule((context) => {
  const { node, build, facts, needs } = context;
  const { shape } = facts(node.outputs[0] ?? '');
  return node.inputs.map((input, position) => (needs(position) ? sumTo(build, write(context, position), shape, facts(input).shape) : undefined));
});

/** g / sqrt(radicand) */
const overRoot = (radicand: (x: string, one: string, context: Parameters<Parameters<typeof unary>[0]>[0]) => string, negative = false): GradientEntry => unary((f) => {
  const { build, x, gradient, number } = f;
  const quotient = build.div(gradient, build.node('Sqrt', [radicand(build.mul(x, x), number(1), f)]));
  return negative ? build.neg(quotient) : quotient;
});

/**
 * Max and Min: of equal inputs the first gets the gradient, so that the parts always sum to the whole. By comparing the
 * inputs with each other: the result may be rounded otherwise where onnxruntime computes float16 in float32.
 */
const extreme = (better: 'Greater' | 'Less'): GradientEntry => broadcasting(({ node, gradient, build, facts }, position) => {
  const own = node.inputs[position] ?? '';
  const wins = node.inputs.flatMap((other, at) => (at === position ? [] : [build.node(at < position ? better : `${better}OrEqual`, [own, other])]));
  return wins.length === 0 ? gradient : masked(build, gradient, wins.reduce((all, win) => build.node('And', [all, win])), facts(own).type);
});

/** y = min(max(x, lower), upper): by the specification `upper` wins where the bounds cross. At a bound x has the gradient. */
const clip = rule((context) => {
  const { node, gradient, build, facts, needs, input } = context;
  const x = node.inputs[0] ?? '';
  const { type, shape } = facts(x);
  const lower = input(1);
  const upper = input(2);
  const compare = (comparison: string, a: string, b: string | undefined): string[] => (b === undefined ? [] : [build.node(comparison, [a, b])]);
  /** The gradient where all conditions hold, summed to `target`. */
  const share = (target: string, conditions: readonly string[]): string => {
    const [first, ...others] = conditions;
    const part = first === undefined ? gradient : masked(build, gradient, others.reduce((all, condition) => build.node('And', [all, condition]), first), type);
    return sumTo(build, part, shape, facts(target).shape);
  };
  return [
    needs(0) ? share(x, [...compare('GreaterOrEqual', x, lower), ...compare('LessOrEqual', x, upper)]) : undefined,
    needs(1) && lower !== undefined ? share(lower, [...compare('Less', x, lower), ...compare('LessOrEqual', lower, upper)]) : undefined,
    needs(2) && upper !== undefined ? share(upper, compare('Greater', lower === undefined ? x : build.node('Max', [x, lower]), upper)) : undefined,
  ];
});

/** Types of which a gradient can be. */
const gradientTypes: ReadonlySet<string> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/** Back to the type of the input. Integers on the way come from quantization, whose gradients are floats: they pass as they are. */
const castBack = rule(({ node, gradient, build, facts, refuse }) => {
  const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
  const { type } = facts(x);
  if (!isFloat(type)) return [gradient];
  if (!gradientTypes.has(type)) return refuse(`from ${type}`);
  return [type === facts(y).type ? gradient : build.cast(gradient, type)];
});

export const elementwiseGradients = {
  Abs: unary(({ build, x, gradient }) => build.mul(gradient, build.node('Sign', [x]))),
  Acos: overRoot((square, one, { build }) => build.sub(one, square), true),
  Acosh: overRoot((square, one, { build }) => build.sub(square, one)),
  Add: broadcasting(({ gradient }) => gradient),
  Asin: overRoot((square, one, { build }) => build.sub(one, square)),
  Asinh: overRoot((square, one, { build }) => build.add(square, one)),
  Atan: unary(({ build, x, gradient, number }) => build.div(gradient, build.add(build.mul(x, x), number(1)))),
  Atanh: unary(({ build, x, gradient, number }) => build.div(gradient, build.sub(number(1), build.mul(x, x)))),
  Cast: castBack,
  CastLike: castBack,
  Clip: clip,
  Cos: unary(({ build, x, gradient }) => build.neg(build.mul(gradient, build.node('Sin', [x])))),
  Cosh: unary(({ build, x, gradient }) => build.mul(gradient, build.node('Sinh', [x]))),
  Div: rule(({ node, gradient, build, facts, needs }) => {
    const [a = '', b = '', y = ''] = [...node.inputs, ...node.outputs];
    const { shape } = facts(y);
    const quotient = build.div(gradient, b);
    return [
      needs(0) ? sumTo(build, quotient, shape, facts(a).shape) : undefined,
      needs(1) ? build.neg(sumTo(build, build.mul(quotient, y), shape, facts(b).shape)) : undefined,
    ];
  }),
  Erf: unary(({ build, x, gradient, number }) =>
    build.mul(build.mul(gradient, number(2 / Math.sqrt(Math.PI))), build.node('Exp', [build.neg(build.mul(x, x))]))),
  Exp: unary(({ build, y, gradient }) => build.mul(gradient, y)),
  Identity: rule(({ gradient }) => [gradient]),
  Log: unary(({ build, x, gradient }) => build.div(gradient, x)),
  Max: extreme('Greater'),
  Mean: broadcasting(({ node, gradient, build, facts }) => {
    const count = node.inputs.length;
    return count === 1 ? gradient : build.mul(gradient, build.scalar(1 / count, facts(node.outputs[0] ?? '').type));
  }),
  Min: extreme('Less'),
  // a - b trunc(a / b); the whole number of times from what is left, rounded because it is one.
  Mod: broadcasting(({ node, gradient, build }, position) => {
    const [a = '', b = '', y = ''] = [...node.inputs, ...node.outputs];
    return position === 0 ? gradient : build.neg(build.mul(gradient, build.node('Round', [build.div(build.sub(a, y), b)])));
  }),
  Mul: broadcasting(({ node, gradient, build }, position) => build.mul(gradient, node.inputs[1 - position] ?? '')),
  Neg: unary(({ build, gradient }) => build.neg(gradient)),
  Pow: rule(powGradient),
  Reciprocal: unary(({ build, y, gradient }) => build.neg(build.mul(gradient, build.mul(y, y)))),
  Sin: unary(({ build, x, gradient }) => build.mul(gradient, build.node('Cos', [x]))),
  Sinh: unary(({ build, x, gradient }) => build.mul(gradient, build.node('Cosh', [x]))),
  Sqrt: unary(({ build, y, gradient, number }) => build.div(build.mul(gradient, number(0.5)), y)),
  Sub: broadcasting(({ gradient, build }, position) => (position === 0 ? gradient : build.neg(gradient))),
  Sum: broadcasting(({ gradient }) => gradient),
  Tan: unary(({ build, y, gradient, number }) => build.mul(gradient, build.add(build.mul(y, y), number(1)))),
  Where: rule(({ node, gradient, build, facts, needs }) => {
    const [condition = '', a = '', b = '', y = ''] = [...node.inputs, ...node.outputs];
    const { type, shape } = facts(y);
    return [
      undefined,
      needs(1) ? sumTo(build, masked(build, gradient, condition, type), shape, facts(a).shape) : undefined,
      needs(2) ? sumTo(build, masked(build, gradient, build.node('Not', [condition]), type), shape, facts(b).shape) : undefined,
    ];
  }),
} satisfies GradientTable<string>;
