// Which files make up the extension for one platform: the allow-list of .vscodeignore plus that platform's onnxruntime.
// Used to package it, and to lay it out as a folder that a VS Code server loads (so that the tests test the allow-list).
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '@vscode/vsce';

export const repositoryRoot = path.resolve(__dirname, '..');

/** A VS Code target such as `linux-x64`; onnxruntime names its folders by the same two words, apart by a slash. */
export const thisPlatform = `${process.platform}-${process.arch}`;

/** Writes the ignore file for one target and gives its path; vsce reads allow-lists from a file only. */
export function writeIgnoreFile(target: string): string {
  const allowList = readFileSync(path.join(repositoryRoot, '.vscodeignore'), 'utf8');
  const native = `!node_modules/onnxruntime-node/bin/napi-v6/${target.replace('-', '/')}/**\n`;
  const ignoreFile = path.join(repositoryRoot, 'out', `vscodeignore-${target}`);
  mkdirSync(path.dirname(ignoreFile), { recursive: true });
  writeFileSync(ignoreFile, allowList + native);
  return ignoreFile;
}

/** The folder name VS Code wants for an installed extension: publisher, name and version of its manifest. */
function folderName(): string {
  const manifest = JSON.parse(readFileSync(path.join(repositoryRoot, 'package.json'), 'utf8')) as { publisher: string; name: string; version: string };
  return `${manifest.publisher}.${manifest.name}-${manifest.version}`;
}

let shippedFiles: Promise<string[]> | undefined;

/** The files of this platform's package; asked once a process, since vsce walks the whole repository (about 6 s with .cache). */
function listShippedFiles(): Promise<string[]> {
  shippedFiles ??= listFiles({ cwd: repositoryRoot, ignoreFile: writeIgnoreFile(thisPlatform) });
  return shippedFiles;
}

/** Lays the built extension out for this platform inside `extensionsFolder`, as an installed extension; gives its folder. */
export async function layOutExtension(extensionsFolder: string): Promise<string> {
  const destination = path.join(extensionsFolder, folderName());
  rmSync(destination, { recursive: true, force: true });
  for (const file of await listShippedFiles()) {
    const copy = path.join(destination, file);
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(path.join(repositoryRoot, file), copy);
  }
  return destination;
}
