// `npm run test:desktop`: the suites of test/host/suite in a desktop VS Code, for machines that have one.
// DECANT_VSCODE names its program, or DECANT_VSCODE_DOWNLOAD=1 lets @vscode/test-electron download one. Elsewhere it skips.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { bundleSuites, layOutHarness } from '../test/host/harness/bundle';
import { printResults } from '../test/host/harness/print';
import { harnessVariables, type HostResults } from '../test/host/harness/results';
import { makeWorkspace } from '../test/support/workspace';
import { layOutExtension, repositoryRoot } from './extensionFiles';

const desktopCandidates = ['/usr/share/code/code', '/Applications/Visual Studio Code.app/Contents/MacOS/Electron'];

/** The desktop program to test in, or undefined where @vscode/test-electron shall download one. */
function findDesktop(): { readonly program: string | undefined } | undefined {
  const named = process.env['DECANT_VSCODE'];
  if (named !== undefined && !existsSync(named)) throw new Error(`DECANT_VSCODE names ${named}, which is not there.`);
  const program = named ?? desktopCandidates.find((candidate) => existsSync(candidate));
  if (program !== undefined) return { program };
  return process.env['DECANT_VSCODE_DOWNLOAD'] === '1' ? { program: undefined } : undefined;
}

async function runInDesktop(program: string | undefined): Promise<HostResults> {
  const folder = mkdtempSync(path.join(tmpdir(), 'decant-desktop-'));
  const workspace = makeWorkspace();
  try {
    const suite = path.join(repositoryRoot, 'out', 'desktop', 'suite');
    await bundleSuites(path.join(repositoryRoot, 'test', 'host', 'suite'), suite);
    const resultsFile = path.join(folder, 'results.json');
    const harness = await layOutHarness(folder);
    await runTests({
      ...(program !== undefined && { vscodeExecutablePath: program }),
      extensionDevelopmentPath: await layOutExtension(folder),
      extensionTestsPath: path.join(harness, 'extension.js'),
      extensionTestsEnv: {
        [harnessVariables.suite]: suite,
        [harnessVariables.results]: resultsFile,
        [harnessVariables.mocha]: path.join(repositoryRoot, 'node_modules', 'mocha'),
      },
      launchArgs: [workspace.folder, '--user-data-dir', path.join(folder, 'profile')],
    });
    return JSON.parse(readFileSync(resultsFile, 'utf8')) as HostResults;
  } finally {
    workspace.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const desktop = findDesktop();
  if (desktop === undefined) {
    console.log('SKIPPED: there is no desktop VS Code here. Name its program in DECANT_VSCODE, or set DECANT_VSCODE_DOWNLOAD=1 to download one.');
    console.log('The same suites run without a desktop: "npm run test:host".');
    return;
  }
  const counts = printResults(await runInDesktop(desktop.program));
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
