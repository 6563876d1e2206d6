// The adjoint of numpy broadcasting: a gradient is summed over the axes along which its input was repeated.

import type { GraphBuilder } from '../graphBuilder';

/** `gradient` of shape `from`, summed to shape `to`, which broadcasts to `from`. */
export function sumTo(build: GraphBuilder, gradient: string, from: readonly number[], to: readonly number[]): string {
  const leading = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < leading || (to[axis - leading] === 1 && size !== 1) ? [axis] : []));
  if (axes.length === 0 && leading === 0) return gradient;
  const summed = build.reduceSum(gradient, axes);
  return leading === 0 ? summed : build.reshape(summed, to);
}

/** The shape that two shapes broadcast to; they are known to agree. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    return left === 1 ? right : left;
  });
}
