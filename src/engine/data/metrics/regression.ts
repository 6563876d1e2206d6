// Metrics of numbers against numbers: mse, r2, psnr, cosine, spearman. Where a split has no labels, mse, psnr and cosine
// compare with the baseline's outputs.

import { EngineError } from '../../error';
import type { Batch } from '../dataset';
import { type Metric, type MetricContext, type Outputs, corpusMetric, meanMetric } from './metric';
import { labelNumbers, labelOf, outputMismatch, sampleValues } from './readOutputs';
import { pearson, ranksOf } from '../statistics';

interface Pair {
  readonly found: readonly number[];
  readonly wanted: readonly number[];
  /** Greatest value of the wanted signal: 255 for bytes, otherwise 1. */
  readonly peak: number;
}

/** Mean over the values of a sample, then over samples. */
export function meanSquaredError(context: MetricContext): Metric {
  return meanMetric({ name: 'mse', higherIsBetter: false, scale: 'number', rows: (...from) => pairs('mse', context, ...from).map(squaredError) });
}

/** A perfect reconstruction has no finite PSNR; 100 dB, beyond what float32 can tell apart, stands for it. */
const PERFECT_DB = 100;

/** Peak signal-to-noise ratio in dB of each image, averaged over images as is usual in super-resolution. */
export function psnr(context: MetricContext): Metric {
  return meanMetric({
    name: 'psnr',
    higherIsBetter: true,
    scale: 'number',
    rows: (...from) => pairs('psnr', context, ...from).map((pair) => Math.min(PERFECT_DB, 10 * Math.log10(pair.peak ** 2 / squaredError(pair)))),
  });
}

/** Cosine of the angle between output and target vector, averaged over samples. */
export function cosine(context: MetricContext): Metric {
  return meanMetric({
    name: 'cosine',
    higherIsBetter: true,
    rows: (...from) => pairs('cosine', context, ...from).map(({ found, wanted }) => {
      let dot = 0;
      let foundSquared = 0;
      let wantedSquared = 0;
      for (const [index, value] of found.entries()) {
        const target = wanted[index] ?? 0;
        dot += value * target;
        foundSquared += value * value;
        wantedSquared += target * target;
      }
      // Two zero vectors are alike; a zero vector is unlike any other.
      if (foundSquared === 0 || wantedSquared === 0) return Number(foundSquared === wantedSquared);
      return dot / Math.sqrt(foundSquared * wantedSquared);
    }),
  });
}

/** Coefficient of determination, averaged over targets where there are several (scikit-learn's `uniform_average`). */
export function r2(context: MetricContext): Metric {
  return corpusMetric<Pair>({
    name: 'r2',
    higherIsBetter: true,
    rows: (...from) => pairs('r2', context, ...from),
    combine(rows, counts) {
      const targets = rows[0]?.wanted.length ?? 0;
      let sum = 0;
      for (let target = 0; target < targets; target += 1) sum += determination(rows, counts, target);
      return sum / targets;
    },
  });
}

function determination(rows: readonly Pair[], counts: Uint32Array, target: number): number {
  let total = 0;
  let mean = 0;
  for (const [row, { wanted }] of rows.entries()) {
    const count = counts[row] ?? 0;
    total += count;
    mean += count * (wanted[target] ?? 0);
  }
  mean /= total;
  let residual = 0;
  let spread = 0;
  for (const [row, { found, wanted }] of rows.entries()) {
    const count = counts[row] ?? 0;
    residual += count * ((found[target] ?? 0) - (wanted[target] ?? 0)) ** 2;
    spread += count * ((wanted[target] ?? 0) - mean) ** 2;
  }
  // Constant targets: 1 when they are met, 0 otherwise, as scikit-learn.
  return spread === 0 ? Number(residual === 0) : 1 - residual / spread;
}

/** Spearman's rank correlation, ties with their mean rank; one value a sample. */
export function spearman(context: MetricContext): Metric {
  return corpusMetric<Pair>({
    name: 'spearman',
    higherIsBetter: true,
    rows(...from) {
      const all = pairs('spearman', context, ...from);
      if (all.some(({ wanted }) => wanted.length !== 1)) throw outputMismatch(from[0], 'spearman', 'wanted.oneValue');
      return all;
    },
    combine(rows, counts) {
      const found: number[] = [];
      const wanted: number[] = [];
      for (const [row, pair] of rows.entries()) {
        for (let copy = 0; copy < (counts[row] ?? 0); copy += 1) {
          found.push(pair.found[0] ?? NaN);
          wanted.push(pair.wanted[0] ?? NaN);
        }
      }
      return pearson(ranksOf(found), ranksOf(wanted));
    },
  });
}

function squaredError({ found, wanted }: Pair): number {
  return found.reduce((sum, value, index) => sum + (value - (wanted[index] ?? 0)) ** 2, 0) / found.length;
}

function pairs(metric: string, context: MetricContext, outputs: Outputs, batch: Batch, reference: Outputs | undefined): readonly Pair[] {
  const { values } = sampleValues(outputs, batch, metric);
  const others = batch.labels === undefined && reference !== undefined ? sampleValues(reference, batch, metric).values : undefined;
  if (batch.labels === undefined && others === undefined) throw new EngineError('labelsMissing', { metric, split: context.split, file: context.file });
  return Array.from({ length: batch.size }, (_, sample) => {
    const found = values(sample);
    const label = labelOf(batch, sample);
    const wanted = others?.(sample) ?? labelNumbers(label);
    if (wanted?.length !== found.length) throw outputMismatch(outputs, metric, 'wanted.likeLabel', { count: wanted?.length ?? 0 });
    const bytes = typeof label === 'object' && 'type' in label && label.type === 'uint8';
    return { found, wanted, peak: bytes ? 255 : 1 };
  });
}
