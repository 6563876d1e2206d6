// What tests of quantize.static on real models share: their data, the pass with its defaults, and answers side by side.

import type { Dataset, Split } from '../../../../src/engine/data/dataset';
import { openDataset } from '../../../../src/engine/data/open';
import type { Model } from '../../../../src/engine/ir/model';
import type { PassOutcome } from '../../../../src/engine/passes/pass';
import type { StaticOptions } from '../../../../src/engine/passes/quantize/options';
import { quantizeStatic } from '../../../../src/engine/passes/quantize/static';
import type { NdArray, Session, SessionOptions, SessionValue } from '../../../../src/engine/ports';
import { nodeDecoders } from '../../../../src/runtime/decoders';
import { nodeFiles } from '../../../../src/runtime/files';
import { sampleInputs } from '../../../../src/runtime/sampleInputs';
import { assetPath } from '../../../support/assets';
import { assetDims } from '../../../support/models';
import { testRuntime } from '../../../support/passContext';
import { contextFor, defaults } from './staticSupport';

/** The inputs of a model as a session has them. */
export async function inputsOf(model: Model): Promise<readonly SessionValue[]> {
  const session = await testRuntime.createSession(model, { threads: 2 });
  const { inputs } = session;
  await session.release();
  return inputs;
}

export async function withData<T>(model: Model, description: string, use: (data: Dataset) => Promise<T>): Promise<T> {
  const inputs = await inputsOf(model);
  const data = await openDataset(assetPath(`data/${description}.json`), { inputs, dims: {} }, { files: nodeFiles, decoders: nodeDecoders });
  try {
    return await use(data);
  } finally {
    await data.close();
  }
}

export function quantize(model: Model, data: Dataset, options: Partial<StaticOptions> = {}): Promise<PassOutcome> {
  return quantizeStatic.run(model, defaults({ samples: 128, ...options }), contextFor(model, data, { dims: assetDims }));
}

/** Index of the largest output of each sample. */
async function answers(session: Session, inputs: Readonly<Record<string, NdArray>>): Promise<number[]> {
  const [scores] = Object.values(await session.run(inputs));
  const [size = 0, classes = 1] = scores?.dims ?? [];
  const values = scores?.data as Float32Array;
  return Array.from({ length: size }, (_, sample) => {
    const row = [...values.subarray(sample * classes, (sample + 1) * classes)];
    return row.indexOf(Math.max(...row));
  });
}

export interface Score {
  readonly float: number;
  readonly int8: number;
  readonly agreement: number;
}

export async function score(before: Model, after: Model, split: Split, count: number, optimization: NonNullable<SessionOptions['optimization']> = 'all'): Promise<Score> {
  const sessions = await Promise.all([before, after].map((model) => testRuntime.createSession(model, { threads: 2, optimization })));
  const [float, int8] = sessions as [Session, Session];
  const batch = float.inputs[0]?.shape?.[0] === 1 ? 1 : 100;
  let [floatRight, int8Right, same] = [0, 0, 0];
  for (let start = 0; start < count; start += batch) {
    const { inputs, labels = [] } = await split.read(start, Math.min(count, start + batch));
    const [a, b] = [await answers(float, inputs), await answers(int8, inputs)];
    labels.forEach((label, index) => {
      floatRight += Number(a[index] === label);
      int8Right += Number(b[index] === label);
      same += Number(a[index] === b[index]);
    });
  }
  await Promise.all(sessions.map((session) => session.release()));
  return { float: floatRight / count, int8: int8Right / count, agreement: same / count };
}

/** Four drawn samples in place of real ones: enough to have ranges. */
export async function drawn(model: Model): Promise<Dataset> {
  const inputs = await inputsOf(model);
  const gather = (indices: readonly number[]) => Promise.resolve({
    inputs: sampleInputs(model, inputs, { dims: assetDims, seed: (indices[0] ?? 0) + 1, batch: indices.length }),
    start: indices[0] ?? 0, indices, size: indices.length,
  });
  const split: Split = { name: 'train', size: 4, labelled: false, gather, read: (start) => gather([start]) };
  return { path: 'drawn', splits: new Map([['train', split]]), files: [], shared: false, base: '.', close: () => Promise.resolve() };
}
