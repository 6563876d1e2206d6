// Activation functions. Formulas take the fewest passes over the tensor; softmax is in softmax.ts.

import { floatAttribute, stringAttribute } from '../../../ir/attributes';
import { sumTo } from '../broadcast';
import { type GradientTable, refused, rule, type GradientEntry } from '../rule';
import { affineInUnit, masked, unary, type Unary } from '../unary';
import { logSoftmax, softmax } from './softmax';

/** g * (x > 0 ? `positive` : `negative`); y has the sign of x in all operators that use it. */
function byKnee({ build, x, gradient, number }: Unary, positive: string, negative: string): string {
  return build.mul(gradient, build.where(build.node('Greater', [x, number(0)]), positive, negative));
}

/** max(0, x) + min(0, a (exp(x / a) - 1)): the slope below 0 is y / a + 1. Elu with alpha 1 is the same. */
function celu(f: Unary, alpha: number): string {
  const { build, y, gradient, number, type } = f;
  const slope = (): string => build.add(alpha === 1 ? y : build.mul(y, number(1 / alpha)), number(1));
  if (alpha < 0) return byKnee(f, number(1), slope());
  // At most 1 above 0 too, so that the bound of HardSigmoid or Min makes the choice.
  return build.mul(gradient, type === 'float32' ? affineInUnit(build, y, 1 / alpha, 1, type) : build.node('Min', [slope(), number(1)]));
}

/** alpha inside of (0, 1), where y is alpha x + beta. */
const hardSigmoid = unary(({ node, build, y, gradient, number, type }) => {
  const inside = build.node('And', [build.node('Greater', [y, number(0)]), build.node('Less', [y, number(1)])]);
  // Specification: alpha defaults to 0.2.
  return masked(build, build.mul(gradient, number(floatAttribute(node, 'alpha', 0.2))), inside, type);
});

/** x h(x), h = max(0, min(1, x / 6 + 0.5)): the slope is h + x / 6 for |x| < 3. */
const hardSwish = unary(({ build, x, gradient, number, type }) => {
  const gate = type === 'float32' ? affineInUnit(build, x, 1 / 6, 0.5, type)
    : build.node('Clip', [build.add(build.mul(x, number(1 / 6)), number(0.5)), number(0), number(1)]);
  const inner = masked(build, x, build.node('Less', [build.node('Abs', [x]), number(3)]), type);
  return build.mul(gradient, build.add(gate, build.mul(inner, number(1 / 6))));
});

/** x Phi(x): the slope is Phi(x) + x phi(x). With a = x / sqrt(2): (1 + erf(a)) / 2 + a exp(-a^2) / sqrt(pi). */
function exactGelu({ build, x, gradient, number, type }: Unary): string {
  const a = build.mul(x, number(Math.SQRT1_2));
  const phi = affineInUnit(build, build.node('Erf', [a]), 0.5, 0.5, type);
  // Divided by exp(a^2): one pass fewer than times exp(-a^2); where that overflows the quotient is 0, as it should be.
  const tail = build.div(a, build.node('Exp', [build.mul(a, a)]));
  return build.mul(gradient, build.add(phi, build.mul(tail, number(1 / Math.sqrt(Math.PI)))));
}

/**
 * 0.5 x (1 + tanh(u)) = x sigmoid(v) with v = 2u = x (k + k c x^2): the slope is s (1 + (1 - s) x v').
 * k = 2 sqrt(2 / pi), c = 0.044715 by the specification.
 */
function tanhGelu(f: Unary): string {
  const { build, x, gradient, number } = f;
  const k = 2 * Math.sqrt(2 / Math.PI);
  const cubic = build.mul(build.mul(x, x), number(k * 0.044715));
  const s = build.node('Sigmoid', [build.mul(x, build.add(cubic, number(k)))]);
  const rise = build.mul(x, build.add(build.mul(cubic, number(3)), number(k)));
  const slope = build.mul(s, build.add(build.mul(build.sub(number(1), s), rise), number(1)));
  return build.mul(gradient, slope);
}

/** x sigmoid(alpha x): the slope is s + alpha y (1 - s) = s (1 - alpha y) + alpha y. */
const swish = unary(({ node, build, x, y, gradient, number }) => {
  const alpha = floatAttribute(node, 'alpha', 1);
  const scaled = (tensor: string): string => (alpha === 1 ? tensor : build.mul(tensor, number(alpha)));
  const s = build.node('Sigmoid', [scaled(x)]);
  const ay = scaled(y);
  return build.mul(gradient, build.add(build.mul(s, build.sub(number(1), ay)), ay));
});

