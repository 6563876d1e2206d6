// Matrices for tests of linear algebra: drawn, with a spectrum of choice, and compared.

import { type Matrix, normalMatrix, scaledColumns } from '../../src/engine/linalg/matrix';
import { orthonormalised } from '../../src/engine/linalg/orthonormal';
import type { Products } from '../../src/engine/linalg/products';
import { seededRandom } from '../../src/engine/random';

export function drawn(rows: number, columns: number, seed = 1): Matrix {
  return normalMatrix(rows, columns, seededRandom(seed));
}

/** A matrix with these singular values (as many as given; the rest are 0) and drawn singular vectors. */
export async function withSpectrum(rows: number, columns: number, values: ArrayLike<number>, products: Products, seed = 1): Promise<Matrix> {
  const random = seededRandom(seed);
  const left = await orthonormalised(normalMatrix(rows, values.length, random), products);
  const right = await orthonormalised(normalMatrix(columns, values.length, random), products);
  return products.multiply(scaledColumns(left, values), right, 'transposed');
}

/** Largest difference of two entries. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Infinity;
  for (let index = 0; index < a.length; index += 1) {
    const difference = Math.abs((a[index] as number) - (b[index] as number));
    most = difference <= most ? most : difference;
  }
  return most;
}

interface NoisyLowRank {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** Standard deviation of the noise of an entry. */
  readonly sigma: number;
  /** Least singular value of the signal over the edge of the noise, sigma (sqrt(rows) + sqrt(columns)), above which noise has none. */
  readonly smallest: number;
  /** The largest likewise; others are spread between the two at random. */
  readonly largest?: number;
  readonly seed: number;
}

/** A matrix of a rank, with noise on every entry. */
export async function noisyLowRank({ rows, columns, rank, sigma, smallest, largest = 4 * smallest, seed }: NoisyLowRank, products: Products): Promise<Matrix> {
  const random = seededRandom(seed);
  const edge = sigma * (Math.sqrt(rows) + Math.sqrt(columns));
  const values = Float64Array.from({ length: rank }, (_, index) => edge * (index === 0 ? smallest : smallest + (largest - smallest) * random()));
  const signal = await withSpectrum(rows, columns, values, products, seed);
  const noise = normalMatrix(rows, columns, random);
  return { rows, columns, data: signal.data.map((value, index) => value + sigma * (noise.data[index] as number)) };
}
