// Shapes as they will be once units are gone, for costs of a choice that is not cut yet: no tensors are touched.

import type { ShapeMap, TensorShape } from '../../../ir/shapes/index';
import type { Kept } from './kept';

/** The shapes of the model before, with the sizes that are left. Values of shape arithmetic are as before. */
export function shapesAfter(shapes: ShapeMap, kept: Kept): ShapeMap {
  const tensors = new Map<string, TensorShape>();
  for (const [name, info] of shapes.tensors) {
    const entries = kept.tensor(name);
    if (entries === undefined || info.shape === null) tensors.set(name, info);
    else tensors.set(name, { type: info.type, shape: info.shape.map((dim, axis) => entries[axis]?.length ?? dim) });
  }
  return { ...shapes, tensors };
}
