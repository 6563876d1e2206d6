// What a dependency rule sees and says: one entry an operator (table.ts). A rule ties entries of input, output and weight
// axes, or locks them; what it does not speak of is locked, so that a forgotten axis is never guessed.

import type { Dim, Node } from '../../ir/model';
import type { Axis, Lock, Mark } from './labels';
import type { Factor } from './products';
import type { LockCode } from '../../../protocol/text/locks';

export interface RelateSite {
  readonly node: Node;
  /** Opset of the node's domain. */
  readonly opset: number;
  /** Whether the input is there. */
  has(position: number): boolean;
  /** Null: unknown rank, or absent. */
  shape(position: number): readonly Dim[] | null;
  outputShape(position: number): readonly Dim[] | null;
  /** Elements of a small integer input as far as they are known. */
  elements(position: number): readonly Dim[] | undefined;
  /** Whether the input depends on no input of the model. */
  isConstant(position: number): boolean;
  /** Number of axes; 0 for scalars, absent inputs and unknown ranks. */
  rank(position: number): number;
  /** One axis of an input, counted from the end where negative; a lock where it does not exist. */
  axis(position: number, axis: number): Axis;
  axes(position: number): readonly Axis[];
  /** Says what the axes of an output are; axes that are left out are locked. */
  give(output: number, axes: readonly Axis[]): void;
  /** Entries at the same position stay or go together. */
  unite(...axes: readonly Axis[]): Axis;
  /** An axis of entries that the node itself makes; locked where the size is not known. */
  newAxis(size: Dim | undefined): Axis;
  /** All labels of the list are one unit. */
  tie(labels: Iterable<number>): void;
  /** Labels of entries that the node itself makes, such as padding; locked with the given reason. */
  fresh(count: number, lock?: Lock): Int32Array;
  lock(axis: Axis, code?: LockCode): void;
  /** The lock of an output axis on which nothing can go. */
  fixed(code?: LockCode): Lock;
  product(flat: Axis, factors: readonly Factor[]): void;
  /** Entries along these axes influence each other (statistics): removing is not zeroing. Pairs of position and axis. */
  mixes(inputs: readonly (readonly [position: number, axis: number])[], outputs?: readonly (readonly [output: number, axis: number])[]): void;
  mark(axis: Axis, mark: Mark): void;
}

/** What else of a node must change when entries go; surgery has one repair for each. */
export type RepairKind = 'group' | 'reshape' | 'expand' | 'constantOfShape' | 'split' | 'slice' | 'gather' | 'pad' | 'resize' | 'hidden' | 'heads';

export interface DependencyEntry {
  /** For docs/pruning-operators.md. */
  readonly effect: Effect;
  readonly relate: (site: RelateSite) => void;
  readonly repair?: RepairKind;
}

/**
 * `follows`: entries of inputs and outputs go together. `weights`: has units of its own: inputs and outputs are apart.
 * `rearranges`: units move to other positions. `statistics`: follows, but entries influence each other. `heads`: attention
 * heads are units. `makes`: makes tensors that shrink with what they meet. `shape`: reads sizes, ties nothing.
 * `locks`: everything it touches stays.
 */
export type Effect = 'follows' | 'weights' | 'rearranges' | 'statistics' | 'heads' | 'makes' | 'shape' | 'locks';

export type DependencyTable<Operator extends string> = { readonly [Name in Operator]: DependencyEntry };

export const entry = (effect: Effect, relate: DependencyEntry['relate'], repair?: RepairKind): DependencyEntry =>
  ({ effect, relate, ...(repair !== undefined && { repair }) });

/** Everything the node touches stays: axes that a rule does not speak of are locked. */
export const locks: DependencyEntry = entry('locks', () => undefined);
