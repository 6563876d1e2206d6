// Randomised range finding (Halko, Martinsson and Tropp 2011, algorithm 4.4): a few columns that hold nearly all that a best
// approximation of a large matrix holds, by products of the matrix with thin ones, nearly all of them in float32.

import { type Matrix, narrowed, normalMatrix, widened } from './matrix';
import { nearlyOrthonormal, orthonormalised } from './orthonormal';
import type { Products } from './products';

/**
 * Columns drawn for each that is wanted, and how often they go through m mᵀ. For the hardest spectrum there is (Gaussian
 * matrices: it falls slowest) an eighth of the rank of which is wanted, the error is 1.006 times the least; see bench decompose-linalg.
 */
const OVERSAMPLING = 1.2;
const POWER = 4;
/** Small ranks: the paper's advice of 5 to 10 columns more. */
const LEAST_EXTRA = 10;

/** How many columns the range of an approximation is sought in. */
export function sketchWidth(rank: number): number {
  return Math.max(rank + LEAST_EXTRA, Math.ceil(OVERSAMPLING * rank));
}

/**
 * Orthonormal columns [rows, sketchWidth(rank)], fewer where m has a lower rank than that.
 *
 * @param random draws the sketch
 */
export async function rangeOf(m: Matrix, rank: number, products: Products, random: () => number): Promise<Matrix> {
  const narrow = narrowed(m);
  const sketch = narrowed(normalMatrix(m.columns, sketchWidth(rank), random));
  let image = await products.multiplyNarrow(narrow, sketch);
  for (let round = 1; ; round += 1) {
    const range = await nearlyOrthonormal(widened(image), products);
    const corange = await nearlyOrthonormal(widened(await products.transposeMultiplyNarrow(narrow, narrowed(range))), products);
    // Rounding in between turns directions a little; the last product is exact, so that what m has not is not in its range.
    if (round === POWER) return orthonormalised(await products.multiply(m, corange), products);
    image = await products.multiplyNarrow(narrow, narrowed(corange));
  }
}
