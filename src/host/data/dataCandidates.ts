// Data that may belong to a model: JSON descriptions and folders of images, near it or anywhere in the workspace. Best
// match first, by words that the names share ("resnet20-cifar10.onnx" and "cifar10.json"). Knows nothing of VS Code.

import { readFile, readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';

/** A description of data is a page of JSON; larger files are data themselves. */
const LARGEST_DESCRIPTION = 64_000;
const imageName = /\.(jpe?g|png|bmp|webp)$/i;

/** Folders looked through: the model's own, its `data`, and `data` beside its folder. */
export function foldersNear(model: string): readonly string[] {
  const own = path.dirname(model);
  return [own, path.join(own, 'data'), path.join(own, '..', 'data')].map((folder) => path.resolve(folder));
}

/** Data in `folder` itself, not below it. A folder that is not there holds none. */
export async function dataIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(noSuchFolder);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isFile() && entry.name.endsWith('.json')) return (await isDataDescription(full)) ? [full] : [];
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') return (await isImageFolder(full)) ? [full] : [];
      return [];
    }),
  );
  return found.flat();
}

export async function isDataDescription(file: string): Promise<boolean> {
  if (/\.(report|recipe)\.json$/.test(file) || (await stat(file)).size > LARGEST_DESCRIPTION) return false;
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof parsed === 'object' && parsed !== null && 'format' in parsed && ('path' in parsed || 'splits' in parsed);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** One sub-folder a class, images within: looks at the first class only. */
async function isImageFolder(folder: string): Promise<boolean> {
  const classes = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const [first] = classes;
  if (first === undefined || classes.length < 2) return false;
  return (await readdir(path.join(folder, first.name))).some((name) => imageName.test(name));
}

/** Best match first; equally good ones by path. */
export function rankData(model: string, candidates: readonly string[]): readonly string[] {
  const wanted = nameWords(path.basename(model));
  const score = (candidate: string): number => {
    const shared = nameWords(path.basename(candidate)).filter((word) => wanted.includes(word)).length;
    return shared * 2 + (path.dirname(candidate) === path.dirname(model) ? 1 : 0);
  };
  return [...new Set(candidates)].sort((a, b) => score(b) - score(a) || a.localeCompare(b));
}

function nameWords(name: string): readonly string[] {
  return name.replace(/\.\w+$/, '').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word.length > 1);
}

function noSuchFolder(error: unknown): [] {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES')) return [];
  throw error;
}
