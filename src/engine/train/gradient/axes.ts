// Arithmetic on axes and sizes that rules share.

import type { DataType } from '../../ir/dataTypes';

/** A tensor that a rule made, with what it knows of it. */
export interface Placed {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DataType;
}

/** An axis of `rank` axes counted from the front; likewise an index into a size. */
export const axisFromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);

/** Axes in the order of `perm` put back. */
export const inversePermutation = (perm: readonly number[]): number[] => perm.map((_, axis) => perm.indexOf(axis));
