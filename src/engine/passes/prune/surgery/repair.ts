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
  /** The same as they will be when nothing changes them: those that are computed from sizes shrink with these. */
  elementsLeft(position: number): readonly Dim[] | undefined;
  inputKept(position: number, axis: number): KeptEntries;
  outputKept(output: number, axis: number): KeptEntries;
  /** Lets the input be a constant vector of integers; type as the input had, int64 where there was none. */
  setInput(position: number, values: readonly number[]): void;
  /** Changes some elements of a vector input, which may be computed when the model runs. */
  changeElements(position: number, values: ReadonlyMap<number, number>): void;
}

export type Repair = (site: RepairSite) => void;

/**
 * Lets elements of a vector input be as wanted (undefined: whatever they are), and all others what they were: a head size of
 * `width / heads` must not shrink with the width.
 */
export function steer(site: RepairSite, position: number, wanted: ReadonlyMap<number, number | undefined>): void {
  const left = site.elementsLeft(position);
  const changes = new Map<number, number>();
  for (const [at, value] of wanted) if (value !== undefined && left?.[at] !== value) changes.set(at, value);
  site.elements(position)?.forEach((value, at) => {
    if (!wanted.has(at) && typeof value === 'number' && typeof left?.[at] === 'number' && left[at] !== value) changes.set(at, value);
  });
  if (changes.size > 0) site.changeElements(position, changes);
}
