// What all methods do alike around their algebra: judge ranks, answer for a kernel of zeros, measure the error, remember what
// does not depend on ranks.

import type { Factor, Kernel } from '../factors';
import { product, relativeError } from './arrange';
import { composedFast } from './composed';
import type { Factorization, FactorShape, FactorTask, MethodRecord } from './method';

/** The algebra of a method: it sees shapes that are not refused, ranks that are possible and kernels that are not zero. */
export interface Algebra extends Omit<MethodRecord, 'factorize'> {
  solve(task: FactorTask, ranks: readonly number[]): Promise<Omit<Factorization, 'weightError'>>;
}

export function defineMethod(algebra: Algebra): MethodRecord {
  const { method, modes, refusal, fullRanks, shapes } = algebra;
  const check = ({ kernel }: FactorTask, ranks?: readonly number[]): void => {
    const why = refusal(kernel);
    if (why !== undefined) throw new Error(`${method} takes no such kernel: ${why}`);
    const full = fullRanks(kernel);
    const isPossible = ranks?.length === full.length && ranks.every((rank, mode) => Number.isInteger(rank) && rank >= 1 && rank <= (full[mode] as number));
    if (ranks && !isPossible) throw new Error(`${method} has no ranks ${ranks.join(', ')}; the largest are ${full.join(', ')}`);
  };
  return {
    method,
    modes,
    refusal,
    fullRanks,
    shapes,
    spectra: async (task) => {
      check(task);
      if (isZero(task.kernel)) return method === 'cp' ? [] : fullRanks(task.kernel).map((full) => new Float64Array(full));
      return algebra.spectra(task);
    },
    factorize: async (task, ranks) => {
      check(task, ranks);
      if (isZero(task.kernel)) {
        const factors = shapes(task.kernel, ranks).map(zeroFactor);
        return { factors, weightError: 0, ...(method === 'cp' && { components: new Float64Array(ranks[0] as number) }) };
      }
      const found = await algebra.solve(task, ranks);
      return { ...found, weightError: relativeError(task.kernel.data, (await composedFast(found.factors, task.products)).data) };
    },
  };
}

/** A factor of this shape with these numbers. */
export function factorOf({ isDepthwise, axes, outputs, inputs, kernel }: FactorShape, data: Float64Array): Factor {
  return { kernel: { outputs, inputs, kernel, data }, isDepthwise, axes };
}

/** Factors of these shapes with these numbers, in order. */
export function factorsOf(shapes: readonly FactorShape[], data: readonly Float64Array[]): Factor[] {
  return shapes.map((shape, index) => factorOf(shape, data[index] as Float64Array));
}

function zeroFactor(shape: FactorShape): Factor {
  return factorOf(shape, new Float64Array(shape.outputs * shape.inputs * product(shape.kernel)));
}

function isZero({ data }: Kernel): boolean {
  return data.every((value) => value === 0);
}

const memories = new WeakMap<FactorTask, Map<string, Promise<unknown>>>();

/** What `make` gives, made once for a task and kept as long as the task is. */
export function remembered<T>(task: FactorTask, name: string, make: () => Promise<T>): Promise<T> {
  const memory = memories.get(task) ?? new Map<string, Promise<unknown>>();
  memories.set(task, memory);
  const known = memory.get(name) ?? make();
  memory.set(name, known);
  return known as Promise<T>;
}
