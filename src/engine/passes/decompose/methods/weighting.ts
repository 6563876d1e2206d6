// The arithmetic of errors as a layer's inputs weigh them: |(W - W')X| instead of |W - W'|, X being what the layer really reads,
// known by the covariance C of its columns. Bases of outputs, and last factors by least squares.

import { symmetricEigen } from '../../../linalg/eigen';
import { dampedFactor } from '../../../linalg/inverseFactor';
import { leadingColumns, type Matrix, scaledColumns, transposed } from '../../../linalg/matrix';
import { completed, orthonormalised } from '../../../linalg/orthonormal';
import type { Products } from '../../../linalg/products';
import { truncatedSvd } from '../../../linalg/svd';
import { outputRows } from './arrange';
import { ALL_AT_ONCE, leadingVectors, spectrumOf } from './bases';
import { remembered } from './defineMethod';
import type { FactorTask } from './method';

/**
 * What a direction of the inputs that no sample showed still counts, as a share of the mean: so little that it changes no choice
 * between directions that were seen, and enough to stand above rounding (2e-16) where none was.
 */
const UNSEEN = 1e-8;

/**
 * An orthonormal basis of outputs, U: of all maps of the rank, W' = U UᵀW has the least |W - W'|, or with a covariance the
 * least |(W - W')X|. For this U holds the leading eigenvectors of W C Wᵀ: the minimum that SVD-LLM (Wang et al. 2024) reaches
 * with a Cholesky factor of C and its inverse; without them no C is too singular.
 *
 * @returns [outputs, rank]
 */
export async function outputBasis(task: FactorTask, rank: number): Promise<Matrix> {
  if (!task.covariance) return leadingVectors(task, 'outputs', outputRows(task.kernel), rank);
  const { within, gram } = await weightedGram(task);
  const vectors = gram.rows > ALL_AT_ONCE
    ? (await truncatedSvd(gram, rank, task.products, task.random)).u
    : leadingColumns((await weightedEigen(task)).vectors, rank);
  return within ? task.products.multiply(within, vectors) : vectors;
}

/** Singular values of W, or with a covariance those of W C^(1/2): what bases of each rank miss is the norm of the rest. */
export async function outputSpectrum(task: FactorTask): Promise<Float64Array> {
  if (!task.covariance) return spectrumOf(task, 'outputs', outputRows(task.kernel));
  return (await weightedEigen(task)).values.map((value) => Math.sqrt(Math.max(0, value)));
}

/**
 * The z with the least |(w - z pᵀ)X|, near `start` where the inputs leave z open: the last factor of a method whose other
 * factors make the columns pᵀX.
 *
 * @param w rows of weights, [any, columns]
 * @param p [columns, n]
 * @param start [any, n]; also the answer without a covariance
 */
export async function bestLast({ covariance, products }: FactorTask, w: Matrix, p: Matrix, start: Matrix): Promise<Matrix> {
  if (!covariance) return start;
  const seen = await timesCovariance(transposed(p), covariance, products);
  const gram = await products.multiply(seen, p);
  const missed = await products.subtract(w, start, p, 'transposed');
  const factor = await dampedFactor(gram, UNSEEN, products);
  const step = await products.multiply(await products.multiply(missed, seen, 'transposed'), factor, 'transposed');
  return sum(start, await products.multiply(step, factor));
}

/** rows C. */
async function timesCovariance(rows: Matrix, covariance: Matrix, products: Products): Promise<Matrix> {
  return covariance.columns === 1 ? scaledColumns(rows, covariance.data) : products.multiply(rows, covariance);
}

interface WeightedGram {
  /** An orthonormal basis that the outputs lie in where there are more outputs than columns. */
  readonly within?: Matrix;
  /** W C Wᵀ in that basis. */
  readonly gram: Matrix;
}

function weightedGram(task: FactorTask): Promise<WeightedGram> {
  const { products } = task;
  const covariance = task.covariance as Matrix;
  return remembered(task, 'weighted outputs', async () => {
    const w = outputRows(task.kernel);
    const within = w.rows > w.columns ? await completed(await orthonormalised(w, products), w.columns, products) : undefined;
    const rows = within ? await products.transposeMultiply(within, w) : w;
    const seen = await timesCovariance(rows, covariance, products);
    const unseen = UNSEEN * meanVariance(covariance);
    const damped = { ...seen, data: seen.data.map((value, index) => value + unseen * (rows.data[index] as number)) };
    return { gram: await products.multiply(damped, rows, 'transposed'), ...(within && { within }) };
  });
}

function weightedEigen(task: FactorTask): Promise<ReturnType<typeof symmetricEigen>> {
  return remembered(task, 'weighted outputs in order', async () => symmetricEigen((await weightedGram(task)).gram));
}

/** Mean of the diagonal; 1 where nothing was seen at all, so that the weights alone decide. */
function meanVariance({ rows, columns, data }: Matrix): number {
  let trace = 0;
  for (let index = 0; index < rows; index += 1) trace += data[columns === 1 ? index : index * (columns + 1)] as number;
  return trace > 0 ? trace / rows : 1;
}

function sum(a: Matrix, b: Matrix): Matrix {
  return { ...a, data: a.data.map((value, index) => value + (b.data[index] as number)) };
}
