// Dropout masks as a pure function of a seed and the element's index.

import type { GraphBuilder } from './graphBuilder';

export interface MaskOptions {
  /** Tensor, int64 of rank 0. */
  readonly seed: string;
  /** Which dropout of the graph: masks of different streams are independent. */
  readonly stream: number;
  readonly dims: readonly number[];
  readonly ratio: number;
}

/** A float mask, scaled by 1 / (1 - ratio) where it keeps. */
export function dropoutMask(build: GraphBuilder, { seed, stream, dims, ratio }: MaskOptions): string {
  throw new Error(`not written yet: ${build.graph.name} ${seed} ${stream} ${dims.join()} ${ratio}`);
}
