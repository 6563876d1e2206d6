// The scales of QuantizeLinear and DequantizeLinear as tensors that broadcast to the data, and sums over what shares a scale.

import { intAttribute } from '../../ir/attributes';
import type { DataType } from '../../ir/dataTypes';
import type { GraphBuilder } from '../graphBuilder';
import { sumTo } from './broadcast';
import type { ForwardContext } from './rule';

/** Lowest and highest value of the integer types of quantization. */
export const quantizedRange: Partial<Readonly<Record<DataType, readonly [number, number]>>> = {
  int4: [-8, 7], uint4: [0, 15], int8: [-128, 127], uint8: [0, 255], int16: [-32_768, 32_767], uint16: [0, 65_535],
};

/** How scales lie over data: one for all, one an index of an axis, or one a block of an axis. */
export interface ScaleLayout {
  /** A scale or zero point as a tensor that broadcasts to the data. */
  spread(parameter: string): string;
  /** The adjoint: a tensor of the data's shape, summed to the shape of the scale. */
  gather(gradient: string): string;
}

/** @param shape of the data @param scale shape of the scale */
export function scaleLayout({ node, build, refuse }: ForwardContext, shape: readonly number[], scale: readonly number[]): ScaleLayout {
  const rank = shape.length;
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + rank : given;
  const block = intAttribute(node, 'block_size', 0);
  if (block > 0) return blocked(build, shape, scale, axis, block);
  const count = scale.reduce((product, dim) => product * dim, 1);
  if (scale.length > 1 || (count > 1 && count !== shape[axis])) refuse(`scale of shape ${scale.join('x')}`);
  const view = count === 1 ? [] : shape.map((size, index) => (index === axis ? size : 1));
  return {
    spread: (parameter) => build.reshape(parameter, view),
    gather: (gradient) => build.reshape(sumTo(build, gradient, shape, view), scale),
  };
}

function blocked(build: GraphBuilder, shape: readonly number[], scale: readonly number[], axis: number, block: number): ScaleLayout {
  const size = shape[axis] ?? 0;
  const blocks = scale[axis] ?? 0;
  const inserted = (count: number): number[] => [...scale.slice(0, axis + 1), count, ...scale.slice(axis + 1)];
  const padded = scale.map((dim, index) => (index === axis ? blocks * block : dim));
  return {
    spread: (parameter) => {
      const repeated = build.reshape(build.node('Expand', [build.reshape(parameter, inserted(1)), build.ints(inserted(block))]), padded);
      return size === blocks * block ? repeated : build.slice(repeated, axis, 0, size);
    },
    gather: (gradient) => {
      const behind = shape.map((_, index) => (index === axis ? blocks * block - size : 0));
      const full = size === blocks * block ? gradient : build.node('Pad', [gradient, build.ints([...shape.map(() => 0), ...behind])]);
      return build.reduceSum(build.reshape(full, inserted(block)), [axis + 1], false);
    },
  };
}
