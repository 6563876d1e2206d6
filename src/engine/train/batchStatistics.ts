// BatchNormalization by the statistics of the batch, in the form that is measured fastest (bench training-forms).

import { float } from '../ir/attributes';
import { makeNode } from '../ir/build';
import type { GraphBuilder } from './graphBuilder';

export interface BatchNormForm {
  readonly x: string;
  readonly scale: string;
  readonly bias: string;
  readonly epsilon: number;
  /** Concrete shape of `x`, channels second. */
  readonly shape: readonly number[];
  /** Name of the result. */
  readonly output: string;
}

/** Key and value in the metadata of a BatchNormalization whose mean and variance are those of its own input. */
export const STATISTICS_KEY = 'decant.statistics';
export const BATCH_STATISTICS = 'batch';

/** Writes the nodes; gives the tensors of the batch's mean and (biased) variance, both [channels]. */
export function trainingBatchNorm(build: GraphBuilder, { x, scale, bias, epsilon, shape, output }: BatchNormForm): { readonly y: string; readonly mean: string; readonly variance: string } {
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const kept = build.reduceMean(x, axes);
  const centred = build.sub(x, kept);
  const variance = build.reduceMean(build.mul(centred, centred), axes, false);
  const mean = build.reshape(kept, [-1]);
  const node = makeNode('BatchNormalization', [x, scale, bias, mean, variance], [output], { epsilon: float(epsilon) });
  node.metadata.set(STATISTICS_KEY, BATCH_STATISTICS);
  build.push(node);
  return { y: output, mean, variance };
}
