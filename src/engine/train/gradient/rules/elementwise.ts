// Arithmetic and elementary functions, with broadcasting; min, max, clip, choice and casts.

import { sumTo } from '../broadcast';
import { type GradientTable, refused, rule } from '../rule';

export const elementwiseGradients = {
  Abs: refused,
  Acos: refused,
  Acosh: refused,
  Add: refused,
  Asin: refused,
  Asinh: refused,
  Atan: refused,
  Atanh: refused,
  Cast: refused,
  CastLike: refused,
  Clip: refused,
  Cos: refused,
  Cosh: refused,
  Div: refused,
  Erf: refused,
  Exp: refused,
  Identity: refused,
  Log: refused,
  Max: refused,
  Mean: refused,
  Min: refused,
  Mod: refused,
  Mul: rule(({ node, gradient, build, facts, needs }) => {
    const [a = '', b = '', y = ''] = [...node.inputs, ...node.outputs];
    const toInput = (input: string, other: string): string => sumTo(build, build.mul(gradient, other), facts(y).shape, facts(input).shape);
    return [needs(0) ? toInput(a, b) : undefined, needs(1) ? toInput(b, a) : undefined];
  }),
  Neg: refused,
  Pow: refused,
  Reciprocal: refused,
  Sin: refused,
  Sinh: refused,
  Sqrt: refused,
  Sub: refused,
  Sum: rule(({ node, gradient, build, facts, needs }) =>
    node.inputs.map((input, position) => (needs(position) ? sumTo(build, gradient, facts(node.outputs[0] ?? '').shape, facts(input).shape) : undefined))),
  Tan: refused,
  Where: refused,
} satisfies GradientTable<string>;
