// Quantization with straight-through gradients (Bengio 2013): rounding counts as the identity, values that are clipped get
// nothing. A pair of QuantizeLinear and DequantizeLinear then gives its scale the gradient of LSQ (Esser 2020, equation 3).
// The integer tensor between the two has a gradient in float: dL/d(integer value).

import { type GradientTable, rule, type RuleContext } from '../rule';
import { quantizedRange, scaleLayout } from '../quantizedRange';

export const quantizationGradients = {
  /** y = (x - zero point) * scale. */
  DequantizeLinear: rule((context) => {
    const { node, build, gradient, facts, needs } = context;
    const [x = '', scale = ''] = node.inputs;
    const { type } = facts(scale);
    const layout = scaleLayout(context, facts(x).shape, facts(scale).shape);
    const spread = layout.spread(scale);
    const inUnits = (): string => build.mul(gradient, spread);
    const values = (): string => {
      const zero = zeroPoint(context);
      const held = build.cast(x, type);
      return zero === undefined ? held : build.sub(held, layout.spread(build.cast(zero, type)));
    };
    if (facts(node.outputs[0] ?? '').type !== type) context.refuse('output_dtype');
    if (needs(2)) context.refuse('a zero point that is computed');
    return [needs(0) ? inUnits() : undefined, needs(1) ? layout.gather(build.mul(gradient, values())) : undefined];
  }),

  /** Scale and zero point come from the least and greatest value, so that nothing is clipped; they count as constant. */
  DynamicQuantizeLinear: rule(({ node, build, gradients: [ofValues], needs }) =>
    [needs(0) && ofValues !== undefined ? build.div(ofValues, node.outputs[1] ?? '') : undefined]),

  /** y = clip(round(x / scale) + zero point): dy/dx = 1 / scale and dy/dscale = -x / scale^2 inside the range. */
  QuantizeLinear: rule((context) => {
    const { node, build, gradient, facts, needs } = context;
    const [x = '', scale = ''] = node.inputs;
    const { type, shape } = facts(x);
    if (facts(scale).type !== type) context.refuse('a scale of another type');
    const output = facts(node.outputs[0] ?? '').type;
    const [low, high] = quantizedRange[output] ?? context.refuse(`output type ${output}`);
    const layout = scaleLayout(context, shape, facts(scale).shape);
    const spread = layout.spread(scale);
    const steps = build.div(x, spread);
    const zero = zeroPoint(context);
    const value = zero === undefined ? steps : build.add(steps, layout.spread(build.cast(zero, type)));
    const clipped = build.node('Clip', [value, build.scalar(low, type), build.scalar(high, type)]);
    const inside = build.where(build.node('Equal', [value, clipped]), build.div(gradient, spread), build.scalar(0, type));
    return [needs(0) ? inside : undefined, needs(1) ? layout.gather(build.neg(build.mul(inside, steps))) : undefined];
  }),
} satisfies GradientTable<string>;

/** The zero point, unless it is zero everywhere. */
function zeroPoint(context: RuleContext): string | undefined {
  const zero = context.input(2);
  return context.elements(zero)?.every((value) => value === 0) === true ? undefined : zero;
}
