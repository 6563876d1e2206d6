// The axes that a reduction of opset 18 and later (axes as second input) sums over.

import { intAttribute } from '../../ir/attributes';
import type { ForwardContext } from './rule';

/** Counted from the front, ascending. No axes mean all of them, or none with `noop_with_empty_axes`. */
export function reducedAxes(context: ForwardContext, rank: number): readonly number[] {
  const input = context.input(1);
  const given = input === undefined ? [] : (context.elements(input) ?? context.refuse('axes=?'));
  if (given.length > 0) return given.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  return intAttribute(context.node, 'noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}
