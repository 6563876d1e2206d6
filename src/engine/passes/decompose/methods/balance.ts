// Shares the size of weights between two factors. No choice of ranks or bases.

import type { Matrix } from '../../../linalg/matrix';

/**
 * Scales row i of the first and column i of the last factor to the same length, their product unchanged: of all such scalings the
 * one with the least sum of squares, which gives both factors gradients and 8-bit steps of like size.
 *
 * @param first [rank, any]
 * @param last [any, rank]
 */
export function balance(first: Matrix, last: Matrix): [first: Float64Array, last: Float64Array] {
  const scales = Float64Array.from({ length: first.rows }, (_, index) => {
    let [ownSquares, otherSquares] = [0, 0];
    for (let at = index * first.columns; at < (index + 1) * first.columns; at += 1) ownSquares += (first.data[at] as number) ** 2;
    for (let at = index; at < last.data.length; at += last.columns) otherSquares += (last.data[at] as number) ** 2;
    return ownSquares > 0 && otherSquares > 0 ? (otherSquares / ownSquares) ** 0.25 : 1;
  });
  return [
    first.data.map((value, at) => value * (scales[Math.floor(at / first.columns)] as number)),
    last.data.map((value, at) => value / (scales[at % last.columns] as number)),
  ];
}
