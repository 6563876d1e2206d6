// Opens a model file for the duration of a use case and closes it whatever happens.

import { readModel, releaseModel } from '../engine/ir/codec';
import type { Model } from '../engine/ir/model';
import { nodeFiles } from '../runtime/files';

export interface OpenModel {
  readonly path: string;
  readonly model: Model;
  /** The file with its side files. */
  readonly bytes: number;
}

export async function openModel(path: string): Promise<OpenModel> {
  const model = await readModel(await nodeFiles.open(path), nodeFiles);
  return { path, model, bytes: model.sources.reduce((sum, source) => sum + source.size, 0) };
}

export async function withModel<Result>(path: string, use: (opened: OpenModel) => Promise<Result>): Promise<Result> {
  const opened = await openModel(path);
  try {
    return await use(opened);
  } finally {
    await releaseModel(opened.model);
  }
}

export async function withModels<Result>(paths: readonly string[], use: (opened: readonly OpenModel[]) => Promise<Result>): Promise<Result> {
  const [first, ...rest] = paths;
  if (first === undefined) return use([]);
  return withModel(first, (opened) => withModels(rest, (others) => use([opened, ...others])));
}
