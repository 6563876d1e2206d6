// Writes the models that the benchmark `cleanup` counts nodes of (all of ../shared/assets, and their variants with open
// axes) into a folder, for peerSimplifiers.py: npx tsx bench/core/writeVariants.ts FOLDER

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel, releaseModel } from '../../src/engine/ir/codec';
import { cleanupModels } from './cleanupModels';

async function main([folder]: readonly string[]): Promise<void> {
  if (folder === undefined) throw new Error('Name a folder.');
  for await (const { name, model } of cleanupModels()) {
    await writeFile(join(folder, `${name}.onnx`), await encodeModel(model));
    await releaseModel(model);
  }
}

void main(process.argv.slice(2));
