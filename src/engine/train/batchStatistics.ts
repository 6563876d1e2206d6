// BatchNormalization while training: normalised by the statistics of the batch. The node stays a BatchNormalization, so
// that one kernel applies them; its note tells the gradient rule that its input is centred and its variance the input's.

import { elementCount } from '../ir/model';
import { float, int } from '../ir/attributes';
import { DETACHED, GRADIENT_KEY } from './gradient/rule';
import type { GraphBuilder } from './graphBuilder';

/** In a node's metadata: where mean and variance come from. Without it they are inputs of their own. */
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

/**
 * Normalises `x` by mean and variance over batch and space. The node is given the centred values and a mean of zero: the
 * backward pass needs the centred values again, and x itself no more. The mean of squares less the square of the mean
 * would save a pass, and loses the digits of the variance where the mean is large against it.
 */
export function trainingBatchNorm(build: GraphBuilder, { x, scale, bias, epsilon, shape, output }: TrainingBatchNorm): BatchStatistics {
  const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const channels = shape[1] ?? 1;
  const detached = [GRADIENT_KEY, DETACHED] as const;
  const perChannel = build.noted('ReduceMean', [x, build.ints(axes)], { keepdims: int(1) }, detached);
  const centred = build.sub(x, perChannel);
  const squares = build.noted('ReduceSumSquare', [centred, build.ints(axes)], { keepdims: int(0) }, detached);
  const variance = build.mul(squares, build.scalar(channels / elementCount(shape)));
  const none = build.constant({ type: 'float32', dims: [channels], data: new Float32Array(channels) });
  const y = build.noted('BatchNormalization', [centred, scale, bias, none, variance], { epsilon: float(epsilon) }, [STATISTICS_KEY, BATCH_STATISTICS], output);
  return { y, mean: build.reshape(perChannel, [channels]), variance };
}
