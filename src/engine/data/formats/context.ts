// What a format needs to open a split: the description, the paths, and the files it shares with other splits.

import { EngineError } from '../../error';
import type { Archive, ByteSource, Decoders, FileSystem, SessionValue } from '../../ports';
import type { DataDescription, SplitDescription } from '../description';
import { quoted } from '../schemaCheck';
import { type Storage, archiveStorage, openFolder } from '../storage';
import type { SplitColumns } from '../columns/column';

export interface OpenContext {
  readonly description: DataDescription;
  /** The description's file (or the data itself where there is none), for messages. */
  readonly file: string;
  /** Folder that paths of the description start from. */
  readonly base: string;
  readonly inputs: readonly SessionValue[];
  readonly files: FileSystem;
  readonly decoders: Decoders;
  readonly shared: SharedFiles;
}

/** Opens the columns of one split; `place` is `splits.train` or '' where splits are not described. */
export type FormatOpener = (context: OpenContext, split: SplitDescription, place: string) => Promise<SplitColumns>;

/** Files that several splits read are opened once and closed together. */
export class SharedFiles {
  private readonly values = new Map<string, Promise<unknown>>();
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly used = new Set<string>();

  constructor(private readonly files: FileSystem, private readonly decoders: Decoders) {}

  /** Every path that data were read from, in the order of opening. */
  get paths(): readonly string[] {
    return [...this.used];
  }

  /** Counts a file among the data that others have read. */
  note(path: string): void {
    this.used.add(path);
  }

  source(path: string): Promise<ByteSource> {
    return this.once(path, 'source', () => this.files.open(path), (source) => source.close());
  }

  archive(path: string): Promise<Archive> {
    return this.once(path, 'archive', async () => {
      const source = await this.files.open(path);
      try {
        return await this.decoders.archive(source);
      } catch (error) {
        await source.close();
        throw error;
      }
    }, (archive) => archive.close());
  }

  /** The files of a folder or a zip archive. */
  storage(path: string): Promise<Storage> {
    return this.once(path, 'storage', async () => {
      const { kind } = await this.files.stat(path);
      if (kind === 'missing') throw new EngineError('fileNotFound', { file: path });
      return kind === 'folder' ? openFolder(path, this.files) : archiveStorage(path, await this.archive(path));
    });
  }

  /** Anything made from the file at `path` once, e.g. an index of its rows; `what` tells the makings of one file apart. */
  once<T>(path: string, what: string, open: () => Promise<T>, close?: (value: T) => Promise<void>): Promise<T> {
    this.used.add(path);
    const key = `${what}:${path}`;
    const known = this.values.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const opening = open().then((value) => {
      if (close !== undefined) this.closers.push(() => close(value));
      return value;
    });
    this.values.set(key, opening);
    return opening;
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
    this.values.clear();
  }
}

/** The path a split reads: its own, or the description's; throws `dataDescription` when neither is there. */
export function splitPath(context: OpenContext, split: SplitDescription, place: string): string {
  const path = split.path ?? context.description.path;
  if (path === undefined) {
    throw new EngineError('dataDescription', {
      file: context.file, path: place === '' ? 'path' : `${place}.path`, problem: 'problem.missingKey', key: '"path"', allowed: 'allowed.text',
    });
  }
  return context.files.resolve(context.base, path);
}

/** A file that a split names: inside `path` where that is a folder, otherwise beside the description. */
export async function namedPath(context: OpenContext, split: SplitDescription, name: string): Promise<string> {
  const path = split.path ?? context.description.path;
  if (path === undefined) return context.files.resolve(context.base, name);
  const folder = context.files.resolve(context.base, path);
  const { kind } = await context.files.stat(folder);
  return context.files.resolve(kind === 'folder' ? folder : context.base, name);
}

/** A `dataDescription` error about a name that the data do not have. */
export function noSuchName(context: OpenContext, path: string, found: unknown, names: readonly string[]): EngineError {
  return new EngineError('dataDescription', {
    file: context.file, path, problem: 'problem.noSuchName', found: quoted(found), allowed: names.map(quoted).join(', '),
  });
}
