// BatchNormalization while training: normalised by the statistics of the batch. The node stays a BatchNormalization, so
// that one kernel applies them; its note tells the gradient rule that mean and variance come from x.

import { elementCount } from '../ir/model';
import { float } from '../ir/attributes';
import type { GraphBuilder } from './graphBuilder';

/** In a node's metadata: where mean and variance come from. Without it they are constants or inputs of their own. */
export const STATISTICS_KEY = 'decant.statistics';
export const BATCH_STATISTICS = 'batch';

export interface TrainingBatchNorm {
  readonly x: string;
  /** [channels] */
  readonly scale: string;
  /** [channels] */
  readonly bias: string;
  readonly epsilon: number;
  /** Concrete shape of x: [batch, channels, ...space]. */
  readonly shape: readonly number[];
  /** Name of y; default a new one. */
  readonly output?: string;
}

export interface BatchStatistics {
  readonly y: string;
  /** [channels] */
  readonly mean: string;
  /** [channels], biased: divided by the number of elements (ONNX operator "BatchNormalization", training_mode). */
  readonly variance: string;
}

/** Normalises `x` by mean and variance over batch and space. */
export function trainingBatchNorm(build: GraphBuilder, { x, scale, bias, epsilon, shape, output }: TrainingBatchNorm): BatchStatistics {
  const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const channels = shape[1] ?? 1;
  const perChannel = build.reduceMean(x, axes);
  const centred = build.sub(x, perChannel);
  const squares = build.node('ReduceSumSquare', [centred, build.ints(axes)]);
  const variance = build.reshape(build.mul(squares, build.scalar(1 / (elementCount(shape) / channels))), [channels]);
  const mean = build.reshape(perChannel, [channels]);
  const y = build.noted('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: float(epsilon) }, [STATISTICS_KEY, BATCH_STATISTICS], output);
  return { y, mean, variance };
}
