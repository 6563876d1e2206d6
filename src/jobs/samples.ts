// Opens the data of a request as the model wants them, and chooses metric and split.

import { requireSplit, type Dataset, type Split } from '../engine/data/dataset';
import { openDataset } from '../engine/data/open';
import { EngineError } from '../engine/error';
import type { Model } from '../engine/ir/model';
import { modelInputs } from '../engine/ir/signature';
import type { DataOptions } from '../protocol/jobs';
import { nodeDecoders } from '../runtime/decoders';
import { nodeFiles } from '../runtime/files';

export const DEFAULT_SPLIT = 'test';

export function openData(path: string, model: Model, dims: Readonly<Record<string, number>> = {}): Promise<Dataset> {
  return openDataset(path, { inputs: modelInputs(model), dims }, { files: nodeFiles, decoders: nodeDecoders });
}

/** The data of a request for the duration of `use`; undefined where none were named. */
export async function withData<Result>(
  request: DataOptions & { readonly dims?: Readonly<Record<string, number>> },
  model: Model,
  use: (data: Dataset | undefined) => Promise<Result>,
): Promise<Result> {
  if (request.data === undefined) return use(undefined);
  const data = await openData(request.data, model, request.dims);
  try {
    return await use(data);
  } finally {
    await data.close();
  }
}

export function requireData(data: Dataset | undefined, what: string): Dataset {
  if (data === undefined) throw new EngineError('dataNeeded', { what });
  return data;
}

export function testSplit(data: Dataset, request: DataOptions): Split {
  return requireSplit(data, request.split ?? DEFAULT_SPLIT);
}
