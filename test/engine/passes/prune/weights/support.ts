// What tests of prune.weights share: running the pass with checked options, and reading weights as rows and columns.

import type { Dataset } from '../../../../../src/engine/data/dataset';
import type { Model } from '../../../../../src/engine/ir/model';
import { readTensor } from '../../../../../src/engine/ir/tensors';
import { numberAt } from '../../../../../src/engine/data/preprocess/cast';
import type { PassContext, PassOutcome } from '../../../../../src/engine/passes/pass';
import { storedTensor } from '../../../../../src/engine/passes/linear/findWeights';
import type { WeightsOptions } from '../../../../../src/engine/passes/prune/weights/options';
import { pruneWeights } from '../../../../../src/engine/passes/prune/weights/pass';
import { validateOptions } from '../../../../../src/engine/passes/recipe';
import { contextFor } from '../../quantize/staticSupport';

/** First convolutions are pruned too unless said otherwise: small models have few others. */
export function pruned(model: Model, options: Partial<WeightsOptions> = {}, data?: Dataset, context: Partial<PassContext> = {}): Promise<PassOutcome> {
  const checked = validateOptions(pruneWeights, { everyLayer: true, ...options }) as WeightsOptions;
  return pruneWeights.run(model, checked, contextFor(model, data, context));
}

/** Stored values of a weight as numbers. */
export async function valuesOf(model: Model, name: string): Promise<number[]> {
  const tensor = storedTensor(model, name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  const array = await readTensor(tensor);
  const at = numberAt(array);
  return Array.from({ length: array.data.length }, (_, index) => at(index));
}

export function zerosIn(values: readonly number[]): number {
  return values.filter((value) => value === 0).length;
}
