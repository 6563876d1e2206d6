// One folder a class (images or sounds), in a folder or in a zip archive; files without class folders are samples
// without labels.

import { EngineError } from '../../error';
import type { LabelColumn } from '../columns/column';
import type { SplitDescription } from '../description';
import { exampleOfImages } from '../example';
import { quoted } from '../schemaCheck';
import type { StoredFile } from '../storage';
import { type OpenContext, splitPath } from './context';

export interface ClassFiles {
  readonly files: readonly StoredFile[];
  readonly labels?: LabelColumn;
  readonly classes?: readonly string[];
}

/**
 * Files with one of `extensions` under the split's `folder`, class by class in the order of names (as torchvision's
 * ImageFolder). A class is `classes`' index of its folder's name; where no folder has such a name but the counts agree
 * (folders named by code), the order of folders is the order of `classes`.
 */
export async function classFiles(context: OpenContext, split: SplitDescription, place: string, extensions: readonly string[]): Promise<ClassFiles> {
  const path = splitPath(context, split, place);
  const storage = await context.shared.storage(path);
  const folder = (split.folder ?? '').replace(/^\.?\/+|\/+$/g, '');
  const prefix = folder === '' ? '' : `${folder}/`;
  const files = storage.files.filter((file) => file.path.startsWith(prefix) && hasExtension(file.path, extensions));
  if (files.length === 0) {
    throw new EngineError('emptyFolder', { file: folder === '' ? path : `${path}/${folder}`, example: exampleOfImages(context.files.basename(path)) });
  }
  const classOf = files.map((file) => file.path.slice(prefix.length).split('/').slice(0, -1)[0]);
  const folders = [...new Set(classOf)];
  if (folders.includes(undefined)) return { files };
  const names = (folders as string[]).sort((a, b) => (a < b ? -1 : 1));
  const classes = context.description.classes ?? names;
  const index = classIndex(context, names, classes);
  return {
    files,
    classes,
    labels: { size: files.length, read: (indices) => Promise.resolve(indices.map((at) => index.get(classOf[at] ?? '') as number)) },
  };
}

function classIndex(context: OpenContext, folders: readonly string[], classes: readonly string[]): ReadonlyMap<string, number> {
  const unknown = folders.find((name) => !classes.includes(name));
  if (unknown === undefined) return new Map(folders.map((name) => [name, classes.indexOf(name)]));
  if (folders.length === classes.length && !folders.some((name) => classes.includes(name))) {
    return new Map(folders.map((name, index) => [name, index]));
  }
  throw new EngineError('dataDescription', {
    file: context.file, path: 'classes', problem: 'problem.unknownClass', found: quoted(unknown), allowed: folders.map(quoted).join(', '),
  });
}

export function hasExtension(path: string, extensions: readonly string[]): boolean {
  const lower = path.toLowerCase();
  return extensions.some((extension) => lower.endsWith(extension));
}
