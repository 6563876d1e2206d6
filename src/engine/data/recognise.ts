// Data named without a description: what they are, where that is beyond doubt; otherwise the error shows what to write.

import { EngineError } from '../error';
import type { Decoders, FileSystem } from '../ports';
import type { DataDescription, DataFormat, SplitDescription } from './description';
import { exampleOfArrays, exampleOfImages, exampleOfTable } from './example';
import { hasExtension } from './formats/classFolders';
import type { SharedFiles } from './formats/context';
import { imageExtensions } from './formats/imageFolder';
import { soundExtensions } from './formats/wavFolder';

export interface Ports {
  readonly files: FileSystem;
  readonly decoders: Decoders;
}

const tables = { '.csv': 'csv', '.tsv': 'tsv', '.jsonl': 'jsonl', '.parquet': 'parquet' } as const;

/** A description of the folder or file at `path`; throws `emptyFolder` or `dataNotRecognised`. */
export async function recognise(path: string, kind: 'file' | 'folder', ports: Ports, shared: SharedFiles): Promise<DataDescription> {
  const lower = path.toLowerCase();
  if (kind === 'folder' || lower.endsWith('.zip')) return recogniseStorage(path, kind, ports, shared);
  if (lower.endsWith('.npz')) return { version: 1, format: 'npz', path };
  if (lower.endsWith('.npy')) return { version: 1, format: 'npy', path };
  for (const [extension, format] of Object.entries(tables)) {
    if (lower.endsWith(extension)) return recogniseTable(path, format, ports, shared);
  }
  throw notRecognised(path, exampleOfImages(ports.files.basename(path)));
}

async function recogniseStorage(path: string, kind: 'file' | 'folder', { files }: Ports, shared: SharedFiles): Promise<DataDescription> {
  const storage = await shared.storage(path);
  const paths = storage.files.map((file) => file.path);
  if (paths.length === 0) throw new EngineError('emptyFolder', { file: path, example: exampleOfImages(files.basename(path)) });
  const images = paths.filter((name) => hasExtension(name, imageExtensions)).length;
  const sounds = paths.filter((name) => hasExtension(name, soundExtensions)).length;
  if (images > 0 && sounds === 0) return { version: 1, format: 'imageFolder', path };
  if (sounds > 0 && images === 0) return { version: 1, format: 'wavFolder', path };
  if (kind === 'file' && paths.every((name) => name.endsWith('.npy'))) return { version: 1, format: 'npz', path };
  if (kind === 'folder' && Object.keys(mnistSplits(paths)).length > 0) return { version: 1, format: 'idx', path };
  throw notRecognised(path, exampleOfImages(files.basename(path)));
}

async function recogniseTable(path: string, format: 'csv' | 'tsv' | 'jsonl' | 'parquet', { files, decoders }: Ports, shared: SharedFiles): Promise<DataDescription> {
  if (format === 'parquet') {
    const table = await shared.once(path, 'parquet', async () => decoders.parquet(await shared.source(path)));
    const inputs = table.columns.find((name) => name === 'image' || name === 'img');
    const labels = table.columns.find((name) => name === 'label' || name === 'labels');
    if (inputs !== undefined && labels !== undefined) return { version: 1, format, path, splits: { [UNSPLIT]: { inputs, labels } } };
    throw notRecognised(path, exampleOfTable(files.basename(path), format, table.columns));
  }
  const source = await shared.source(path);
  const head = new TextDecoder().decode(await source.read(0, Math.min(source.size, 4096))).split('\n', 1)[0] ?? '';
  const columns = format === 'jsonl' ? [...head.matchAll(/"(\w+)"\s*:/g)].map((match) => match[1] ?? '') : head.trim().split(format === 'csv' ? ',' : '\t');
  throw notRecognised(path, exampleOfTable(files.basename(path), format, columns));
}

function notRecognised(path: string, example: string): EngineError {
  return new EngineError('dataNotRecognised', { file: path, example });
}

// ── splits that nobody described ─────────────────────────────────────────────────────────────────────────────────

/** Key of a split that stands for all the data; it becomes both `train` and `test`. */
export const UNSPLIT = '';

const splitNames: Readonly<Record<string, string>> = { train: 'train', test: 'test', val: 'validation', valid: 'validation', validation: 'validation' };

/** The splits the data themselves show: folders or arrays named train, test, validation, or MNIST's files. */
export async function impliedSplits(description: DataDescription, path: string, shared: SharedFiles): Promise<Readonly<Record<string, SplitDescription>>> {
  const splits = await shownSplits(description.format, path, shared);
  return Object.keys(splits).length === 0 ? { [UNSPLIT]: {} } : splits;
}

async function shownSplits(format: DataFormat, path: string, shared: SharedFiles): Promise<Record<string, SplitDescription>> {
  switch (format) {
    case 'imageFolder':
    case 'wavFolder': {
      const { files } = await shared.storage(path);
      const tops = [...new Set(files.map((file) => file.path.split('/')).map((parts) => (parts.length > 1 ? parts[0] ?? '' : '')))];
      return tops.every((top) => Object.hasOwn(splitNames, top)) ? Object.fromEntries(tops.map((top) => [splitNames[top] ?? top, { folder: top }])) : {};
    }
    case 'npz':
      return arraySplits((await shared.archive(path)).entries.map((entry) => entry.path.replace(/\.npy$/, '')), path);
    case 'idx':
      return mnistSplits((await shared.storage(path)).files.map((file) => file.path));
    case 'raw':
    case 'npy':
    case 'csv':
    case 'tsv':
    case 'jsonl':
    case 'parquet':
      return {};
  }
}

/** `x_train`, `y_train`, ... as Keras names them; `x` and `y` alone; one array without labels. */
function arraySplits(names: readonly string[], path: string): Record<string, SplitDescription> {
  const has = (name: string): boolean => names.includes(name);
  const splits: Record<string, SplitDescription> = {};
  for (const [suffix, name] of Object.entries(splitNames)) {
    if (has(`x_${suffix}`)) splits[name] = { inputs: `x_${suffix}`, ...(has(`y_${suffix}`) ? { labels: `y_${suffix}` } : {}) };
  }
  if (Object.keys(splits).length > 0) return splits;
  if (has('x')) return { [UNSPLIT]: { inputs: 'x', ...(has('y') ? { labels: 'y' } : {}) } };
  if (names.length === 1) return {};
  throw notRecognised(path, exampleOfArrays(path, names));
}

function mnistSplits(paths: readonly string[]): Record<string, SplitDescription> {
  const find = (prefix: string): string | undefined => paths.find((path) => path.startsWith(prefix));
  const splits: Record<string, SplitDescription> = {};
  for (const [prefix, name] of [['train', 'train'], ['t10k', 'test']] as const) {
    const inputs = find(`${prefix}-images-idx3-ubyte`) ?? find(`${prefix}-images.idx3-ubyte`);
    const labels = find(`${prefix}-labels-idx1-ubyte`) ?? find(`${prefix}-labels.idx1-ubyte`);
    if (inputs !== undefined) splits[name] = { inputs, ...(labels === undefined ? {} : { labels }) };
  }
  return splits;
}
