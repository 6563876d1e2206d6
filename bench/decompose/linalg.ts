// The linear algebra under decomposition: truncated SVD of a large weight, spectra of all layers of a network, ranks by
// variational Bayes. Matrices are drawn; models and methods have benches of their own.

import { symmetricEigenvalues } from '../../src/engine/linalg/eigenvalues';
import { type Matrix, normalMatrix, scaledColumns, squaredNorm } from '../../src/engine/linalg/matrix';
import { matrixProducts, type Products } from '../../src/engine/linalg/products';
import { singularValues, truncatedSvd } from '../../src/engine/linalg/svd';
import { evbmf } from '../../src/engine/passes/decompose/ranks/evbmf';
import { seededRandom } from '../../src/engine/random';
import { createRuntime } from '../../src/runtime/sessions';
import { noisyLowRank, withSpectrum } from '../../test/support/matrices';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { resnet50Unfoldings } from './unfoldings';

const THREADS = 2;
/** Issue 6: a weight of this many rows and columns, at this rank, in so many seconds, its error so many times the least. */
const LARGE = { size: 4096, rank: 512, seconds: 8, error: 1.01 };
/** Of each large matrix; the median counts. */
const RUNS = 3;
/** Spectra are a part of decomposing a ResNet-50, for which issue 6 gives 60 s. */
const SPECTRA_SECONDS = 30;
/** Issue 6: the smallest signal of the matrices over the edge of their noise. */
const SIGNAL = 1.3;
const SIGMA = 0.1;
const SEEDS = 50;

export const decomposeLinalg: Bench = {
  name: 'decompose-linalg',
  title: 'Decomposition: its linear algebra',
  async run(log) {
    const products = matrixProducts(createRuntime(), THREADS);
    try {
      const parts = [await largeWeights(products, log), await spectra(products, log), await ranks(products, log)];
      return { claims: parts.flatMap(({ claims }) => claims), tables: parts.map(({ table }) => table) };
    } finally {
      await products.release();
    }
  },
};

interface Part {
  readonly claims: readonly Claim[];
  readonly table: BenchTable;
}

interface Subject {
  readonly name: string;
  readonly matrix: Matrix;
  /** Frobenius norm of what the best approximation of the rank misses. */
  readonly least: number;
}

async function largeWeights(products: Products, log: (line: string) => void): Promise<Part> {
  const rows: { name: string; seconds: readonly number[]; cpu: number; error: number }[] = [];
  for await (const { name, matrix, least } of subjects(products, log)) {
    const seconds: number[] = [];
    let [error, cpu] = [0, Infinity];
    for (let run = 0; run < RUNS; run += 1) {
      const start = performance.now();
      const used = process.cpuUsage();
      const { u, values, v } = await truncatedSvd(matrix, LARGE.rank, products, seededRandom(run + 1));
      seconds.push((performance.now() - start) / 1000);
      const { user, system } = process.cpuUsage(used);
      cpu = Math.min(cpu, (user + system) / 1e6);
      error = Math.max(error, Math.sqrt(squaredNorm(await products.subtract(matrix, scaledColumns(u, values), v, 'transposed'))) / least);
    }
    log(`${name}: ${seconds.map((value) => value.toFixed(1)).join(', ')} s (${cpu.toFixed(1)} s of both cores together), ${error.toFixed(4)} times the least error`);
    rows.push({ name, seconds: seconds.sort((a, b) => a - b), cpu, error });
  }
  const slowest = Math.max(...rows.map(({ seconds }) => middle(seconds)));
  const worst = Math.max(...rows.map(({ error }) => error));
  const what = `truncated SVD of a ${LARGE.size} x ${LARGE.size} weight at rank ${LARGE.rank}`;
  return {
    claims: [
      {
        claim: `${what}, ${THREADS} threads: median of ${RUNS}`, wanted: `< ${LARGE.seconds} s`, found: `${slowest.toFixed(1)} s for the slower`, met: slowest < LARGE.seconds,
        note: `at least ${Math.max(...rows.map(({ cpu }) => cpu)).toFixed(1)} s of processor time, both cores together, which other work on the machine makes no shorter`,
      },
      {
        claim: `${what}: error over the least there is, largest of ${RUNS} seeds`, wanted: `<= ${LARGE.error}`, found: rows.map(({ name, error }) => `${error.toFixed(4)} ${name}`).join(', '), met: worst <= LARGE.error,
        note: 'the least for Gaussian entries from all eigenvalues of the Gram matrix, without a sketch; for the other from the spectrum it was made with',
      },
    ],
    table: {
      title: `Truncated SVD, ${LARGE.size} x ${LARGE.size} at rank ${LARGE.rank}`,
      columns: ['matrix', 'seconds, fastest', 'median', 'slowest', 'processor seconds, least', 'error over the least'],
      rows: rows.map(({ name, seconds, cpu, error }) => [name, ...[seconds[0] as number, middle(seconds), seconds.at(-1) as number, cpu].map((value) => value.toFixed(1)), error.toFixed(4)]),
    },
  };
}

