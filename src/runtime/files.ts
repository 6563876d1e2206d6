// Files on disk for the engine: paths, folders, and the rule that external data stay in the folder of their model.

import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import { EngineError } from '../engine/error';
import type { FileSystem } from '../engine/ports';
import { errorCode, FileSource, readError } from './fileSource';

export { writeError } from './fileSource';
export { exists, freePath, writeAtomically } from './writing';

export const nodeFiles: FileSystem = {
  open: (path) => FileSource.open(path),

  async openBeside(beside, location, tensor) {
    const folder = dirname(resolve(beside));
    const outside = (): EngineError => new EngineError('externalDataOutside', { tensor, file: location });
    if (!isPlainPath(location)) throw outside();
    const path = await existing(folder, location);
    // A path that climbs out is refused as such, whether or not something is there.
    if (climbsOut(folder, join(folder, withSlashes(location)))) throw outside();
    let realFolder: string;
    let realPath: string;
    try {
      realFolder = await realpath(folder);
      realPath = await realpath(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') throw new EngineError('externalDataMissing', { tensor, file: path }, { cause: error });
      throw readError(error, path);
    }
    // Symbolic links are followed first: what counts is where the bytes really are.
    if (climbsOut(realFolder, realPath)) throw outside();
    return FileSource.open(realPath);
  },

  async stat(path) {
    try {
      const stats = await stat(path);
      return { kind: stats.isDirectory() ? 'folder' : 'file', size: stats.size };
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', size: 0 };
      throw readError(error, path);
    }
  },

  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const kinds = await Promise.all(entries.map(async (entry) => {
        if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'folder' : 'file';
        const target = await nodeFiles.stat(join(path, entry.name));
        return target.kind === 'folder' ? 'folder' : 'file';
      }));
      return entries
        .map((entry, index) => ({ name: entry.name, kind: kinds[index] ?? 'file' }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw error instanceof EngineError ? error : readError(error, path);
    }
  },

  resolve: (base, path) => resolve(base, path),
  dirname,
  basename: (path) => basename(path),
};

function climbsOut(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** No absolute path, on whichever system it was written: a model travels. NUL ends a path for the system, not for us. */
function isPlainPath(location: string): boolean {
  return location !== '' && !location.includes('\0') && !isAbsolute(location) && !win32.isAbsolute(location) && !/^[a-z]:/i.test(location);
}

/** The path as written, or with the separators of Windows read as such where only that is there. */
async function existing(folder: string, location: string): Promise<string> {
  const path = join(folder, location);
  const other = join(folder, withSlashes(location));
  if (path === other || (await nodeFiles.stat(path)).kind !== 'missing') return path;
  return other;
}

function withSlashes(location: string): string {
  return location.replaceAll('\\', '/');
}
