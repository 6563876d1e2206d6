// The three linear maps of a convolution: forward, its adjoint to the input, its adjoint to the weights. Conv and
// ConvTranspose are each other's adjoints, so both rules are written in these. Forms by shape are chosen in forms.ts.

import { int, ints } from '../../../ir/attributes';
import type { Attributes, GraphBuilder } from '../../graphBuilder';
import { endOf, type SlidingAxis } from './slidingAxis';

/** A convolution of [batch, channels, ...axes.input] to [batch, filters, ...axes.output]. */
export interface Convolution {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly group: number;
  readonly axes: readonly SlidingAxis[];
}

/** The convolution of `x` with `weights` of shape [filters, channels / group, ...kernel]. */
export function correlate(build: GraphBuilder, x: string, weights: string, { group, axes }: Convolution): string {
  const y = build.node('Conv', [x, weights], attributesOf(axes, group));
  // Elements behind the last window may hold one window more.
  return cropped(build, y, axes.map((axis) => ({ size: axis.output, made: Math.floor((-Math.min(0, endOf(axis))) / axis.stride) + axis.output })));
}

/** dL/dx of `correlate` from dL/dy: every output position gives its value to the inputs of its window. */
export function spread(build: GraphBuilder, dy: string, weights: string, { group, axes }: Convolution): string {
  return build.node('ConvTranspose', [dy, weights], {
    ...attributesOf(axes, group),
    output_padding: ints(axes.map((axis) => Math.max(0, -endOf(axis)))),
  });
}

/**
 * dL/dx for strides of one, as a convolution: of dL/dy with the weights mirrored in space, filters and channels swapped.
 * Needs 0 <= begin < extent.
 */
export function spreadByMirroring(build: GraphBuilder, dy: string, weights: string, convolution: Convolution): string {
  const { batch, channels, filters, group, axes } = convolution;
  const swapped = swapChannels(build, mirror(build, weights, axes), convolution);
  return correlate(build, dy, swapped, {
    batch, channels: filters, filters: channels, group,
    axes: axes.map((axis) => ({ ...axis, input: axis.output, output: axis.input, begin: (axis.kernel - 1) * axis.dilation - axis.begin })),
  });
}

/**
 * dL/dweights of `correlate`, as a convolution too: of x with dL/dy, batch and channels swapped, kernel positions and
 * output positions swapped. The general form, for any number of axes and groups.
 */
export function weightsByConvolution(build: GraphBuilder, x: string, dy: string, { batch, channels, filters, group, axes }: Convolution): string {
  const sizes = axes.map((axis) => axis.input);
  const spatial = axes.map((_, axis) => axis);
  const perGroup = channels / group;
  const grouped = group === 1 ? x : build.reshape(x, [batch, group, perGroup, ...sizes]);
  const images = group === 1
    ? build.transpose(grouped, [1, 0, ...spatial.map((axis) => axis + 2)])
    : build.reshape(build.transpose(grouped, [2, 1, 0, ...spatial.map((axis) => axis + 3)]), [perGroup, group * batch, ...sizes]);
  const kernels = build.transpose(dy, [1, 0, ...spatial.map((axis) => axis + 2)]);
  const result = correlate(build, images, kernels, {
    batch: perGroup, channels: group * batch, filters, group,
    axes: axes.map((axis) => ({ ...axis, output: axis.kernel, kernel: axis.output, stride: axis.dilation, dilation: axis.stride })),
  });
  return build.transpose(result, [1, 0, ...spatial.map((axis) => axis + 2)]);
}

function attributesOf(axes: readonly SlidingAxis[], group: number): Attributes {
  return {
    kernel_shape: ints(axes.map((axis) => axis.kernel)),
    strides: ints(axes.map((axis) => axis.stride)),
    dilations: ints(axes.map((axis) => axis.dilation)),
    pads: ints([...axes.map((axis) => axis.begin), ...axes.map((axis) => Math.max(0, endOf(axis)))]),
    group: int(group),
  };
}

/** Keeps the first `size` of `made` elements along each spatial axis. */
function cropped(build: GraphBuilder, tensor: string, sizes: readonly { readonly size: number; readonly made: number }[]): string {
  const long = sizes.flatMap(({ size, made }, axis) => (made > size ? [{ axis: axis + 2, size }] : []));
  if (long.length === 0) return tensor;
  return build.node('Slice', [tensor, build.ints(long.map(() => 0)), build.ints(long.map(({ size }) => size)), build.ints(long.map(({ axis }) => axis))]);
}

/** Weights with every spatial axis reversed. */
function mirror(build: GraphBuilder, weights: string, axes: readonly SlidingAxis[]): string {
  const reversed = axes.flatMap(({ kernel }, axis) => (kernel > 1 ? [{ axis: axis + 2, kernel }] : []));
  if (reversed.length === 0) return weights;
  // A slice backwards to before the first element: end -(kernel + 1) counts from behind.
  return build.node('Slice', [
    weights, build.ints(reversed.map(() => -1)), build.ints(reversed.map(({ kernel }) => -kernel - 1)),
    build.ints(reversed.map(({ axis }) => axis)), build.ints(reversed.map(() => -1)),
  ]);
}

/** [filters, channels / group, ...] to [channels, filters / group, ...]. */
function swapChannels(build: GraphBuilder, weights: string, { channels, filters, group, axes }: Convolution): string {
  const kernel = axes.map((axis) => axis.kernel);
  if (group === 1) return build.transpose(weights, [1, 0, ...axes.map((_, axis) => axis + 2)]);
  const [perGroup, filtersPerGroup] = [channels / group, filters / group];
  if (perGroup === 1 && filtersPerGroup === 1) return weights;
  const grouped = build.reshape(weights, [group, filtersPerGroup, perGroup, ...kernel]);
  return build.reshape(build.transpose(grouped, [0, 2, 1, ...axes.map((_, axis) => axis + 3)]), [channels, filtersPerGroup, ...kernel]);
}
