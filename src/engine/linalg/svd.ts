// Singular values and vectors by the Gram matrix of the smaller side. What that costs in accuracy is below what stored weights
// have: values under 1e-8 of the largest drown in rounding (their squares do in float64), float32 weights in rounding of 6e-8.

import { symmetricEigen } from './eigen';
import { symmetricEigenvalues } from './eigenvalues';
import { columnNorms, leadingColumns, type Matrix, scaledColumns } from './matrix';
import { completed, orthonormalised } from './orthonormal';
import type { Products } from './products';
import { rangeOf, sketchWidth } from './range';

/** m is about u diag(values) vᵀ. */
export interface TruncatedSvd {
  /** [rows, rank], orthonormal columns. */
  readonly u: Matrix;
  /** [rank], falling up to rounding. */
  readonly values: Float64Array;
  /** [columns, rank]: columns of length 1, or 0 where the value is 0; orthogonal where the value is not noise. */
  readonly v: Matrix;
}

/** Smaller sides up to this long are done in full: the eigenvectors are no dearer than a sketch with its own. */
const LARGEST_DENSE = 384;
/** Share of the largest value under which left vectors computed from right ones are noise: the root of float64's rounding, with room. */
const NOISE = 1e-7;

/** All min(rows, columns) singular values of a finite matrix, falling. */
export async function singularValues(m: Matrix, products: Products): Promise<Float64Array> {
  return symmetricEigenvalues(await gramOfSmallerSide(m, products)).map(root);
}

/**
 * All min(rows, columns) left singular vectors of a finite matrix with their values, falling. Where values are noise the
 * vectors are just any that complete the basis.
 */
export async function leftSingular(m: Matrix, products: Products): Promise<{ readonly values: Float64Array; readonly vectors: Matrix }> {
  const { values, vectors } = await ofSmallerSide(m, products);
  if (m.rows <= m.columns) return { values, vectors };
  const left = await products.multiply(m, vectors);
  const lengths = columnNorms(left);
  const certain = lengths.filter((length) => length > NOISE * (lengths[0] as number)).length;
  const scaled = scaledColumns(leadingColumns(left, certain), lengths.map((length) => 1 / length));
  return { values, vectors: await completed(await orthonormalised(scaled, products), left.columns, products) };
}

/**
 * The best approximation of a finite matrix of a rank in the sense of least squares: exactly where the matrix is small or most
 * of it is wanted, otherwise by randomised range finding (range.ts), its error at most a hundredth above the least.
 *
 * @param rank from 1 to the smaller side of m
 * @param random draws the sketch; the same numbers give the same result
 */
export async function truncatedSvd(m: Matrix, rank: number, products: Products, random: () => number): Promise<TruncatedSvd> {
  const smaller = Math.min(m.rows, m.columns);
  if (smaller <= LARGEST_DENSE || sketchWidth(rank) >= smaller) return projected(m, leadingColumns((await leftSingular(m, products)).vectors, rank), products);
  const range = await rangeOf(m, rank, products, random);
  const inside = await products.transposeMultiply(range, m);
  const { vectors } = await leftSingular(inside, products);
  const leading = leadingColumns(vectors, Math.min(rank, vectors.columns));
  const u = await products.multiply(range, leading);
  // The range may be of a lower rank than is wanted.
  return leading.columns === rank ? { ...(await projected(inside, leading, products)), u } : projected(m, await completed(u, rank, products), products);
}

/** With u uᵀ m written as u diag(values) vᵀ. */
async function projected(m: Matrix, u: Matrix, products: Products): Promise<TruncatedSvd> {
  const v = await products.transposeMultiply(m, u);
  const values = columnNorms(v);
  return { u, values, v: scaledColumns(v, values.map((value) => (value > 0 ? 1 / value : 0))) };
}

/** Singular values, and the singular vectors of the side that is shorter. */
async function ofSmallerSide(m: Matrix, products: Products): Promise<{ readonly values: Float64Array; readonly vectors: Matrix }> {
  const { values, vectors } = symmetricEigen(await gramOfSmallerSide(m, products));
  return { values: values.map(root), vectors };
}

function gramOfSmallerSide(m: Matrix, products: Products): Promise<Matrix> {
  return m.rows <= m.columns ? products.multiply(m, m, 'transposed') : products.transposeMultiply(m, m);
}

/** Eigenvalues of Gram matrices are squares; rounding makes some of those that are 0 negative. */
function root(value: number): number {
  return Math.sqrt(Math.max(value, 0));
}
