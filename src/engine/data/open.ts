// Opens data that a person names: a folder, an archive, a file, or a JSON file that describes one (interfaces.md, "Data").

import { EngineError } from '../error';
import type { Tokenizer } from '../ports';
import type { SplitColumns } from './columns/column';
import type { Dataset, Split } from './dataset';
import { type DataDescription, type DataFormat, parseDescription } from './description';
import type { Wanted } from './fill';
import { type FormatOpener, type OpenContext, SharedFiles } from './formats/context';
import { openDelimited } from './formats/delimited';
import { openIdx } from './formats/idx';
import { openImageFolder } from './formats/imageFolder';
import { openJsonl } from './formats/jsonl';
import { openNpy } from './formats/npy';
import { openNpz } from './formats/npz';
import { openParquet } from './formats/parquet';
import { openRaw } from './formats/raw';
import { openWavFolder } from './formats/wavFolder';
import { type Ports, UNSPLIT, impliedSplits, recognise } from './recognise';
import { makeSplit } from './split';
import { readText } from './storage';

const openers: Readonly<Record<DataFormat, FormatOpener>> = {
  raw: openRaw, idx: openIdx, npz: openNpz, npy: openNpy, imageFolder: openImageFolder,
  csv: openDelimited, tsv: openDelimited, jsonl: openJsonl, parquet: openParquet, wavFolder: openWavFolder,
};

/**
 * Opens every split and checks its first sample against the model, so that data which do not fit are refused before
 * anything runs. Throws `fileNotFound`, `emptyFolder`, `dataNotRecognised`, `dataDescription`, `dataUnreadable`,
 * `dataInputMissing`, `dataShapeMismatch`. The caller closes the dataset.
 */
export async function openDataset(path: string, wanted: Wanted, ports: Ports): Promise<Dataset> {
  const shared = new SharedFiles(ports.files, ports.decoders);
  try {
    return await open(path, wanted, ports, shared);
  } catch (error) {
    await shared.close();
    throw error;
  }
}

async function open(path: string, wanted: Wanted, ports: Ports, shared: SharedFiles): Promise<Dataset> {
  const { file, description } = await describe(path, ports, shared);
  const base = ports.files.dirname(file);
  const tokenizer = await openTokenizer(description, base, ports, shared);
  const context: OpenContext = { description, file, base, inputs: wanted.inputs, files: ports.files, decoders: ports.decoders, shared };
  const described = description.splits ?? await impliedSplits(description, ports.files.resolve(base, description.path ?? '.'), shared);

  const splits = new Map<string, Split>();
  let classes: readonly string[] | undefined = description.classes;
  for (const [name, splitDescription] of Object.entries(described)) {
    const place = description.splits === undefined || name === UNSPLIT ? '' : `splits.${name}`;
    const columns: SplitColumns = await openers[description.format](context, splitDescription, place);
    const split = makeSplit(name, columns, splitDescription, wanted, { description, file, tokenizer }, place);
    await split.read(0, 1);
    classes ??= columns.classes;
    if (name !== UNSPLIT) splits.set(name, split);
    else for (const both of ['train', 'test']) splits.set(both, { ...split, name: both });
  }
  return {
    path,
    splits,
    ...(classes === undefined ? {} : { classes }),
    ...(description.metric === undefined ? {} : { metric: description.metric }),
    files: shared.paths,
    shared: Object.hasOwn(described, UNSPLIT),
    base,
    close: () => shared.close(),
  };
}

async function describe(path: string, ports: Ports, shared: SharedFiles): Promise<{ readonly file: string; readonly description: DataDescription }> {
  const { kind } = await ports.files.stat(path);
  if (kind === 'missing') throw new EngineError('fileNotFound', { file: path });
  const file = kind === 'folder' ? await describedInside(path, ports) : path.toLowerCase().endsWith('.json') ? path : undefined;
  if (file !== undefined) {
    shared.note(file);
    return { file, description: parseDescription(await readText(file, ports.files), file) };
  }
  const whole = ports.files.resolve('.', path);
  const description = await recognise(whole, kind, ports, shared);
  return { file: path, description };
}

/** A description is a page of text; larger JSON files beside data are annotations. */
const LARGEST_DESCRIPTION = 2 ** 20;

/** The description that lies in a folder, where exactly one file there is one. */
async function describedInside(folder: string, { files }: Ports): Promise<string | undefined> {
  const found: string[] = [];
  for (const { name, kind } of await files.list(folder)) {
    if (kind !== 'file' || !name.toLowerCase().endsWith('.json')) continue;
    const path = files.resolve(folder, name);
    if ((await files.stat(path)).size <= LARGEST_DESCRIPTION && looksDescribed(await readText(path, files))) found.push(path);
  }
  return found.length === 1 ? found[0] : undefined;
}

function looksDescribed(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && 'version' in value && 'format' in value;
  } catch {
    // Some other JSON-like file beside the data is none of our business.
    return false;
  }
}

async function openTokenizer(description: DataDescription, base: string, ports: Ports, shared: SharedFiles): Promise<Tokenizer | undefined> {
  if (description.tokenizer === undefined) return undefined;
  const path = ports.files.resolve(base, description.tokenizer);
  const json = await readText(path, ports.files);
  shared.note(path);
  const configPath = ports.files.resolve(ports.files.dirname(path), 'tokenizer_config.json');
  const config = (await ports.files.stat(configPath)).kind === 'file' ? await readText(configPath, ports.files) : undefined;
  if (config !== undefined) shared.note(configPath);
  return ports.decoders.tokenizer(json, config);
}
