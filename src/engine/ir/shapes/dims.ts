// Arithmetic on dimensions: numbers, symbolic expressions (expression.ts) and unknown (null). What cannot be told for
// sure is null, never a guess.

import type { Dim } from '../model';
import * as expression from './expression';

/** A shape whose rank is known; null elsewhere stands for an unknown rank. */
export type Shape = readonly Dim[];

const parsed = (dim: number | string): expression.Polynomial =>
  typeof dim === 'number' ? expression.constant(dim) : expression.parse(dim);

/** Longer expressions are given up: a chain of products doubles them at every step. */
const maxTextLength = 400;

function toDim(polynomial: expression.Polynomial): Dim {
  const value = expression.isConstant(polynomial);
  if (value !== undefined) return safe(value);
  if ([...polynomial.values()].some((coefficient) => !Number.isSafeInteger(coefficient))) return null;
  const text = expression.print(polynomial);
  return text.length > maxTextLength ? null : text;
}

function safe(value: number): Dim {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : null;
}

/** Whether a number may stand in a symbolic expression. */
const whole = (dim: number | string): boolean => typeof dim === 'string' || Number.isSafeInteger(dim);

export function addDims(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return safe(a + b);
  return whole(a) && whole(b) ? toDim(expression.plus(parsed(a), parsed(b))) : null;
}

export function subtractDims(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return safe(a - b);
  return whole(a) && whole(b) ? toDim(expression.plus(parsed(a), parsed(b), -1)) : null;
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (a === 0 || b === 0) return 0;
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return safe(a * b);
  return whole(a) && whole(b) ? toDim(expression.times(parsed(a), parsed(b))) : null;
}

/** The quotient when it is certain to be whole; null otherwise. */
export function divideExactly(a: Dim, b: Dim): Dim {
  if (a === null || b === null || b === 0) return null;
  if (typeof a === 'number' && typeof b === 'number') return a % b === 0 ? a / b : null;
  if (!whole(a) || !whole(b)) return null;
  const quotient = expression.dividedBy(parsed(a), parsed(b));
  return quotient === undefined ? null : toDim(quotient);
}

/** Division rounded to `floor` or `ceil`, by a positive number or a dimension. */
export function divideDims(a: Dim, b: Dim, rounding: 'floor' | 'ceil'): Dim {
  if (a === null || b === null || b === 0) return null;
  if (typeof a === 'number' && typeof b === 'number') return rounding === 'floor' ? Math.floor(a / b) : Math.ceil(a / b);
  if (!whole(a) || !whole(b)) return null;
  return divideExactly(a, b) ?? toDim(expression.call(rounding === 'floor' ? 'floorDiv' : 'ceilDiv', parsed(a), parsed(b)));
}

export function largerDim(a: Dim, b: Dim, call: 'max' | 'min' = 'max'): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return Math[call](a, b);
  return whole(a) && whole(b) ? toDim(expression.call(call, parsed(a), parsed(b))) : null;
}

export function productOf(shape: Shape): Dim {
  return shape.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1);
}

export function sumOf(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>((sum, dim) => addDims(sum, dim), 0);
}

/** Sizes put in for the names of a dimension; null stays null. */
export function bindDim(dim: Dim, sizes: Readonly<Record<string, number>>): Dim {
  if (typeof dim !== 'string') return dim;
  return toDim(expression.parse(dim, (name) => (Object.hasOwn(sizes, name) ? sizes[name] : undefined)));
}

/** A dimension as the file writes it, ready for arithmetic. */
export function dimFromFile(dim: Dim, sizes: Readonly<Record<string, number>>): Dim {
  if (typeof dim === 'number') return dim < 0 ? null : dim;
  if (dim === null || dim === '') return null;
  return Object.hasOwn(sizes, dim) ? (sizes[dim] ?? null) : expression.nameText(dim);
}

/** Two dimensions that must be equal: the better known one; undefined when they contradict each other. */
export function unify(a: Dim, b: Dim): Dim | undefined {
  if (a === null) return b;
  if (b === null || a === b) return a;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  return typeof b === 'number' ? b : a;
}

/** One dimension of a broadcast (ONNX "Broadcasting"): a number above 1 wins; two different names stay unknown. */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return null;
}

export function broadcast(...shapes: readonly (Shape | null)[]): Shape | null {
  if (shapes.some((shape) => shape === null)) return null;
  return shapes.reduce<Shape>((left, right) => {
    const other = right ?? [];
    const rank = Math.max(left.length, other.length);
    return Array.from({ length: rank }, (_, axis) =>
      broadcastDim(fromEnd(left, rank - axis), fromEnd(other, rank - axis)));
  }, []);
}

function fromEnd(shape: Shape, distance: number): Dim {
  const at = shape.length - distance;
  return at < 0 ? 1 : (shape[at] ?? null);
}

/** The shape as numbers, or undefined where any part is open. */
export function fixed(shape: Shape | null | undefined): readonly number[] | undefined {
  return shape?.every((dim) => typeof dim === 'number') === true ? shape : undefined;
}
