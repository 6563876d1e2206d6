// What a metric is: it takes batches of outputs and labels, keeps one small row a sample, and gives a number; over any
// sample counts too, so that two models can be compared on the same resampled samples (paired.ts).

import type { NdArray } from '../../ports';
import type { Batch } from '../dataset';

export type Outputs = Readonly<Record<string, NdArray>>;

export interface Metric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** `share` is at home in 0 to 1 (shown as per cent or points), `number` has a scale of its own. */
  readonly scale: 'share' | 'number';
  /** Samples added so far. */
  readonly samples: number;
  /** `reference` holds the baseline's outputs for the same batch, for metrics that compare with them. */
  add(outputs: Outputs, batch: Batch, reference?: Outputs): void;
  /** NaN before the first sample. A metric script answers when its program has ended. */
  value(): number | Promise<number>;
  /** One value a sample where `value()` is their mean; undefined for metrics of the whole corpus. */
  perSample(): Float64Array | undefined;
  /** The value with sample i counted `counts[i]` times; absent where that cannot be had (metric scripts). */
  resampled?(counts: Uint32Array): number;
}

/** What metrics need to know beside the samples. */
export interface MetricContext {
  /** The data, for messages. */
  readonly file: string;
  readonly split: string;
  readonly labelled: boolean;
  readonly classes?: readonly string[];
}

/** The part that differs from metric to metric. */
interface Definition<Row> {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** Default `share`. */
  readonly scale?: 'share' | 'number';
  rows(outputs: Outputs, batch: Batch, reference: Outputs | undefined): readonly Row[];
}

/** A metric that is the mean of one number a sample. */
export function meanMetric(definition: Definition<number>): Metric {
  const values: number[] = [];
  return {
    name: definition.name,
    higherIsBetter: definition.higherIsBetter,
    scale: definition.scale ?? 'share',
    get samples() {
      return values.length;
    },
    add: (outputs, batch, reference) => void values.push(...definition.rows(outputs, batch, reference)),
    value: () => meanOf(values),
    perSample: () => Float64Array.from(values),
    resampled: (counts) => weightedMean(values, counts),
  };
}

/** A metric of the whole corpus: `combine` gets every row with how often it counts. */
export function corpusMetric<Row>(definition: Definition<Row> & { combine(rows: readonly Row[], counts: Uint32Array): number }): Metric {
  const rows: Row[] = [];
  return {
    name: definition.name,
    higherIsBetter: definition.higherIsBetter,
    scale: definition.scale ?? 'share',
    get samples() {
      return rows.length;
    },
    add: (outputs, batch, reference) => void rows.push(...definition.rows(outputs, batch, reference)),
    value: () => (rows.length === 0 ? NaN : definition.combine(rows, new Uint32Array(rows.length).fill(1))),
    perSample: () => undefined,
    resampled: (counts) => definition.combine(rows, counts),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function weightedMean(values: readonly number[], counts: Uint32Array): number {
  let sum = 0;
  let total = 0;
  for (const [index, value] of values.entries()) {
    sum += value * (counts[index] ?? 0);
    total += counts[index] ?? 0;
  }
  return sum / total;
}
