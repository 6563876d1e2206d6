// Pooling. Averages and powers are spread back by a transposed convolution with ones, one channel at a time; a maximum
// goes back to the place that it came from.

import { int, intAttribute, intsAttribute, string } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import type { GraphBuilder } from '../../graphBuilder';
import { spread } from '../convolution/linearMaps';
import { extentOf, insideCounts, slidingAxes, type SlidingAxis } from '../convolution/slidingAxis';
import { type GradientTable, refused, rule, type RuleContext } from '../rule';

interface Pool {
  readonly x: string;
  readonly y: string;
  readonly xShape: readonly number[];
  readonly yShape: readonly number[];
  readonly axes: readonly SlidingAxis[];
}

function poolOf(context: RuleContext): Pool {
  const { node, facts } = context;
  const [x = ''] = node.inputs;
  const y = context.node.outputs[0] ?? '';
  const [xShape, yShape] = [facts(x).shape, facts(y).shape];
  const axes = slidingAxes(node, xShape.slice(2), yShape.slice(2), intsAttribute(node, 'kernel_shape') ?? []);
  if (axes.some((axis) => axis.begin < 0)) context.refuse('pads < 0');
  return { x, y, xShape, yShape, axes };
}

/** Each value of `dy` added to every input of its window. */
function spreadEvenly(build: GraphBuilder, dy: string, { xShape, yShape, axes }: Pool): string {
  const images = elementCount(yShape.slice(0, 2));
  if (tiles(axes)) return repeated(build, dy, yShape, axes);
  const ones = build.filled([1, 1, ...axes.map((axis) => axis.kernel)], 1);
  const flat = build.reshape(dy, [images, 1, ...yShape.slice(2)]);
  return build.reshape(spread(build, flat, ones, { batch: images, channels: 1, filters: 1, group: 1, axes }), xShape);
}

/** Windows side by side that cover the input exactly. */
const tiles = (axes: readonly SlidingAxis[]): boolean =>
  axes.every((axis) => axis.dilation === 1 && axis.stride === axis.kernel && axis.begin === 0 && axis.output * axis.kernel === axis.input);

/** Every element repeated `kernel` times along each spatial axis. */
function repeated(build: GraphBuilder, dy: string, yShape: readonly number[], axes: readonly SlidingAxis[]): string {
  const outer = yShape.slice(0, 2);
  const apart = build.reshape(dy, [...outer, ...axes.flatMap((axis) => [axis.output, 1])]);
  const wide = build.node('Expand', [apart, build.ints([...outer, ...axes.flatMap((axis) => [axis.output, axis.kernel])])]);
  return build.reshape(wide, [...outer, ...axes.map((axis) => axis.input)]);
}

const averagePool = rule((context) => {
  const pool = poolOf(context);
  const { build, gradient, node } = context;
  const inside = insideEach(pool.axes);
  const full = pool.axes.reduce((product, axis) => product * axis.kernel, 1);
  if (inside.every((count) => count === full)) return [spreadEvenly(build, build.mul(gradient, build.scalar(1 / full)), pool)];
  // What a window divides by is the runtime's affair at borders: the average of ones over the count of ones in the
  // window is its inverse. onnxruntime folds these nodes to a constant.
  const spatial = pool.xShape.slice(2);
  const ofOnes = build.node('AveragePool', [build.filled([1, 1, ...spatial], 1)], Object.fromEntries(node.attributes));
  const counts = build.constant({ type: 'float32', dims: [1, 1, ...pool.yShape.slice(2)], data: Float32Array.from(inside, (count) => 1 / Math.max(1, count)) });
  return [spreadEvenly(build, build.mul(gradient, build.mul(ofOnes, counts)), pool)];
});

/** Elements of the input in each window, by output position in row-major order. */
function insideEach(axes: readonly SlidingAxis[]): number[] {
  return axes.map(insideCounts).reduce((products, counts) => products.flatMap((product) => counts.map((count) => product * count)), [1]);
}

