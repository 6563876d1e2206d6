// A layer as the methods see it: one task for each of its groups, all factorised at the same ranks, and what they miss together.

import type { Matrix } from '../../../linalg/matrix';
import type { Products } from '../../../linalg/products';
import { seededRandom } from '../../../random';
import { type Factor, type Kernel, type Method, methods } from '../factors';
import { methodTable } from '../methods/index';
import type { FactorTask } from '../methods/method';
import { fitLast } from './fitLast';

export interface LayerTask {
  readonly kernels: readonly Kernel[];
  /** What the groups read; absent: not looked at. */
  readonly covariances: readonly Matrix[] | undefined;
  /** Whether factors are found by what the layer reads, where that is known. */
  readonly weighted: boolean;
  /** Whether last factors are fitted to what the layer reads, where that is known. */
  readonly fits: boolean;
  readonly products: Products;
  /** Of the layer: the same factors for the same seed, whatever was asked before. */
  readonly seed: number;
}

export interface LayerFactoring {
  /** Of each group. */
  readonly factors: readonly (readonly Factor[])[];
  /** Norm of what the factors miss of the weights over the norm of these, as the method found them. */
  readonly weightError: number;
  /** Share of the squares of the layer's outputs that the factors miss on what it reads; undefined where nobody looked. */
  readonly missed: number | undefined;
  /** cp: norms of components, over the groups. */
  readonly components: Float64Array | undefined;
}

/** One for each group. What a method keeps with its tasks is used again as long as these are. */
export function tasksFor({ kernels, covariances, weighted, products, seed }: LayerTask, method: Method): readonly FactorTask[] {
  return kernels.map((kernel, group): FactorTask => {
    const covariance = weighted ? covariances?.[group] : undefined;
    return { kernel, products, random: seededRandom((seed * methods.length + methods.indexOf(method)) * kernels.length + group), ...(covariance !== undefined && { covariance }) };
  });
}

export async function factorize(task: LayerTask, tasks: readonly FactorTask[], method: Method, ranks: readonly number[]): Promise<LayerFactoring> {
  const factors: (readonly Factor[])[] = [];
  let [lost, norm, missed, energy] = [0, 0, 0, 0];
  let components: Float64Array | undefined;
  for (const [group, own] of tasks.entries()) {
    const found = await methodTable[method].factorize(own, ranks);
    const size = own.kernel.data.reduce((sum, value) => sum + value ** 2, 0);
    lost += found.weightError ** 2 * size;
    norm += size;
    if (found.components !== undefined) components = joined(components, found.components);
    const covariance = task.covariances?.[group];
    const fit = covariance === undefined ? undefined : await fitLast(own.kernel, found.factors, covariance, task.products, task.fits);
    factors.push(fit?.factors ?? found.factors);
    missed += (fit?.missed ?? 0) * (fit?.energy ?? 0);
    energy += fit?.energy ?? 0;
  }
  return {
    factors, weightError: norm > 0 ? Math.sqrt(lost / norm) : 0,
    missed: task.covariances === undefined ? undefined : energy > 0 ? missed / energy : 0,
    components,
  };
}

/** Singular values of each mode over all groups. */
export async function spectraOf(tasks: readonly FactorTask[], method: Method): Promise<readonly Float64Array[]> {
  let all: readonly Float64Array[] = [];
  for (const task of tasks) {
    const own = await methodTable[method].spectra(task);
    all = own.map((values, mode) => joined(all[mode], values));
  }
  return all;
}

/** Values at the same places have their squares added up: the groups keep the same number of them. */
function joined(one: Float64Array | undefined, other: Float64Array): Float64Array {
  return one === undefined ? other : other.map((value, index) => Math.hypot(value, one[index] ?? 0));
}
