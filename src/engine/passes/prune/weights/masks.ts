// Which weights of a model were set to zero on purpose, so that later training leaves them so: the pass writes down the
// names of the sparse tensors, and their zeros themselves are the mask. Applying masks is the trainer's.

import { numberAt } from '../../../data/preprocess/cast';
import { elementCount, type Model } from '../../../ir/model';
import { readTensor } from '../../../ir/tensors';
import { findWeights, storedTensor } from '../../linear/findWeights';
import { columnsOf } from '../../linear/layout';
import { parsedMetadata } from '../../metadataJson';

/** JSON in the metadata of the model: a list of tensor names. */
const SPARSE_KEY = 'decant.sparse';

/** Notes in place that the tensors are sparse, beside those noted before. */
export function recordSparse(model: Model, names: readonly string[]): void {
  model.metadata.set(SPARSE_KEY, JSON.stringify([...new Set([...sparseTensors(model), ...names])].sort()));
}

/** Names of the tensors that were noted and are still there, as initializers or in Constant nodes. */
export function sparseTensors(model: Model): string[] {
  const noted = parsedMetadata(model.metadata.get(SPARSE_KEY));
  const names = Array.isArray(noted) ? noted.filter((name) => typeof name === 'string') : [];
  return names.filter((name) => storedTensor(model, name) !== undefined);
}

/** How many sparse tensors have fewer inputs an output than in `before`: zeros of an N:M pattern moved to other neighbours there. */
export async function sparseNarrowed(before: Model, after: Model): Promise<number> {
  const sparse = new Set(sparseTensors(after));
  if (sparse.size === 0) return 0;
  const columns = async (model: Model): Promise<ReadonlyMap<string, number>> =>
    new Map((await findWeights(model, { isIgnored: () => false, everyLayer: true })).weights.map(({ name, layout }) => [name, columnsOf(layout)]));
  const [wide, narrow] = [await columns(before), await columns(after)];
  return [...sparse].filter((name) => (narrow.get(name) ?? 0) < (wide.get(name) ?? 0)).length;
}

/** For every sparse tensor 1 where its elements are kept and 0 where they must stay zero, row-major. */
export async function sparseMasks(model: Model): Promise<ReadonlyMap<string, Uint8Array>> {
  const masks = new Map<string, Uint8Array>();
  for (const name of sparseTensors(model)) {
    const tensor = storedTensor(model, name);
    if (tensor === undefined) continue;
    const at = numberAt(await readTensor(tensor));
    masks.set(name, Uint8Array.from({ length: elementCount(tensor.dims) }, (_, index) => (at(index) === 0 ? 0 : 1)));
  }
  return masks;
}
