// Which graph form of a convolution's gradients is used, by shape.

import type { GraphBuilder } from '../../graphBuilder';
import { type Convolution, spread, spreadByMirroring, weightsByConvolution } from './linearMaps';
import { extentOf } from './slidingAxis';
import { weightsByRows, weightsByShifts, weightsByTaps } from './weightForms';

/** dL/dx from dL/dy and weights [filters, channels / group, ...kernel]. */
export function inputGradient(build: GraphBuilder, dy: string, weights: string, convolution: Convolution): string {
  const mirrors = convolution.axes.every((axis) => axis.stride === 1 && axis.begin < extentOf(axis));
  return mirrors ? spreadByMirroring(build, dy, weights, convolution) : spread(build, dy, weights, convolution);
}

/** dL/dweights [filters, channels / group, ...kernel] from x and dL/dy. */
export function weightGradient(build: GraphBuilder, x: string, dy: string, convolution: Convolution): string {
  const { channels, filters, group, axes } = convolution;
  if (group === 1) return axes.every((axis) => axis.stride === 1) ? weightsByShifts(build, x, dy, convolution) : weightsByTaps(build, x, dy, convolution);
  if (group === channels && group === filters) return weightsByRows(build, x, dy, convolution);
  return weightsByConvolution(build, x, dy, convolution);
}
