// The second half of `npm run code`, after everything is installed and built: serves VS Code and shows where.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { startVsCodeServer } from '../test/support/vscodeServer';
import { layOutExtension, repositoryRoot } from './extensionFiles';

const cacheFolder = path.join(repositoryRoot, '.cache', 'code');

/** A copy of examples/, so that what is written there stays out of the repository; kept from run to run. */
function exampleWorkspace(): string {
  const workspace = path.join(cacheFolder, 'examples');
  mkdirSync(workspace, { recursive: true });
  cpSync(path.join(repositoryRoot, 'examples'), workspace, { recursive: true, force: false });
  return workspace;
}

function openBrowser(url: string): void {
  const browser = ['/usr/bin/chromium', '/usr/bin/xdg-open'].find((program) => existsSync(program));
  if (browser === undefined || (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']) === undefined) return;
  const args = browser.endsWith('chromium') && process.getuid?.() === 0 ? ['--no-sandbox', url] : [url];
  spawn(browser, args, { stdio: 'ignore', detached: true })
    .once('error', (error) => console.error(`The browser did not start (${error.message}); open the address by hand.`))
    .unref();
}

async function main(): Promise<void> {
  const [asked] = process.argv.slice(2);
  const folder = asked === undefined ? exampleWorkspace() : path.resolve(asked);
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder}.`);
  const server = await startVsCodeServer({ installExtensions: layOutExtension, profile: path.join(cacheFolder, 'profile') });
  const url = server.urlOf(folder);
  console.log(`VS Code with Decant on ${folder}:\n\n  ${url}\n\nCtrl+C ends it.`);
  openBrowser(url);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
