// Looks for NaN and infinity in samples, when a loss was not finite.

import type { Batch } from '../data/dataset';
import { numberAt } from '../data/preprocess/cast';
import { EngineError } from '../error';
import { isFloat } from '../ir/dataTypes';

/** Throws `dataNotFinite` naming input and sample. Labels are checked whenever they are read (targets.ts). */
export function requireFinite(batch: Batch, split: string): void {
  for (const [input, array] of Object.entries(batch.inputs)) {
    if (!isFloat(array.type)) continue;
    const at = numberAt(array);
    const width = array.data.length / batch.size;
    for (let index = 0; index < array.data.length; index += 1) {
      const value = at(index);
      if (Number.isFinite(value)) continue;
      const sample = Math.floor(index / width);
      throw new EngineError('dataNotFinite', { sample: batch.indices[sample] ?? sample, split, value, input });
    }
  }
}
