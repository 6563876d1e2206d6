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
