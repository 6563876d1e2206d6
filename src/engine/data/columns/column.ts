// A column: one field of every sample, as stored and before any preprocessing, read at any indices.

import type { Label } from '../dataset';
import type { NdArray } from '../../ports';
import type { Layout } from '../description';

/** A sample's field as stored: a dense array (one sample's shape, no batch) or a text. */
export type Stored = NdArray | string;

export interface Column {
  /** Samples. */
  readonly size: number;
  /** Where the channels of a stored array are; absent for plain vectors and for texts. */
  readonly layout?: Layout;
  read(indices: readonly number[]): Promise<readonly Stored[]>;
}

export interface LabelColumn {
  readonly size: number;
  read(indices: readonly number[]): Promise<readonly Label[]>;
}

/** What a format gives for one split. */
export interface SplitColumns {
  /** By the model's input; `''` is the model's only (or described) input. */
  readonly inputs: ReadonlyMap<string, Column>;
  readonly labels?: LabelColumn;
  /** Names of the classes where the data themselves tell. */
  readonly classes?: readonly string[];
}

/** Runs of consecutive indices, so that neighbours are read with one request: `[position in indices, first, count]`. */
export function* runsOf(indices: readonly number[]): Generator<readonly [position: number, first: number, count: number]> {
  let position = 0;
  while (position < indices.length) {
    const first = indices[position] as number;
    let count = 1;
    while (indices[position + count] === first + count) count += 1;
    yield [position, first, count];
    position += count;
  }
}

/** Rows `from` to `to` (exclusive) of a column. */
export function slicedColumn(column: Column, from: number, to: number): Column {
  return { ...column, size: to - from, read: (indices) => column.read(indices.map((index) => index + from)) };
}

export function slicedLabels(column: LabelColumn, from: number, to: number): LabelColumn {
  return { size: to - from, read: (indices) => column.read(indices.map((index) => index + from)) };
}
