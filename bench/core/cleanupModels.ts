// The models of the benchmark `cleanup`: every model and topology of ../shared/assets, then its variant with open axes.

import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { readModel, releaseModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import { nodeFiles } from '../../src/runtime/files';
import { type DynamicVariant, dynamicVariant } from '../../test/support/dynamicAxes';
import { asset } from '../lib/workspace';

export interface CleanupModel {
  /** File name without its ending; variants end in `.open`. */
  readonly name: string;
  readonly folder: 'models' | 'topologies';
  readonly model: Model;
  /** Sizes with which a variant is known to run. */
  readonly sizes?: DynamicVariant['sizes'];
}

/** The same choice of axes every time. */
const SEED = 1;

export async function* cleanupModels(): AsyncGenerator<CleanupModel> {
  for (const folder of ['models', 'topologies'] as const) {
    const files = readdirSync(asset(folder)).filter((name) => name.endsWith('.onnx'));
    for (const file of files) {
      const name = basename(file, '.onnx');
      const model = await readModel(await nodeFiles.open(asset(`${folder}/${file}`)), nodeFiles);
      yield { name, folder, model };
      const again = await readModel(await nodeFiles.open(asset(`${folder}/${file}`)), nodeFiles);
      const variant = await dynamicVariant(again, SEED);
      if (variant === undefined) await releaseModel(again);
      else yield { name: `${name}.open`, folder, ...variant };
    }
  }
}
