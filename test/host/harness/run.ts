// Runs test/host/suite/**/*.test.ts inside the extension host of a real VS Code and prints what happened.
// Usage: node --import tsx test/host/harness/run.ts [COUNTS.json]; a browser page is opened only to start the host.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { layOutExtension } from '../../../scripts/extensionFiles';
import { repositoryRoot } from '../../support/assets';
import { startVsCodeServer } from '../../support/vscodeServer';
import { launchBrowser, openPage, screenshot } from '../../support/workbench';
import { makeWorkspace } from '../../support/workspace';
import { bundleSuites, layOutHarness } from './bundle';
import { harnessVariables, type HostResults, type HostTestResult } from './results';

/** For all suites together; a single test that hangs is ended by mocha's own timeout long before. */
const hostTimeoutMs = 8 * 60_000;
const outFolder = path.join(repositoryRoot, 'out', 'host');

async function runInHost(): Promise<HostResults> {
  const resultsFile = path.join(outFolder, 'results.json');
  rmSync(resultsFile, { force: true });
  const suite = path.join(outFolder, 'suite');
  await bundleSuites(path.join(repositoryRoot, 'test', 'host', 'suite'), suite);
  const workspace = makeWorkspace();
  const server = await startVsCodeServer({
    installExtensions: async (folder) => {
      await layOutExtension(folder);
      await layOutHarness(folder);
    },
    env: {
      [harnessVariables.suite]: suite,
      [harnessVariables.results]: resultsFile,
      [harnessVariables.mocha]: path.join(repositoryRoot, 'node_modules', 'mocha'),
    },
  });
  const browser = await launchBrowser();
  try {
    const page = await openPage(browser, server.urlOf(workspace.folder));
    const deadline = Date.now() + hostTimeoutMs;
    while (!existsSync(resultsFile)) {
      if (Date.now() > deadline) {
        const picture = await screenshot(page, 'host-timeout');
        return { results: [], problem: `The suites did not end in time; see ${picture}.\n${server.log()}` };
      }
      await page.waitForTimeout(100);
    }
    return JSON.parse(readFileSync(resultsFile, 'utf8')) as HostResults;
  } finally {
    await browser.close();
    await server.stop();
    workspace.remove();
  }
}

const marks = { passed: '✔', failed: '✖', skipped: '-' } as const;

function print({ title, state, milliseconds, error }: HostTestResult): void {
  console.log(`  ${marks[state]} ${title.join(' › ')} (${milliseconds} ms)`);
  if (error !== undefined) console.log(error.replaceAll(/^/gm, '      '));
}

async function main(): Promise<void> {
  mkdirSync(outFolder, { recursive: true });
  const { results, problem } = await runInHost();
  results.forEach(print);
  if (problem !== undefined) console.error(problem);
  const count = (state: HostTestResult['state']): number => results.filter((result) => result.state === state).length;
  const counts = { passed: count('passed'), failed: count('failed') + (problem === undefined ? 0 : 1), skipped: count('skipped') };
  const [countsFile] = process.argv.slice(2);
  if (countsFile !== undefined) {
    mkdirSync(path.dirname(countsFile), { recursive: true });
    writeFileSync(countsFile, JSON.stringify(counts));
  }
  process.exitCode = counts.failed > 0 || results.length === 0 ? 1 : 0;
}

void main();
