// NumPy's .npz: a zip archive of .npy arrays. Arrays of `np.savez` are read by range; those of `np.savez_compressed`
// are unpacked once and kept while the data are open.

import { EngineError } from '../../error';
import { type StoredArray, arrayLabels } from '../columns/arrayColumn';
import { splitInputs } from './arrays';
import { type FormatOpener, type OpenContext, noSuchName, splitPath } from './context';
import { readNpy } from './npy';

/** Compressed arrays above this are refused rather than unpacked into memory. */
const LARGEST_UNPACKED = 2 ** 30;

export const openNpz: FormatOpener = async (context, split, place) => {
  const path = splitPath(context, split, place);
  const names = await arrayNames(context, path);
  const inputs = await splitInputs(context, split, place, async (name, at) => {
    const array = name ?? impliedName(context, names);
    if (array === undefined) throw noSuchName(context, at, name ?? 'inputs', names);
    return openArray(context, path, String(array), at);
  });
  if (split.labels === undefined) return { inputs };
  const labels = await openArray(context, path, String(split.labels), `${place}.labels`);
  return { inputs, labels: arrayLabels(labels) };
};

export async function arrayNames(context: Pick<OpenContext, 'shared'>, path: string): Promise<string[]> {
  const archive = await context.shared.archive(path);
  return archive.entries.filter((entry) => entry.path.endsWith('.npy')).map((entry) => entry.path.slice(0, -'.npy'.length));
}

/** Without a name: the only array, or the one named as the model's only input. */
function impliedName(context: OpenContext, names: readonly string[]): string | undefined {
  if (names.length === 1) return names[0];
  const [input, ...more] = context.inputs;
  return more.length === 0 ? names.find((name) => name === input?.name) : undefined;
}

async function openArray(context: OpenContext, path: string, name: string, at: string): Promise<StoredArray> {
  const archive = await context.shared.archive(path);
  const entry = archive.entries.find((candidate) => candidate.path === `${name}.npy`);
  if (entry === undefined) throw noSuchName(context, at, name, await arrayNames(context, path));
  return context.shared.once(path, `array ${name}`, async () => {
    if (entry.compressed && entry.size > LARGEST_UNPACKED) {
      throw new EngineError('dataDescription', {
        file: context.file, path: at, problem: 'problem.outsideMemory', found: entry.size, limit: LARGEST_UNPACKED, allowed: 'allowed.unpacked',
      });
    }
    return readNpy(await archive.open(entry));
  });
}
