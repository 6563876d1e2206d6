// What every method of splitting a kernel offers: which shapes it takes, how its factors look, how to find them. Types only.

import type { FormCode } from '../../../../protocol/text';
import type { Matrix } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';
import type { Factor, Kernel, Method } from '../factors';

/** Of one group of a layer; `kernel` is empty for matrices. */
export type KernelShape = Pick<Kernel, 'outputs' | 'inputs' | 'kernel'>;

/** A factor without its numbers, to count what it costs. */
export interface FactorShape extends KernelShape, Pick<Factor, 'isDepthwise' | 'axes'> {}

export interface FactorTask {
  readonly kernel: Kernel;
  readonly products: Products;
  /** Uniform in [0, 1), for random starts and range finding. */
  readonly random: () => number;
  /**
   * Of the columns the kernel multiplies, in the order of its rows: inputs, then taps (taps fastest); square and positive
   * semidefinite, any scale. One column stands for a diagonal. With it errors are weighted by what the layer really sees.
   */
  readonly covariance?: Matrix;
}

export interface Factorization {
  /** In the order they run in; `FactorShape`s of the same ranks describe them. */
  readonly factors: readonly Factor[];
  /** Frobenius norm of what the factors miss of the kernel, over that of the kernel; 0 for a kernel of zeros. */
  readonly weightError: number;
  /** cp: norms of its rank-one components, falling. */
  readonly components?: Float64Array;
}

export interface MethodRecord {
  readonly method: Method;
  /** What the ranks of the method count, in the order of `Ranks.ranks`. */
  readonly modes: readonly ('rank' | 'inputs' | 'outputs')[];
  /** Why the method can do nothing for such kernels; undefined when it can. */
  refusal(shape: KernelShape): Extract<FormCode, `why.${string}`> | undefined;
  /** Ranks at which any kernel of this shape is reproduced exactly; more are of no use. */
  fullRanks(shape: KernelShape): readonly number[];
  shapes(shape: KernelShape, ranks: readonly number[]): readonly FactorShape[];
  /**
   * Singular values of each mode, falling, as many as its full rank, of the kernel weighted by the covariance where the method
   * can weight that mode. cp has none before it is fitted: an empty list.
   */
  spectra(task: FactorTask): Promise<readonly Float64Array[]>;
  /**
   * The factors. What does not depend on ranks is kept with the task, so that several ranks of one task cost little more than one.
   *
   * @throws Error for a shape that is refused and for ranks below 1 or above `fullRanks`: mistakes of the caller
   */
  factorize(task: FactorTask, ranks: readonly number[]): Promise<Factorization>;
}
