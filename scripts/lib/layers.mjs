// The layers of the test suite: which there are, how each is run, how many tests ran in it.
// A layer is a folder of test/; its tests are found by pattern, never listed by hand.
// @ts-check
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { exitStatusOf, repositoryRoot } from './process.mjs';

/** From fast to slow; a folder of test/ that is not named here is run after these. */
const order = ['scripts', 'engine', 'runtime', 'jobs', 'worker', 'cli', 'webview', 'host', 'e2e'];
/** Folders of test/ that hold no tests of their own. */
const notLayers = ['support', 'fixtures'];
/** Layers that open a real VS Code. */
export const layersWithVsCode = ['host', 'e2e'];

/** Longer than any layer takes on two cores by far; a layer that hangs ends here instead of at CI's own limit. */
const layerTimeoutMs = 12 * 60_000;

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ layer: string, counts: Counts, seconds: number, problem?: string }} LayerResult */

/** @returns {string[]} */
export function findLayers() {
  const folders = readdirSync(path.join(repositoryRoot, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !notLayers.includes(entry.name))
    .map((entry) => entry.name);
  return [...order, ...folders.filter((name) => !order.includes(name))];
}

/** @param {string} layer @param {string} output @returns {string[]} arguments of node */
function commandOf(layer, output) {
  if (layer === 'host') return ['--import', 'tsx', 'test/host/harness/run.ts', output];
  const mocha = ['node_modules/mocha/bin/mocha.js', '--forbid-only'];
  const report = ['--reporter', './test/support/layerReporter.cjs', '--reporter-option', `output=${output}`];
  return [...mocha, ...report, `test/${layer}/**/*.test.ts`];
}

/**
 * Runs one layer. A layer without a test has a problem, as has one whose tests failed or that ended early.
 * @param {string} layer @returns {Promise<LayerResult>}
 */
export async function runLayer(layer) {
  const output = path.join(repositoryRoot, 'out', 'test', `${layer}.json`);
  rmSync(output, { force: true });
  const started = performance.now();
  const status = await exitStatusOf(process.execPath, commandOf(layer, output), { timeoutMs: layerTimeoutMs });
  const seconds = (performance.now() - started) / 1000;
  if (!existsSync(output)) {
    return { layer, counts: { passed: 0, failed: 1, skipped: 0 }, seconds, problem: `ended with status ${status} before its tests were counted` };
  }
  const counts = /** @type {Counts} */ (JSON.parse(readFileSync(output, 'utf8')));
  const result = { layer, counts, seconds };
  if (counts.failed > 0) return { ...result, problem: `${counts.failed} failed` };
  if (counts.passed + counts.skipped === 0) return { ...result, problem: 'no test was found' };
  if (status !== 0) return { ...result, problem: `its tests passed but it ended with status ${status}` };
  return result;
}
