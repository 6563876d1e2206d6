// Questions that rules ask about inferred types: element type, shape, static shape, known elements.

import type { DataType } from '../../ir/dataTypes';
import type { Dim } from '../../ir/model';
import { fixed, type TensorShape } from '../../ir/shapes/index';

export function elementType(type: TensorShape | undefined): DataType | undefined {
  return type === undefined || type.containers !== undefined || type.type === 'undefined' ? undefined : type.type;
}

export function shapeOf(type: TensorShape | undefined): readonly Dim[] | undefined {
  return type === undefined || type.containers !== undefined ? undefined : (type.shape ?? undefined);
}

/** The shape when every dimension is a number. */
export function staticShape(type: TensorShape | undefined): readonly number[] | undefined {
  return fixed(shapeOf(type));
}

/** Whether both shapes are known to be the same; a symbol equals itself, an unknown dimension equals nothing. */
export function sameShape(left: readonly Dim[] | undefined, right: readonly Dim[] | undefined): boolean {
  return left !== undefined && left.length === right?.length && left.every((dim, axis) => dim !== null && dim === right[axis]);
}
