// What a MAC formula is given: the node, and what is known of its inputs and of its first output.

import type { Node } from '../ir/model';

export type Formula = (
  node: Node,
  dims: (input: number) => readonly number[] | undefined,
  output: readonly number[] | undefined,
  /** First element of a small known input. */
  first: (input: number) => number | undefined,
) => number | null;

export const product = (dims: readonly number[]): number => dims.reduce((total, dim) => total * dim, 1);

/** The amount of work depends on data: which keys a query meets, where a search or a sequence ends, what is stored. */
export const dependsOnData: Formula = () => null;