async function* subjects(products: Products, log: (line: string) => void): AsyncGenerator<Subject> {
  const { size, rank } = LARGE;
  log(`making a ${size} x ${size} matrix of a spectrum`);
  const spectrum = Float64Array.from({ length: size }, (_, index) => 1 / Math.sqrt(index + 1));
  yield { name: 'singular values 1/sqrt(i)', matrix: await withSpectrum(size, size, spectrum, products), least: tail(spectrum.map((value) => value ** 2), rank) };
  const gaussian = normalMatrix(size, size, seededRandom(1));
  log(`all eigenvalues of a Gram matrix of ${size} rows, for the least error`);
  const start = performance.now();
  const squares = symmetricEigenvalues(await products.multiply(gaussian, gaussian, 'transposed'));
  log(`took ${((performance.now() - start) / 1000).toFixed(0)} s`);
  yield { name: 'Gaussian entries (the spectrum that falls slowest)', matrix: gaussian, least: tail(squares, rank) };
}

function tail(squares: Float64Array, rank: number): number {
  return Math.sqrt(squares.slice(rank).reduce((sum, value) => sum + value, 0));
}

function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] as number;
}

async function spectra(products: Products, log: (line: string) => void): Promise<Part> {
  const bySide = new Map<number, { count: number; seconds: number }>();
  for (const [rows, columns] of resnet50Unfoldings()) {
    const matrix = normalMatrix(rows, columns, seededRandom(rows + columns));
    const start = performance.now();
    evbmf(await singularValues(matrix, products), rows, columns);
    const seconds = (performance.now() - start) / 1000;
    const side = Math.min(rows, columns);
    const { count, seconds: before } = bySide.get(side) ?? { count: 0, seconds: 0 };
    bySide.set(side, { count: count + 1, seconds: before + seconds });
  }
  const sides = [...bySide].sort(([a], [b]) => a - b);
  const total = sides.reduce((sum, [, { seconds }]) => sum + seconds, 0);
  const count = sides.reduce((sum, [, side]) => sum + side.count, 0);
  log(`${count} spectra of a ResNet-50: ${total.toFixed(1)} s`);
  return {
    claims: [{ claim: `singular values and EVBMF rank of all ${count} unfoldings of a ResNet-50 (both modes of 3 x 3 layers, matrices of the others)`, wanted: `< ${SPECTRA_SECONDS} s`, found: `${total.toFixed(1)} s`, met: total < SPECTRA_SECONDS }],
    table: {
      title: 'Singular values and EVBMF of a ResNet-50, by the shorter side of the unfolding',
      columns: ['shorter side', 'unfoldings', 'seconds', 'ms each'],
      rows: sides.map(([side, { count: each, seconds }]) => [String(side), String(each), seconds.toFixed(2), ((1000 * seconds) / each).toFixed(0)]),
    },
  };
}

async function ranks(products: Products, log: (line: string) => void): Promise<Part> {
  const rows: string[][] = [];
  let [right, all, known] = [0, 0, 0];
  for (const ratio of [1, 2, 8]) {
    for (const size of [32, 64, 128]) {
      for (const share of [1 / 32, 1 / 8, 1 / 4]) {
        const rank = Math.round(size * share);
        const found: number[] = [];
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          const m = await noisyLowRank({ rows: size, columns: size * ratio, rank, sigma: SIGMA, smallest: SIGNAL, seed }, products);
          const singular = await singularValues(m, products);
          found.push(evbmf(singular, m.rows, m.columns).rank);
          if (evbmf(singular, m.rows, m.columns, SIGMA ** 2).rank === rank) known += 1;
        }
        const exact = found.filter((value) => value === rank).length;
        [right, all] = [right + exact, all + SEEDS];
        rows.push([`${size} x ${size * ratio}`, String(rank), `${exact} of ${SEEDS}`, `${Math.min(...found)} to ${Math.max(...found)}`]);
      }
    }
    log(`EVBMF, 1:${ratio}: ${right} of ${all}`);
  }
  return {
    claims: [{
      claim: `EVBMF finds the true rank of low-rank matrices with noise, smallest signal ${SIGNAL} times the edge of the noise, its variance unknown`, wanted: 'all', found: `${right} of ${all}`, met: right === all,
      note: `ranks up to a quarter of the shorter side; with the variance given ${known} of ${all} are found`,
    }],
    table: { title: 'EVBMF ranks', columns: ['matrix', 'true rank', 'found', 'ranks found'], rows },
  };
}
