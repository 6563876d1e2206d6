// Samples as the rest of the engine sees them: splits of labelled (or not) samples, read in batches, already preprocessed
// to what the model's inputs want.

import type { NdArray } from '../ports';

/** Label of a sample: a class index, a regression target, a text, boxes, or a mask. */
export type Label = number | readonly number[] | string | NdArray;

export interface Batch {
  /** One array an input of the model, first dimension = samples in the batch. */
  readonly inputs: Readonly<Record<string, NdArray>>;
  /** Absent when the split has no labels. */
  readonly labels?: readonly Label[];
  /** Index of the first sample within the split. */
  readonly start: number;
  readonly size: number;
}

export interface Split {
  readonly name: string;
  /** Samples. */
  readonly size: number;
  readonly labelled: boolean;
  /** Samples `start` to `end` (exclusive). */
  read(start: number, end: number): Promise<Batch>;
  /** Samples at any indices, in that order. */
  gather(indices: readonly number[]): Promise<Batch>;
}

export interface Dataset {
  /** Path as the user gave it, for messages. */
  readonly path: string;
  readonly splits: ReadonlyMap<string, Split>;
  readonly classes?: readonly string[];
  /** Metric named by the description, e.g. `top1`. */
  readonly metric?: string | { readonly command: readonly string[] };
  /** Files the data consist of, for the report's hashes. */
  readonly files: readonly string[];
}