/** y = (sum |x|^p)^(1/p): dx = x |x|^(p-2) * spread(dy y^(1-p)), zero in a window of zeros. */
function powerGradient(context: RuleContext, x: string, y: string, spreadBack: (weighted: string) => string): string {
  const { build, gradient, node } = context;
  const p = intAttribute(node, 'p', 2);
  if (p < 1) context.refuse(`p=${p}`);
  const sign = (): string => build.node('Sign', [x]);
  if (p === 1) return build.mul(sign(), spreadBack(gradient));
  const zero = build.scalar(0);
  const divisor = p === 2 ? y : build.node('Pow', [y, build.scalar(p - 1)]);
  const weighted = build.where(build.node('Greater', [y, zero]), build.div(gradient, divisor), zero);
  const power = p === 2 ? x : p % 2 === 0 ? build.node('Pow', [x, build.scalar(p - 1)]) : build.mul(sign(), build.node('Pow', [build.node('Abs', [x]), build.scalar(p - 1)]));
  return build.mul(power, spreadBack(weighted));
}

const lpPool = rule((context) => {
  const pool = poolOf(context);
  return [powerGradient(context, pool.x, pool.y, (weighted) => spreadEvenly(context.build, weighted, pool))];
});

const globalLpPool = rule((context) => {
  const [x = ''] = context.node.inputs;
  return [powerGradient(context, x, context.node.outputs[0] ?? '', (weighted) => weighted)];
});

const globalAveragePool = rule(({ build, node, gradient, facts }) => {
  const { shape } = facts(node.inputs[0] ?? '');
  return [build.node('Expand', [build.mul(gradient, build.scalar(1 / elementCount(shape.slice(2)))), build.ints(shape)])];
});

/** The gradient goes to the first of equal maxima. */
const globalMaxPool = rule(({ build, node, gradient, facts }) => {
  const [x = ''] = node.inputs;
  const { shape } = facts(x);
  const [outer, count] = [shape.slice(0, 2), elementCount(shape.slice(2))];
  const at = build.node('ArgMax', [build.reshape(x, [...outer, count])], { axis: int(2) });
  const positions = build.constant({ type: 'int64', dims: [count], data: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)) });
  const routed = build.where(build.node('Equal', [positions, at]), build.reshape(gradient, [...outer, 1]), build.scalar(0));
  return [build.reshape(routed, shape)];
});

/**
 * By the indices that MaxPool gives: flat positions in the whole input, of the first of equal maxima. Overlapping windows
 * add up.
 */
const maxPool = rule((context) => {
  const { build, gradients } = context;
  const pool = poolOf(context);
  const [gradient] = gradients;
  if (gradient === undefined) return [];
  // A window that sees padding only has no place to send its gradient to.
  if (pool.axes.some((axis) => insideCounts(axis).includes(0))) context.refuse('a window inside the padding');
  const size = elementCount(pool.xShape);
  const flat = build.node('ScatterElements', [
    build.filled([size], 0), build.reshape(placesOf(context, pool), [-1]), build.reshape(gradient, [-1]),
  ], shareNothing(pool.axes) ? {} : { reduction: string('add') });
  return [build.reshape(flat, pool.xShape)];
});

/** The second output of the node; it is added to the forward graph where it was not asked for. */
function placesOf({ build, node }: RuleContext, { x }: Pool): string {
  // Column-major places count differently: ask again.
  if (intAttribute(node, 'storage_order', 0) !== 0) {
    const rowMajor = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'storage_order'));
    return build.nodes('MaxPool', [x], 2, rowMajor)[1] as string;
  }
  const known = node.outputs[1];
  if (known !== undefined && known !== '') return known;
  const places = build.uniqueName('train/MaxPool');
  node.outputs = [node.outputs[0] ?? '', places];
  return places;
}

const shareNothing = (axes: readonly SlidingAxis[]): boolean => axes.every((axis) => axis.stride >= extentOf(axis));

export const poolingGradients = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalLpPool: globalLpPool,
  GlobalMaxPool: globalMaxPool,
  LpPool: lpPool,
  MaxPool: maxPool,
  MaxRoiPool: refused,
  // Where places repeat, which value is kept is not defined.
  MaxUnpool: refused,
} satisfies GradientTable<string>;