/** x t with t = tanh(softplus(x)): the slope is t + x sigmoid(x) (1 - t^2). */
const mish = unary(({ build, x, gradient, number }) => {
  const t = build.node('Tanh', [build.node('Softplus', [x])]);
  const bend = build.mul(build.mul(x, build.node('Sigmoid', [x])), build.sub(number(1), build.mul(t, t)));
  return build.mul(gradient, build.add(t, bend));
});

/** 1 above 0, alpha elsewhere. */
const leakyRelu = unary(({ node, build, x, gradient, number, type }) => {
  // Specification: alpha defaults to 0.01.
  const alpha = floatAttribute(node, 'alpha', 0.01);
  const above = build.cast(build.node('Greater', [x, number(0)]), type);
  const slope = alpha >= 0 && alpha <= 1 ? build.node('Max', [above, number(alpha)])
    : build.add(build.mul(above, number(1 - alpha)), number(alpha));
  return build.mul(gradient, slope);
});

/** The slope broadcasts to x (unidirectionally); its own gradient is g min(x, 0). */
const prelu: GradientEntry = rule(({ node, gradient, build, facts, needs }) => {
  const [x = '', slope = ''] = node.inputs;
  const { type, shape } = facts(x);
  const zero = build.scalar(0, type);
  return [
    needs(0) ? build.where(build.node('Greater', [x, zero]), gradient, build.mul(gradient, slope)) : undefined,
    needs(1) ? sumTo(build, build.mul(gradient, build.node('Min', [x, zero])), shape, facts(slope).shape) : undefined,
  ];
});

export const activationsGradients = {
  Celu: unary((f) => celu(f, floatAttribute(f.node, 'alpha', 1))),
  Elu: unary((f) => {
    const alpha = floatAttribute(f.node, 'alpha', 1);
    return alpha === 1 ? celu(f, 1) : byKnee(f, f.number(1), f.build.add(f.y, f.number(alpha)));
  }),
  Gelu: unary((f) => (stringAttribute(f.node, 'approximate', 'none') === 'tanh' ? tanhGelu(f) : exactGelu(f))),
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  LeakyRelu: leakyRelu,
  LogSoftmax: logSoftmax,
  Mish: mish,
  PRelu: prelu,
  // By the output: x need not be kept, and 0 at 0 as in PyTorch.
  Relu: unary(({ build, y, gradient, number, type }) => masked(build, gradient, build.node('Greater', [y, number(0)]), type)),
  Selu: unary((f) => {
    // Defaults of the specification.
    const alpha = floatAttribute(f.node, 'alpha', 1.67326319217681884765625);
    const gamma = floatAttribute(f.node, 'gamma', 1.05070102214813232421875);
    return byKnee(f, f.number(gamma), f.build.add(f.y, f.number(alpha * gamma)));
  }),
  Shrink: unary(({ node, build, x, gradient, number, type }) =>
    masked(build, gradient, build.node('Greater', [build.node('Abs', [x]), number(floatAttribute(node, 'lambd', 0.5))]), type)),
  Sigmoid: unary(({ build, y, gradient, number }) => build.mul(build.mul(gradient, y), build.sub(number(1), y))),
  Softmax: softmax,
  Softplus: unary(({ build, x, gradient }) => build.mul(gradient, build.node('Sigmoid', [x]))),
  // 1 / (1 + |x|)^2 = (1 - |y|)^2
  Softsign: unary(({ build, y, gradient, number }) => {
    const rest = build.sub(number(1), build.node('Abs', [y]));
    return build.mul(build.mul(gradient, rest), rest);
  }),
  // Of opset 28, which onnxruntime 1.30 does not load.
  SwiGLU: refused,
  Swish: swish,
  Tanh: unary(({ build, y, gradient, number }) => build.mul(gradient, build.sub(number(1), build.mul(y, y)))),
  ThresholdedRelu: unary(({ node, build, x, gradient, number, type }) =>
    masked(build, gradient, build.node('Greater', [x, number(floatAttribute(node, 'alpha', 1))]), type)),
} satisfies GradientTable<string>;
