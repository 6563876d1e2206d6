// Finds the real models and data in ../shared/assets, which lie beside the repository and are not part of it.
// Where the folder is absent (a clone on its own) the tests that need it are skipped, and say so loudly.
import { existsSync } from 'node:fs';
import path from 'node:path';

export const repositoryRoot = path.resolve(__dirname, '..', '..');

/** Folder of the shared models and data: `models/`, `data/`, `topologies/`. DECANT_ASSETS names another one. */
export const assetsFolder = process.env['DECANT_ASSETS'] ?? path.resolve(repositoryRoot, '..', 'shared', 'assets');

export const hasAssets = existsSync(path.join(assetsFolder, 'models'));

/** Absolute path of an asset, for example `assetPath('models/resnet20-cifar10.onnx')`; the file is not touched. */
export function assetPath(relative: string): string {
  return path.join(assetsFolder, ...relative.split('/'));
}

/** A `describe` whose tests run only where the assets are; elsewhere one skipped test stands for them. */
export function withAssets(title: string, define: (this: Mocha.Suite) => void): void {
  if (hasAssets) {
    describe(title, define);
    return;
  }
  console.warn(`SKIPPED: "${title}" needs the models and data of ${path.relative(repositoryRoot, assetsFolder)}, which is not there.`);
  // Not `describe.skip(title, define)`: that would still run `define`, which may look into the folder.
  describe(title, () => void it('needs the shared assets'));
}
