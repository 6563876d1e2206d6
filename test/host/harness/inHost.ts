// Runs a folder of mocha suites inside the extension host of a real VS Code; a browser page is opened only to start the host.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { layOutExtension } from '../../../scripts/extensionFiles';
import { repositoryRoot } from '../../support/assets';
import { startVsCodeServer } from '../../support/vscodeServer';
import { launchBrowser, openPage, screenshot } from '../../support/workbench';
import { makeWorkspace } from '../../support/workspace';
import { bundleSuites, layOutHarness } from './bundle';
import { harnessVariables, type HostResults } from './results';

/** For all suites together; a single test that hangs is ended by mocha's own timeout long before. */
const hostTimeoutMs = 8 * 60_000;
export const outFolder = path.join(repositoryRoot, 'out', 'host');

/** Runs the suites of a folder of the repository and gives their results. */
export async function runInHost(suites: string): Promise<HostResults> {
  mkdirSync(outFolder, { recursive: true });
  const resultsFile = path.join(outFolder, 'results.json');
  rmSync(resultsFile, { force: true });
  const suite = path.join(outFolder, 'suite');
  await bundleSuites(path.join(repositoryRoot, suites), suite);
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
