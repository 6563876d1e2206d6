// Shapes as they will be once units are gone, for costs of a choice that is not cut yet and for what will be computed from
// them: no tensors are touched.

import { isOp, type Dim, type Model } from '../../../ir/model';
import { inferShapes, type ShapeMap, type TensorShape } from '../../../ir/shapes/index';
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

/** The same with the values that shape arithmetic of the model, as it is, will come to. */
export async function sizesAfter(model: Model, shapes: ShapeMap, kept: Kept): Promise<ShapeMap> {
  const isRead = model.graph.nodes.some((node) => isOp(node, 'Shape', 'Size') && kept.tensor(node.inputs[0] ?? '') !== undefined);
  if (!isRead) return shapes;
  const resized = new Map<string, readonly Dim[]>();
  for (const [name, { shape }] of shapesAfter(shapes, kept).tensors) if (shape !== null && kept.tensor(name) !== undefined) resized.set(name, shape);
  return inferShapes(model, { resized });
}
