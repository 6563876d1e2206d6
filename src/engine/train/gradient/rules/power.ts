// Pow: the small exponents that models have without Pow, and what its derivatives are at 0.

import { sumTo } from '../broadcast';
import type { RuleContext } from '../rule';

/**
 * d(x^p)/dx = p x^(p-1), which is 0 for p = 0 also at x = 0. d(x^p)/dp = x^p log x, which is 0 at x = 0 for p >= 0;
 * for negative x it is not a real number: NaN, as PyTorch gives it.
 */
export function powGradient({ node, gradient, build, facts, needs, elements }: RuleContext): (string | undefined)[] {
  const [x = '', p = '', y = ''] = [...node.inputs, ...node.outputs];
  const { type, shape } = facts(y);
  const number = (value: number): string => build.scalar(value, type);
  const exponent = facts(p).type === type ? p : build.cast(p, type);

  const byBase = (): string | undefined => {
    const given = elements(p);
    const first = given?.[0];
    if (first !== undefined && given?.every((value) => value === first) === true) return byConstant(first);
    const slope = build.mul(exponent, build.node('Pow', [x, build.sub(exponent, number(1))]));
    const flat = build.node('Equal', [exponent, number(0)]);
    return build.mul(gradient, build.where(flat, number(0), slope));
  };
  const byConstant = (value: number): string | undefined => {
    switch (value) {
      case 0: return undefined;
      case 1: return gradient;
      case 2: return build.mul(gradient, build.add(x, x));
      case 3: return build.mul(build.mul(gradient, number(3)), build.mul(x, x));
      case 0.5: return build.div(build.mul(gradient, number(0.5)), y);
      case -1: return build.neg(build.mul(gradient, build.mul(y, y)));
      default: return build.mul(build.mul(gradient, number(value)), build.node('Pow', [x, number(value - 1)]));
    }
  };
  const byExponent = (): string => {
    const zeroBase = build.node('And', [build.node('Equal', [x, number(0)]), build.node('GreaterOrEqual', [exponent, number(0)])]);
    return build.mul(gradient, build.where(zeroBase, number(0), build.mul(y, build.node('Log', [x]))));
  };
  const toBase = needs(0) ? byBase() : undefined;
  return [
    toBase === undefined ? undefined : sumTo(build, toBase, shape, facts(x).shape),
    needs(1) ? sumTo(build, byExponent(), shape, facts(p).shape) : undefined,
  ];
}
