// LayerNormalization and RMSNormalization in closed form: on the hot path of transformers, so that passes are counted.

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import type { DataType } from '../../../ir/dataTypes';
import { elementCount } from '../../../ir/model';
import { sumTo } from '../broadcast';
import { rule, type RuleContext } from '../rule';

/** x seen as [rows, n]: the normalized axes are the last, as many as `axis` leaves. Reshape moves nothing. */
interface Rows {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Shape of the normalized axes. */
  readonly inner: readonly number[];
  readonly rows: number;
  readonly n: number;
}

export const layerNormalization = rule((context) => {
  const { node, build, gradients, facts, needs, refuse } = context;
  if (gradients[1] !== undefined) refuse('gradient of Mean');
  if (gradients[2] !== undefined) refuse('gradient of InvStdDev');
  const view = rowsOf(context);
  const x = build.reshape(node.inputs[0] ?? '', [view.rows, view.n]);
  const { mean, inverse } = view.type === 'float32' ? askedStatistics(context, view) : ownStatistics(context, view, x);
  const normal = build.mul(build.sub(x, mean), inverse);
  const { toInput, toScale, g } = normalizedGradient(context, view, normal, inverse, true);
  const bias = node.inputs[2];
  return [
    toInput, toScale,
    needs(2) && bias !== undefined ? build.reshape(sumTo(build, build.reshape(build.reduceSum(g, [0]), view.inner), view.inner, facts(bias).shape), facts(bias).shape) : undefined,
  ];
});

export const rmsNormalization = rule((context) => {
  const { node, build, facts, refuse } = context;
  const view = rowsOf(context);
  const scaleType = facts(node.inputs[1] ?? '').type;
  if (scaleType !== view.type) refuse(`scale of ${scaleType}`);
  const x = build.reshape(node.inputs[0] ?? '', [view.rows, view.n]);
  const square = build.div(build.node('ReduceSumSquare', [x, build.ints([1])]), build.scalar(view.n, view.type));
  const inverse = inverseRoot(context, view, square);
  const { toInput, toScale } = normalizedGradient(context, view, build.mul(x, inverse), inverse, false);
  return [toInput, toScale];
});

function rowsOf({ node, facts }: RuleContext): Rows {
  const { type, shape } = facts(node.inputs[0] ?? '');
  const given = intAttribute(node, 'axis', -1);
  const axis = given < 0 ? given + shape.length : given;
  const inner = shape.slice(axis);
  return { type, shape, inner, rows: elementCount(shape.slice(0, axis)), n: elementCount(inner) };
}

/** The forward node gives mean and 1 / deviation away: it has them anyway. */
function askedStatistics({ node, build }: RuleContext, { rows }: Rows): { readonly mean: string; readonly inverse: string } {
  const [y = '', ...optional] = node.outputs;
  const mean = optional[0] || build.uniqueName(`${y}/mean`);
  const inverse = optional[1] || build.uniqueName(`${y}/inverseDeviation`);
  node.outputs = [y, mean, inverse];
  return { mean: build.reshape(mean, [rows, 1]), inverse: build.reshape(inverse, [rows, 1]) };
}

/** For types whose statistics the node gives in another one (stash_type). */
function ownStatistics(context: RuleContext, view: Rows, x: string): { readonly mean: string; readonly inverse: string } {
  const { build } = context;
  const mean = build.reduceMean(x, [1]);
  const centred = build.sub(x, mean);
  return { mean, inverse: inverseRoot(context, view, build.reduceMean(build.mul(centred, centred), [1])) };
}

function inverseRoot({ node, build }: RuleContext, { type }: Rows, square: string): string {
  // Specification: epsilon defaults to 1e-5.
  const epsilon = build.scalar(floatAttribute(node, 'epsilon', 1e-5), type);
  return build.node('Reciprocal', [build.node('Sqrt', [build.add(square, epsilon)])]);
}

/**
 * With h normalized: dx = (g scale - h mean(g scale h) - mean(g scale)) / deviation, without the last term when nothing
 * was centred; dscale = sum of g h over rows. The means are products with scale as a vector: nothing is written for them.
 */
function normalizedGradient(context: RuleContext, view: Rows, normal: string, inverse: string, centred: boolean): { toInput: string | undefined; toScale: string | undefined; g: string } {
  const { node, gradient, build, facts, needs, refuse } = context;
  const { rows, n, inner, shape, type } = view;
  const [, scale = ''] = node.inputs;
  const scaleShape = facts(scale).shape;
  if (scaleShape.length > inner.length) refuse(`scale of rank ${scaleShape.length}`);
  const g = build.reshape(gradient, [rows, n]);
  const product = build.mul(g, normal);

  const toInput = (): string => {
    const full = elementCount(scaleShape) === n ? scale : build.node('Expand', [scale, build.ints(inner)]);
    const column = build.mul(build.reshape(full, [n, 1]), build.scalar(1 / n, type));
    const along = build.mul(normal, build.matmul(product, column));
    const direct = build.sub(build.mul(g, build.reshape(full, [1, n])), along);
    return build.reshape(build.mul(centred ? build.sub(direct, build.matmul(g, column)) : direct, inverse), shape);
  };
  const toScale = (): string => build.reshape(sumTo(build, build.reshape(build.reduceSum(product, [0]), inner), inner, scaleShape), scaleShape);
  return { toInput: needs(0) ? toInput() : undefined, toScale: needs(1) ? toScale() : undefined, g };
}
