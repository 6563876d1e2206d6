// What a repair sees and does: a node whose tensors lost entries, and its attributes and steering constants, which must agree
// with them again.

import type { Dim, Node } from '../../../ir/model';
import type { KeptEntries } from './kept';

export interface RepairSite {
  /** Belongs to the new model: attributes may be changed. */
  readonly node: Node;
  readonly opset: number;
  has(position: number): boolean;
  /** Shapes as they were before. */
  shape(position: number): readonly Dim[] | null;
  outputShape(output: number): readonly Dim[] | null;
  /** Elements of a small integer input as they were before, as far as they are known. */
  elements(position: number): readonly Dim[] | undefined;
  inputKept(position: number, axis: number): KeptEntries;
  outputKept(output: number, axis: number): KeptEntries;
  /** Lets the input be a constant vector of integers; type as the input had, int64 where there was none. */
  setInput(position: number, values: readonly number[]): void;
  /** Changes some elements of a vector input, which may be computed when the model runs. */
  changeElements(position: number, values: ReadonlyMap<number, number>): void;
}

export type Repair = (site: RepairSite) => void;
