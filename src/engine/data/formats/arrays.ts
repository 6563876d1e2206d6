// What the formats made of arrays share: which array goes to which input of the model, with the shape and layout that
// the description gives a stored sample.

import { EngineError } from '../../error';
import { type StoredArray, arrayColumn } from '../columns/arrayColumn';
import type { Column } from '../columns/column';
import type { SplitDescription } from '../description';
import { quoted } from '../schemaCheck';
import type { OpenContext } from './context';

/**
 * Columns by model input. `open` gets the name the split's `inputs` has (undefined where the split names none) and the
 * place in the description, for errors.
 */
export async function splitInputs(
  context: OpenContext, split: SplitDescription, place: string,
  open: (name: string | number | undefined, at: string) => Promise<StoredArray>,
): Promise<Map<string, Column>> {
  const at = place === '' ? 'inputs' : `${place}.inputs`;
  const columns = new Map<string, Column>();
  const { inputs } = split;
  if (Array.isArray(inputs)) {
    throw new EngineError('dataDescription', { file: context.file, path: at, problem: 'problem.wrongType', found: quoted(inputs), wanted: 'kind.string', allowed: 'kind.string' });
  }
  if (typeof inputs === 'object') {
    for (const [input, name] of Object.entries(inputs)) columns.set(input, describedColumn(context, await open(name, `${at}.${input}`)));
  } else {
    columns.set('', describedColumn(context, await open(inputs, at)));
  }
  return columns;
}

/** The array as the description's `shape` and `layout` see it; `shape` must hold as many values as a stored sample. */
export function describedColumn(context: OpenContext, array: StoredArray): Column {
  const { shape, layout } = context.description;
  const stored = array.dims.slice(1);
  // With several inputs one shape cannot speak for all: it is taken for the arrays it fits.
  const several = context.description.inputs !== undefined;
  if (shape !== undefined && count(shape) !== count(stored) && !several) {
    throw new EngineError('dataDescription', {
      file: context.file, path: 'shape', problem: 'problem.shapeSize', found: shape.join(', '), size: count(stored), allowed: `[${stored.join(', ')}]`,
    });
  }
  const seen = shape !== undefined && count(shape) === count(stored) ? shape : stored;
  return arrayColumn(array, seen, seen.length === 3 || seen.length === 2 ? layout : undefined);
}

export function count(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
