// What the change of an operator may use: constants and nodes before the one at hand, what is known of values, and refusal.

import type { NdArray } from '../../ports';
import type { DataType } from '../dataTypes';
import type { Node } from '../model';

export interface ChangeTools {
  /** Emits a Constant before the node; gives its name. */
  readonly constant: (wanted: string, values: NdArray) => string;
  /** A float scalar of the element type of `like`. */
  readonly scalarLike: (wanted: string, value: number, like: string) => string;
  /** Emits any node before the one at hand. */
  readonly emit: (node: Node) => void;
  readonly freeName: (wanted: string) => string;
  /** Elements of a constant (initializer or Constant node), or undefined. */
  readonly constantValues: (name: string) => Promise<readonly number[] | undefined>;
  /** Whether anything reads the value. */
  readonly isUsed: (name: string) => boolean;
  /** Element type, `undefined` where it is not known. */
  readonly type: (name: string) => DataType;
  /** Dimensions as far as they are known, undefined when the rank is not. */
  readonly shape: (name: string) => readonly (number | string | null)[] | undefined;
  /** Refuses the node: this version cannot convert it. */
  readonly refuse: () => never;
}

/** Edits the node so that it means the same in the new opset. */
export type Change = (node: Node, tools: ChangeTools) => Promise<void> | void;
