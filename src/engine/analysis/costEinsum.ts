// Multiply-accumulates of Einsum: every combination of index values is one, for each product of two operands.

/** null where a shape is not known; an equation with an ellipsis counts its axes by the widest operand. */
export function einsumMacs(equation: string, shapes: readonly (readonly number[] | undefined)[]): number | null {
  const [left = ''] = equation.replaceAll(' ', '').split('->');
  const sizes = new Map<string, number>();
  let ellipsis: readonly number[] = [];
  for (const [index, term] of left.split(',').entries()) {
    const shape = shapes[index];
    if (shape === undefined) return null;
    const [before = '', after = ''] = term.split('...');
    [...before].forEach((letter, axis) => grow(letter, shape[axis] ?? 1));
    [...after].forEach((letter, axis) => grow(letter, shape[shape.length - after.length + axis] ?? 1));
    const inner = term.includes('...') ? shape.slice(before.length, shape.length - after.length) : [];
    if (inner.length > ellipsis.length) ellipsis = inner;
  }
  const combinations = [...sizes.values(), ...ellipsis].reduce((total, size) => total * size, 1);
  return combinations * (shapes.length - 1);

  function grow(letter: string, size: number): void {
    sizes.set(letter, Math.max(size, sizes.get(letter) ?? 1));
  }
}
