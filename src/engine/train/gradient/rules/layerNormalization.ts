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
  const { node, build, gradient, gradients, facts, needs, refuse } = context;
  if (gradients[1] !== undefined) refuse('gradient of Mean');
  if (gradients[2] !== undefined) refuse('gradient of InvStdDev');
  const view = rowsOf(context);
  const x = build.reshape(node.inputs[0] ?? '', [view.rows, view.n]);
  const { mean, inverse } = view.type === 'float32' ? askedStatistics(context, view) : ownStatistics(context, view, x);
  const normal = build.mul(build.sub(x, mean), inverse);
  const [toInput, toScale] = normalizedGradient(context, view, { normal, inverse, centred: true });
  return [toInput, toScale, needs(2) ? sumTo(build, gradient, view.shape, facts(node.inputs[2] ?? '').shape) : undefined];
});

export const rmsNormalization = rule((context) => {
  const { node, build, facts, refuse } = context;
  const view = rowsOf(context);
  const scaleType = facts(node.inputs[1] ?? '').type;
  if (scaleType !== view.type) refuse(`scale of ${scaleType}`);
  const x = build.reshape(node.inputs[0] ?? '', [view.rows, view.n]);
  const square = build.div(build.node('ReduceSumSquare', [x, build.ints([1])]), build.scalar(view.n, view.type));
  const inverse = inverseRoot(context, view, square);
  return normalizedGradient(context, view, { normal: build.mul(x, inverse), inverse, centred: false });
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

interface Normalized {
  /** x normalized, [rows, n]. */
  readonly normal: string;
  /** 1 / deviation, [rows, 1]. */
  readonly inverse: string;
  /** Whether the mean was taken off. */
  readonly centred: boolean;
}

/**
 * dL/dx and dL/dscale. With h normalized: dx = (g scale - h mean(g scale h) - mean(g scale)) / deviation, without the last
 * term when nothing was centred; dscale = sum of g h over what scale was repeated along.
 */
function normalizedGradient(context: RuleContext, view: Rows, { normal, inverse, centred }: Normalized): (string | undefined)[] {
  const { node, gradient, build, facts, needs } = context;
  const { rows, n, shape } = view;
  const [, scale = ''] = node.inputs;
  const scaleShape = facts(scale).shape;
  const g = build.reshape(gradient, [rows, n]);
  const product = build.mul(g, normal);
  const toInput = (): string => {
    const { scaled, mean, productMean } = scaleShape.length > view.inner.length
      ? scaledByRow(context, view, normal) : scaledAlike(context, view, g, product);
    const direct = build.sub(scaled, build.mul(normal, productMean()));
    return build.reshape(build.mul(centred ? build.sub(direct, mean()) : direct, inverse), shape);
  };
  return [
    needs(0) ? toInput() : undefined,
    needs(1) ? sumTo(build, build.reshape(product, shape), shape, scaleShape) : undefined,
  ];
}

interface Scaled {
  /** g scale, [rows, n]. */
  readonly scaled: string;
  /** Means over rows of g scale and of g scale h, [rows, 1]. */
  readonly mean: () => string;
  readonly productMean: () => string;
}

/** One scale for all rows, the common case: the means are products with it as a vector, nothing is written for them. */
function scaledAlike({ node, build, facts }: RuleContext, { inner, n, type }: Rows, g: string, product: string): Scaled {
  const scale = node.inputs[1] ?? '';
  const full = elementCount(facts(scale).shape) === n ? scale : build.node('Expand', [scale, build.ints(inner)]);
  const column = build.mul(build.reshape(full, [n, 1]), build.scalar(1 / n, type));
  return {
    scaled: build.mul(g, build.reshape(full, [1, n])),
    mean: () => build.matmul(g, column),
    productMean: () => build.matmul(product, column),
  };
}

/** Scale varies along the axes that are not normalized too, which onnxruntime allows. */
function scaledByRow({ node, gradient, build }: RuleContext, { rows, n }: Rows, normal: string): Scaled {
  const scaled = build.reshape(build.mul(gradient, node.inputs[1] ?? ''), [rows, n]);
  return { scaled, mean: () => build.reduceMean(scaled, [1]), productMean: () => build.reduceMean(build.mul(scaled, normal), [1]) };
}
