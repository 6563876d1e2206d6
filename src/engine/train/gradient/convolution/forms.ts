// Which graph form of a convolution's gradients is used, by shape: chosen by measurement (`npm run bench -- training-forms`,
// docs/benchmarks.md).

import type { GraphBuilder } from '../../graphBuilder';
import { type Convolution, spread, spreadByMirroring, weightsByConvolution } from './linearMaps';
import { extentOf } from './slidingAxis';
import { LONGEST_SHIFTED_BY_PRODUCT, weightsByRows, weightsByShifts, weightsByTaps } from './weightForms';

/** dL/dx from dL/dy and weights [filters, channels / group, ...kernel]. */
export function inputGradient(build: GraphBuilder, dy: string, weights: string, convolution: Convolution): string {
  const mirrors = convolution.axes.every((axis) => axis.stride === 1 && axis.begin < extentOf(axis));
  return mirrors ? spreadByMirroring(build, dy, weights, convolution) : spread(build, dy, weights, convolution);
}

/** The graph forms of dL/dweights. */
export const weightForms = {
  /** A convolution whose kernel is dL/dy: any shape, and slow: it unfolds x for every output element. */
  convolution: weightsByConvolution,
  /** A matrix product a tap. */
  taps: weightsByTaps,
  /** One matrix product of shifted rows. */
  shifts: weightsByShifts,
  /** Products of whole rows, a channel at a time. */
  rows: weightsByRows,
} as const;

/** The form that is fastest for a shape among those that cover it. */
export function weightFormOf({ channels, filters, group, axes }: Convolution): keyof typeof weightForms {
  if (group > 1) return group === channels && group === filters ? 'rows' : 'convolution';
  const last = axes[axes.length - 1];
  if (last === undefined || axes.every((axis) => axis.stride === 1)) return 'shifts';
  // With a stride along the last axis shifted rows are half zeros or more: that pays for short rows of several taps.
  return last.stride <= 2 && last.kernel > 1 && last.input <= LONGEST_SHIFTED_BY_PRODUCT ? 'shifts' : 'taps';
}

/** dL/dweights [filters, channels / group, ...kernel] from x and dL/dy. */
export function weightGradient(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  return weightForms[weightFormOf(convolution)](build, x, dy, convolution);
}
