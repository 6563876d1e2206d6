// Randomised range finding (Halko, Martinsson and Tropp 2011, algorithm 4.4): a few columns that hold nearly all that a best
// approximation of a large matrix holds, by products of the matrix with thin ones.

import { type Matrix, normalMatrix } from './matrix';
import { orthonormalised } from './orthonormal';
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
  let range = await orthonormalised(await products.multiply(m, normalMatrix(m.columns, sketchWidth(rank), random)), products);
  for (let round = 0; round < POWER; round += 1) {
    const corange = await orthonormalised(await products.transposeMultiply(m, range), products);
    range = await orthonormalised(await products.multiply(m, corange), products);
  }
  return range;
}
