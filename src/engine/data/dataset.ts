// Samples as the rest of the engine sees them: splits of labelled (or not) samples, read in batches, already preprocessed
// to what the model's inputs want.

import { EngineError } from '../error';
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
  /** Index of every sample within the split. */
  readonly indices: readonly number[];
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
  /** Files the data consist of, for the report's hashes; a folder stands for all that lies in it. */
  readonly files: readonly string[];
  /** True when no split was described and `train` and `test` are the same samples. */
  readonly shared: boolean;
  /** Folder that relative paths of `metric` start from. */
  readonly base: string;
  close(): Promise<void>;
}

/** The split of that name; throws `splitMissing` with the names there are. */
export function requireSplit(data: Dataset, name: string): Split {
  const split = data.splits.get(name);
  if (split === undefined) {
    throw new EngineError('splitMissing', { file: data.path, split: name, splits: [...data.splits.keys()].join(', ') });
  }
  return split;
}
