// What inference knows of one value: element type, shape, and for small integer tensors (shapes, axes, sizes) the
// elements themselves as far as they are known. Not the tensor.

import type { DataType } from '../dataTypes';
import type { Dim, ValueType } from '../model';
import { dimFromFile, fixed, unify, type Shape } from './dims';

export interface TensorShape {
  /** `undefined` where the type is not known. */
  readonly type: DataType;
  readonly shape: Shape | null;
  /** Elements in row-major order; an element may be symbolic, or null where unknown. Booleans are 0 and 1. */
  readonly value?: readonly Dim[];
  /** Outermost first, when the value is no plain tensor; `type` and `shape` are then those of its elements (of a map: its values). */
  readonly containers?: readonly ('sequence' | 'optional' | 'map')[];
  /** Number of elements of a sequence; absent where it is not known. */
  readonly length?: number | string;
}

/** Values longer than this are not followed; shape arithmetic is far shorter. */
export const maxValueElements = 1024;

/** As in the codec (payloads.ts): an invalid model may ask for a rank of millions. */
const maxRank = 256;

/** A shape of which only the rank is known; null where not even that is. */
export function openShape(rank: Dim | undefined): Shape | null {
  return typeof rank === 'number' && rank <= maxRank ? Array<Dim>(rank).fill(null) : null;
}

export const unknownTensor: TensorShape = { type: 'undefined', shape: null };

export function tensor(type: DataType, shape: Shape | null, value?: readonly Dim[]): TensorShape {
  if (value === undefined || shape === null || value.length > maxValueElements) return { type, shape };
  return value.length > 0 && value.every((dim) => dim === null) ? { type, shape } : { type, shape, value };
}

/** Without sizes that cannot be: an invalid model may lead a rule to negative ones, or to elements that do not fit. */
export function possible(result: TensorShape): TensorShape {
  const { shape, value, ...rest } = result;
  if (shape === null) return result;
  if (shape.length > maxRank) return { ...rest, shape: null };
  const sizes = shape.map((dim) => (typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0) ? null : dim));
  const count = fixed(sizes)?.reduce((product, dim) => product * dim, 1);
  const fits = value !== undefined && (count === undefined || count === value.length);
  return { ...rest, shape: sizes, ...(fits ? { value } : {}) };
}

/** The known elements as numbers, or undefined when any is open. */
export function numbers(value: TensorShape | undefined): readonly number[] | undefined {
  return fixed(value?.value);
}

/** Whether the rank is known. */
export function isRanked(value: TensorShape | undefined): value is TensorShape & { readonly shape: Shape } {
  return value !== undefined && value.shape !== null;
}

/** Axis counted from the front; undefined when it is outside the rank. */
export function axisOf(axis: number, rank: number): number | undefined {
  const at = axis < 0 ? axis + rank : axis;
  return Number.isInteger(at) && at >= 0 && at < rank ? at : undefined;
}

export function withContainer(container: 'sequence' | 'optional', value: TensorShape, length: Dim = null): TensorShape {
  const counted = container === 'optional' ? value.length : (length ?? undefined);
  return { type: value.type, shape: value.shape, containers: [container, ...(value.containers ?? [])], ...(counted !== undefined && { length: counted }) };
}

export function withoutContainer(value: TensorShape): TensorShape {
  const [outermost, ...rest] = value.containers ?? [];
  const length = outermost === 'optional' ? value.length : undefined;
  return { type: value.type, shape: value.shape, ...(rest.length > 0 && { containers: rest }), ...(length !== undefined && { length }) };
}

/** Whether nothing at all is known. */
export function isUnknown(value: TensorShape): boolean {
  return value.type === 'undefined' && value.shape === null && value.containers === undefined;
}

/** A type from the file, with sizes put in for named dimensions. */
export function fromValueType(type: ValueType | undefined, sizes: Readonly<Record<string, number>>): TensorShape {
  if (type === undefined) return unknownTensor;
  switch (type.kind) {
    case 'tensor':
    case 'sparseTensor':
      return { type: type.type, shape: type.shape?.map((dim) => dimFromFile(dim, sizes)) ?? null };
    case 'sequence':
    case 'optional':
      return withContainer(type.kind, fromValueType(type.element, sizes));
    case 'map':
      return { type: fromValueType(type.value, sizes).type, shape: null, containers: ['map'] };
    case 'opaque':
      return unknownTensor;
  }
}

/** What holds for both: used where control flow joins. */
export function join(a: TensorShape, b: TensorShape): TensorShape {
  if (a.containers?.join() !== b.containers?.join()) return unknownTensor;
  // An empty sequence says nothing of its elements but their type.
  if (a.length === 0 && b.length !== 0) return filled(b, a.type);
  if (b.length === 0 && a.length !== 0) return filled(a, b.type);
  const type = a.type === b.type ? a.type : 'undefined';
  const left = a.shape;
  const right = b.shape;
  const shape = left !== null && right !== null && left.length === right.length
    ? left.map((dim, axis) => (dim === right[axis] ? dim : null))
    : null;
  const same = a.value !== undefined && a.value.length === b.value?.length;
  const joined = tensor(type, shape, same ? a.value.map((dim, index) => (dim === b.value?.[index] ? dim : null)) : undefined);
  if (a.containers === undefined) return joined;
  return { ...joined, containers: a.containers, ...(a.length !== undefined && a.length === b.length && { length: a.length }) };
}

/** A sequence of elements of `type` that is either empty or like `sequence`. */
function filled(sequence: TensorShape, type: DataType): TensorShape {
  const { shape, containers = [] } = sequence;
  return { type: type === sequence.type ? type : 'undefined', shape, containers };
}

/** `inferred` with what `stored` adds; `agrees` is false where they contradict each other (then `inferred` stands). */
export function refine(inferred: TensorShape, stored: TensorShape): { readonly value: TensorShape; readonly agrees: boolean } {
  if (isUnknown(inferred)) return { value: stored, agrees: true };
  const type = inferred.type === 'undefined' ? stored.type : inferred.type;
  if (!isUnknown(stored) && inferred.containers?.join() !== stored.containers?.join()) return { value: inferred, agrees: false };
  const agrees = stored.type === 'undefined' || type === stored.type;
  if (stored.shape === null || !agrees) return { value: { ...inferred, type }, agrees };
  if (inferred.shape === null) return { value: { ...inferred, type, shape: stored.shape }, agrees };
  if (inferred.shape.length !== stored.shape.length) return { value: inferred, agrees: false };
  const storedShape = stored.shape;
  const merged = inferred.shape.map((dim, axis) => {
    const other = storedShape[axis] ?? null;
    // A stored name may be any name the exporter made up for an inner value: only numbers add knowledge.
    return dim === null && typeof other === 'number' ? other : unify(dim, other) === undefined ? undefined : dim;
  });
  if (merged.includes(undefined)) return { value: inferred, agrees: false };
  return { value: { ...inferred, type, shape: merged.map((dim) => dim ?? null) }, agrees: true };
}
