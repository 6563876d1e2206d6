// Whether a sample fits an input of the model, and with which shape it is fed.

/** Sizes of one sample; null where the model leaves a dimension open. */
export type WantedShape = readonly (number | null)[];

/**
 * The shape to feed, or undefined where the sample does not fit. Accepted besides an exact match (an open dimension
 * matches any size): dimensions of size 1 more or fewer, in the same order; and a flat vector for a shape of as many
 * values or the other way round, in row-major order (a stored [490] for [1, 49, 10]). Nothing else: [14, 56] is not
 * [28, 28].
 */
export function fitShape(found: readonly number[], wanted: WantedShape | null): readonly number[] | undefined {
  if (wanted === null || matches(found, wanted)) return found;
  const squeezed = found.filter((size) => size !== 1);
  if (matches(squeezed, wanted.filter((size) => size !== 1))) {
    let next = 0;
    return wanted.map((size) => (size === 1 ? 1 : (squeezed[next++] as number)));
  }
  const sizes = wanted.filter((size) => size !== null);
  const known = sizes.length === wanted.length;
  if (known && (squeezed.length <= 1 || sizes.filter((size) => size !== 1).length <= 1) && product(sizes) === product(found)) return sizes;
  return undefined;
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

function matches(found: readonly number[], wanted: WantedShape): boolean {
  return found.length === wanted.length && found.every((size, axis) => wanted[axis] === null || wanted[axis] === size);
}
