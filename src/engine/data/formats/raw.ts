// Plain little-endian arrays without a header: the description tells type and shape, the file's length the samples.

import { EngineError } from '../../error';
import { type DataType, bytesOf } from '../../ir/dataTypes';
import { type StoredArray, arrayLabels } from '../columns/arrayColumn';
import { count, splitInputs } from './arrays';
import { type FormatOpener, type OpenContext, namedPath, noSuchName, splitPath } from './context';

const types: Readonly<Record<string, DataType>> = { u8: 'uint8', f32: 'float32' };

/** Labels are one byte a sample, or (where the file is 4 or 8 times as long) int32 or int64. */
const labelTypes: Readonly<Record<number, DataType>> = { 1: 'uint8', 4: 'int32', 8: 'int64' };

export const openRaw: FormatOpener = async (context, split, place) => {
  const { dtype, shape } = context.description;
  const missing = (key: string, allowed: string): EngineError => new EngineError('dataDescription', {
    file: context.file, path: key, problem: 'problem.missingKey', key: `"${key}"`, allowed,
  });
  if (dtype === undefined) throw missing('dtype', Object.keys(types).join(', '));
  if (shape === undefined) throw missing('shape', 'kind.array');
  const type = types[dtype] as DataType;
  const inputs = await splitInputs(context, split, place, async (name, at) => {
    if (typeof name === 'number') throw noSuchName(context, at, name, []);
    const path = name === undefined ? splitPath(context, split, place) : await namedPath(context, split, name);
    const source = await context.shared.source(path);
    const bytes = bytesOf(type, count(shape));
    if (source.size % bytes !== 0) {
      throw new EngineError('dataUnreadable', { file: path, format: 'raw', reason: `its ${source.size} bytes are not a whole number of samples of ${bytes}` });
    }
    return { source, type, dims: [source.size / bytes, ...shape], offset: 0, bigEndian: false };
  });
  if (split.labels === undefined) return { inputs };
  const samples = Math.max(...[...inputs.values()].map((column) => column.size));
  return { inputs, labels: arrayLabels(await openLabels(context, await namedPath(context, split, String(split.labels)), samples)) };
};

async function openLabels(context: OpenContext, path: string, samples: number): Promise<StoredArray> {
  const source = await context.shared.source(path);
  const type = labelTypes[source.size / samples];
  if (type === undefined) {
    throw new EngineError('dataUnreadable', { file: path, format: 'raw', reason: `its ${source.size} bytes are not 1, 4 or 8 for each of ${samples} samples` });
  }
  return { source, type, dims: [samples], offset: 0, bigEndian: false };
}
