// Normalizations in float64. Inputs of a reference: x, then scale and bias where the operator has them.

import type { Reference } from '../../../../support/gradientCheck';
import { at, indices, mapped, mean, offset, sum, variance } from './tensors';

const standardised = (epsilon: number) => (values: readonly number[]): number[] => {
  const deviation = Math.sqrt(variance(values) + epsilon);
  return values.map((value) => (value - mean(values)) / deviation);
};

const overRoot = (epsilon: number) => (values: readonly number[]): number[] => {
  const root = Math.sqrt(mean(values.map((value) => value ** 2)) + epsilon);
  return values.map((value) => value / root);
};

/** y scale + bias, both broadcast; those that are missing do nothing. */
function affine(shape: readonly number[], normal: Float64Array, parts: { readonly scale: Float64Array; readonly scaleShape: readonly number[]; readonly bias?: Float64Array | undefined; readonly biasShape?: readonly number[] }): Float64Array {
  return Float64Array.from(indices(shape), (index, position) =>
    at(normal, position) * at(parts.scale, offset(index, parts.scaleShape)) + (parts.bias === undefined ? 0 : at(parts.bias, offset(index, parts.biasShape ?? parts.scaleShape))));
}

interface OverLast {
  readonly shape: readonly number[];
  readonly axis: number;
  readonly epsilon: number;
  readonly scaleShape: readonly number[];
  readonly biasShape?: readonly number[];
  readonly centred: boolean;
}

export const lastAxesReference = ({ shape, axis, epsilon, scaleShape, biasShape, centred }: OverLast): Reference => ([x, scale, bias]) => {
  const axes = shape.flatMap((_, position) => (position >= axis ? [position] : []));
  const normal = mapped(x as Float64Array, shape, axes, (centred ? standardised : overRoot)(epsilon));
  return [affine(shape, normal, { scale: scale as Float64Array, scaleShape, bias: biasShape === undefined ? undefined : bias, ...(biasShape !== undefined && { biasShape }) })];
};

/** [N, C, ...]: each group of channels of a sample on its own. */
export const groupReference = (shape: readonly number[], groups: number, epsilon: number): Reference => ([x, scale, bias]) => {
  const [batch = 1, channels = 1, ...rest] = shape;
  const area = rest.reduce((product, size) => product * size, 1);
  const normal = mapped(x as Float64Array, [batch, groups, (channels / groups) * area], [2], standardised(epsilon));
  const byChannel = [channels, ...rest.map(() => 1)];
  return [affine(shape, normal, { scale: scale as Float64Array, scaleShape: byChannel, bias, biasShape: byChannel })];
};

export const lpReference = (shape: readonly number[], axis: number, p: number): Reference => ([x]) => [mapped(x as Float64Array, shape, [axis], (values) => {
  const norm = p === 1 ? sum(values.map(Math.abs)) : Math.sqrt(sum(values.map((value) => value ** 2)));
  return values.map((value) => value / norm);
})];

export const meanVarianceReference = (shape: readonly number[], axes: readonly number[]): Reference => ([x]) => [mapped(x as Float64Array, shape, axes, (values) =>
  values.map((value) => (value - mean(values)) / (Math.sqrt(variance(values)) + 1e-9)))];

export const localResponseReference = (shape: readonly number[], { size, alpha, beta, bias }: { readonly size: number; readonly alpha: number; readonly beta: number; readonly bias: number }): Reference => ([x]) =>
  [mapped(x as Float64Array, shape, [1], (values) => values.map((value, channel) => {
    const around = values.filter((_, other) => other >= channel - Math.floor((size - 1) / 2) && other <= channel + Math.ceil((size - 1) / 2));
    return value / (bias + (alpha / size) * sum(around.map((other) => other ** 2))) ** beta;
  }))];
