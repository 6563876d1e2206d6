// `npm run package [-- TARGET ...]`: one .vsix for each target, this machine's without arguments. The build comes first.
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { repositoryRoot, thisPlatform, writeIgnoreFile } from './extensionFiles';

/** The platforms onnxruntime-node carries libraries for. */
const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];

async function packageFor(target: string): Promise<void> {
  if (!targets.includes(target)) throw new Error(`There is no onnxruntime for ${target}. The targets are: ${targets.join(', ')}.`);
  const { version } = JSON.parse(readFileSync(path.join(repositoryRoot, 'package.json'), 'utf8')) as { version: string };
  const packagePath = path.join('out', 'package', `decant-${target}-${version}.vsix`);
  mkdirSync(path.join(repositoryRoot, path.dirname(packagePath)), { recursive: true });
  // The project names no public repository, so that links of the README to files beside it stay as they are.
  await createVSIX({ cwd: repositoryRoot, target, packagePath, ignoreFile: writeIgnoreFile(target), allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = statSync(path.join(repositoryRoot, packagePath));
  console.log(`${packagePath}: ${(size / 1e6).toFixed(1)} MB`);
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  for (const target of asked.length > 0 ? asked : [thisPlatform]) await packageFor(target);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
