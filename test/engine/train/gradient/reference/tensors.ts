// Index arithmetic for float64 references: row-major arrays, broadcasting, groups along axes. Slow and plain.

/** All indices of a shape, in row-major order. */
export function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>((found, size) => found.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])), [[]]);
}

/** Position of `index` in an array of `shape`, which broadcasts to the shape that the index is of. */
export function offset(index: readonly number[], shape: readonly number[]): number {
  const lead = index.length - shape.length;
  return shape.reduce((position, size, axis) => position * size + (size === 1 ? 0 : (index[axis + lead] as number)), 0);
}

export const at = (array: ArrayLike<number>, position: number): number => array[position] as number;

/** Elements of `shape` in groups that differ along `axes` only, in row-major order of the rest. */
export function groups(shape: readonly number[], axes: readonly number[]): number[][] {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const found = Array.from({ length: kept.reduce((product, size) => product * size, 1) }, (): number[] => []);
  indices(shape).forEach((index, position) => {
    (found[offset(index, kept)] as number[]).push(position);
  });
  return found;
}

/** `fold` of each group. */
export function reduced(data: ArrayLike<number>, shape: readonly number[], axes: readonly number[], fold: (values: readonly number[]) => number): Float64Array {
  return Float64Array.from(groups(shape, axes), (group) => fold(group.map((position) => at(data, position))));
}

/** Each group replaced by as many values. */
export function mapped(data: ArrayLike<number>, shape: readonly number[], axes: readonly number[], change: (values: readonly number[], positions: readonly number[]) => readonly number[]): Float64Array {
  const result = new Float64Array(data.length);
  for (const group of groups(shape, axes)) {
    const values = change(group.map((position) => at(data, position)), group);
    group.forEach((position, order) => { result[position] = at(values, order); });
  }
  return result;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number => sum(values) / values.length;
export const variance = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2));
