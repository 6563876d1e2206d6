// Outputs and labels as metrics want them: class scores, plain numbers, a class index.

import { EngineError } from '../../error';
import { isFloat } from '../../ir/dataTypes';
import type { NdArray } from '../../ports';
import type { Batch, Label } from '../dataset';
import { numberAt } from '../preprocess/cast';
import { quoted } from '../schemaCheck';
import type { MetricContext, Outputs } from './metric';

export interface Scores {
  readonly output: string;
  readonly classes: number;
  /** Score of a class for a sample of the batch. */
  at(sample: number, index: number): number;
}

/** The first float output of shape [n, classes] (size-1 dimensions aside) with two classes or more. */
export function classScores(outputs: Outputs, batch: Batch, metric: string): Scores {
  for (const [output, array] of Object.entries(outputs)) {
    const [samples, ...rest] = array.dims;
    const sizes = rest.filter((size) => size !== 1);
    const classes = sizes[0] ?? 0;
    if (!isFloat(array.type) || samples !== batch.size || sizes.length !== 1 || classes < 2) continue;
    const at = numberAt(array);
    return { output, classes, at: (sample, index) => at(sample * classes + index) };
  }
  throw outputMismatch(outputs, metric, 'wanted.classScores');
}

/** Index of the highest score, the first where several are; -1 where one is NaN. */
export function topClass(scores: Scores, sample: number): number {
  let best = 0;
  for (let index = 0; index < scores.classes; index += 1) {
    const score = scores.at(sample, index);
    if (Number.isNaN(score)) return -1;
    if (score > scores.at(sample, best)) best = index;
  }
  return best;
}

/** A class index below `classes`; a list with a single 1 among zeros counts as one. Throws `labelOutOfRange`. */
export function classLabel(batch: Batch, sample: number, classes: number, context: MetricContext): number {
  const label = labelOf(batch, sample);
  const index = Array.isArray(label) && label.length === classes && isOneHot(label) ? label.indexOf(1) : label;
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < classes) return index;
  const shown = typeof label === 'number' ? label : quoted(label);
  throw new EngineError('labelOutOfRange', { index: batch.indices[sample] ?? sample, file: context.file, label: shown, classes });
}

function isOneHot(label: readonly number[]): boolean {
  return label.every((value) => value === 0 || value === 1) && label.filter((value) => value === 1).length === 1;
}

export function labelOf(batch: Batch, sample: number): Label | undefined {
  return batch.labels?.[sample];
}

/** The numbers of a label: one, a list, or an array flattened; undefined for texts and missing labels. */
export function labelNumbers(label: Label | undefined): readonly number[] | undefined {
  if (typeof label === 'number') return [label];
  if (label === undefined || typeof label === 'string') return undefined;
  if (!('data' in label)) return label;
  const at = numberAt(label);
  return Array.from({ length: label.data.length }, (_, index) => at(index));
}

/** The values a sample has in the first float output. */
export function sampleValues(outputs: Outputs, batch: Batch, metric: string): { readonly output: string; readonly values: (sample: number) => readonly number[] } {
  for (const [output, array] of Object.entries(outputs)) {
    if (isFloat(array.type) && array.dims[0] === batch.size) return { output, values: rowsOf(array, batch.size) };
  }
  throw outputMismatch(outputs, metric, 'wanted.oneValue');
}

export function rowsOf(array: NdArray, samples: number): (sample: number) => readonly number[] {
  const at = numberAt(array);
  const width = array.data.length / samples;
  return (sample) => Array.from({ length: width }, (_, index) => at(sample * width + index));
}

/** `wanted` is a text code; `params` fill it. */
export function outputMismatch(outputs: Outputs, metric: string, wanted: string, params: Readonly<Record<string, string | number>> = {}): EngineError {
  const [first] = Object.entries(outputs);
  return new EngineError('metricOutputMismatch', { ...params, metric, output: first?.[0] ?? '', shape: first?.[1].dims.join(', ') ?? '', wanted });
}
