// Makes the folder that a real VS Code opens in the tests: a real model and a slice of its real data, in a temporary place.
// With the shared assets that is ResNet-20 on CIFAR-10, without them the model of examples/.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { assetPath, hasAssets, repositoryRoot } from './assets';

export interface Workspace {
  readonly folder: string;
  /** File names inside `folder`. */
  readonly model: string;
  readonly data: string;
  readonly remove: () => void;
}

/** Images a class taken from each split of the archive: enough to calibrate and to see an accuracy, quick to run. */
const imagesPerClass = { train: 16, test: 20 };

/** Unpacks the first images of every class of CIFAR-10 and describes them as the whole set is described. */
function writeCifarSlice(folder: string): string {
  const counts = new Map<string, number>();
  const files = unzipSync(readFileSync(assetPath('data/cifar10-jpeg.zip')), {
    filter: ({ name }) => {
      const [split, label] = name.split('/').slice(-3);
      if (!name.endsWith('.jpg') || label === undefined || (split !== 'train' && split !== 'test')) return false;
      const taken = counts.get(`${split}/${label}`) ?? 0;
      counts.set(`${split}/${label}`, taken + 1);
      return taken < imagesPerClass[split];
    },
  });
  for (const [name, bytes] of Object.entries(files)) {
    const target = path.join(folder, 'cifar10', ...name.split('/').slice(-3));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  const description = JSON.parse(readFileSync(assetPath('data/cifar10.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(path.join(folder, 'cifar10.json'), JSON.stringify({ ...description, path: 'cifar10' }, null, 2));
  return 'cifar10.json';
}

/** Copies examples/ and names the model and the data of its recipe. */
function copyExample(folder: string): { model: string; data: string } {
  const examples = path.join(repositoryRoot, 'examples');
  cpSync(examples, folder, { recursive: true });
  const recipeName = readdirSync(examples).find((name) => name.endsWith('.recipe.json'));
  if (recipeName === undefined) throw new Error('examples/ holds no *.recipe.json.');
  const { model, data } = JSON.parse(readFileSync(path.join(examples, recipeName), 'utf8')) as { model: string; data: string };
  return { model, data };
}

/** A fresh workspace; whoever makes it removes it. */
export function makeWorkspace(): Workspace {
  const folder = mkdtempSync(path.join(tmpdir(), 'decant-workspace-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  if (!hasAssets) {
    console.warn('The shared assets are not there: the tests use the model of examples/ instead of ResNet-20.');
    return { folder, ...copyExample(folder), remove };
  }
  const model = 'resnet20-cifar10.onnx';
  // Written, not copied: a copy would keep the read-only mode of the assets.
  writeFileSync(path.join(folder, model), readFileSync(assetPath(`models/${model}`)));
  return { folder, model, data: writeCifarSlice(folder), remove };
}
