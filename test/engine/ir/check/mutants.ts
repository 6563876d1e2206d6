// The mutants whose verdicts are kept: for each mutation every STEP-th operator model of Debian's libonnx-testdata, and the
// files that hold them. Shared by the test and by the script that asks onnx.checker (bench/schemas/mutants.ts).

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { readModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { seededRandom } from '../../../../src/engine/random';
import { nodeFiles } from '../../../../src/runtime/files';
import { mutations, type Pick } from './mutations';

/** Where Debian's libonnx-testdata puts its operator models. */
export const TESTDATA = '/usr/share/libonnx-testdata/data';

const STEP = 6;

/** Paths of the models in a fixed order; empty where the package is absent. */
export function operatorModels(): string[] {
  if (!existsSync(TESTDATA)) return [];
  return readdirSync(TESTDATA, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('model.onnx')).sort().map((path) => join(TESTDATA, path));
}

export interface Mutant {
  /** Name of the mutation. */
  readonly kind: string;
  /** Position of the model in `operatorModels`. */
  readonly index: number;
  /** Undefined where the model has nothing to mutate. */
  readonly model: Model | undefined;
}

/** Mutants of one model; its sources stay open with the model given. */
export function* mutantsOf(model: Model, index: number): Generator<Mutant> {
  for (const [position, [kind, mutate]] of Object.entries(mutations).entries()) {
    if ((index + position) % STEP !== 0) continue;
    const random = seededRandom(index);
    const pick: Pick = (list) => list[Math.floor(random() * list.length)];
    const mutant = cloneModel(model);
    yield { kind, index, model: mutate(mutant, pick) ? mutant : undefined };
  }
}

export async function openOperatorModel(path: string): Promise<Model> {
  return readModel(await nodeFiles.open(path), nodeFiles);
}
