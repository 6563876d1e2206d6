// Installs a real VS Code server and workbench without a download from outside npm: the package `code-server` carries
// the built VS Code, `node-linux-*` the Node.js it wants. They live in .cache/vscode-server, apart from our node_modules.
// Node builtins only. Facts: code-server 4.139.1 holds VS Code 1.139; its install scripts build nothing we use.
// @ts-check
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { once } from './install.mjs';
import { announce, repositoryRoot, run } from './process.mjs';

const codeServerVersion = '4.139.1';
const nodeMajor = '24';
const folder = '.cache/vscode-server';

/** Installs the server where it is missing; `server.json` in its folder names its programs for test/support/vscodeServer.ts. */
export async function installVsCodeServer() {
  const nodePackage = `node-linux-${process.arch}`;
  const key = `${codeServerVersion} ${nodePackage}@${nodeMajor}\n`;
  await once(`${folder}/installed`, key, async () => {
    announce(`Installing VS Code (code-server ${codeServerVersion}) into ${folder}`);
    const root = path.join(repositoryRoot, folder);
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    writeFileSync(path.join(root, 'package.json'), '{ "private": true }\n');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...quiet, `code-server@${codeServerVersion}`, `${nodePackage}@${nodeMajor}`], { cwd: folder });
    const vscode = 'node_modules/code-server/lib/vscode';
    await run('npm', ['install', ...quiet, '--omit=dev'], { cwd: `${folder}/${vscode}` });
    const server = { node: `node_modules/${nodePackage}/bin/node`, entry: `${vscode}/out/server-main.js` };
    for (const program of Object.values(server)) {
      if (!existsSync(path.join(root, program))) throw new Error(`code-server was installed but ${folder}/${program} is not there.`);
    }
    writeFileSync(path.join(root, 'server.json'), `${JSON.stringify(server, null, 2)}\n`);
  });
}
