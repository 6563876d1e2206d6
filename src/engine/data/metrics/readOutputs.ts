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

/**
 * The first float output of shape [n, classes] (size-1 dimensions aside) with two classes or more. Where there is none, one
 * of [n, 1] whose values all lie from 0 to 1: the probability of class 1, as behind a Sigmoid, so that class 1 is the answer
 * above 0.5. A logit cannot be told from a probability where it happens to lie there too: such models need their Sigmoid.
 */
export function classScores(outputs: Outputs, batch: Batch, metric: string): Scores {
  for (const [output, array] of Object.entries(outputs)) {
    const [samples, ...rest] = array.dims;
    const sizes = rest.filter((size) => size !== 1);
    const classes = sizes[0] ?? 0;
    if (!isFloat(array.type) || samples !== batch.size || sizes.length !== 1 || classes < 2) continue;
    const at = numberAt(array);
    return { output, classes, at: (sample, index) => at(sample * classes + index) };
  }
  for (const [output, array] of Object.entries(outputs)) {
    if (!isFloat(array.type) || array.dims[0] !== batch.size || array.data.length !== batch.size) continue;
    const at = numberAt(array);
    if (Array.from({ length: batch.size }, (_, sample) => at(sample)).some((value) => value < 0 || value > 1)) continue;
    return { output, classes: 2, at: (sample, index) => (index === 1 ? at(sample) : 1 - at(sample)) };
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

/** A class index below `classes`; a list with a single 1 among zeros counts as one, a list of one number as that number. Throws `labelOutOfRange`. */
export function classLabel(batch: Batch, sample: number, classes: number, context: MetricContext): number {
  const label = labelOf(batch, sample);
  const list: readonly number[] | undefined = typeof label === 'object' && !('data' in label) ? label : undefined;
  const index = list?.length === 1 ? list[0] : list !== undefined && list.length === classes && isOneHot(list) ? list.indexOf(1) : label;
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
