// `npm test`: installs what the tests need, builds, checks types and lint, runs every layer and counts.
// `npm test -- engine jobs` runs only those layers, without the checks. The last line is "N passed, N failed".
// @ts-check
import { installDebianPackages, installDependencies } from './lib/install.mjs';
import { findLayers, layersWithVsCode, runLayer } from './lib/layers.mjs';
import { announce, exitStatusOf, run, runScript } from './lib/process.mjs';
import { installVsCodeServer } from './lib/vscodeServer.mjs';

/** @typedef {import('./lib/layers.mjs').LayerResult} LayerResult */

/** Checks that count as one test each. */
const checks = ['typecheck', 'lint'];

/** @param {string} name an npm script @returns {Promise<LayerResult>} */
async function runCheck(name) {
  announce(name);
  const started = performance.now();
  const status = await exitStatusOf('npm', ['run', '--silent', name]);
  const result = { layer: name, seconds: (performance.now() - started) / 1000 };
  return status === 0
    ? { ...result, counts: { passed: 1, failed: 0, skipped: 0 } }
    : { ...result, counts: { passed: 0, failed: 1, skipped: 0 }, problem: `ended with status ${status}` };
}

/** @param {readonly string[]} layers */
async function prepare(layers) {
  await installDependencies();
  // libonnx-testdata: a model of every operator; libvulkan1: WebGPU without a GPU, on Chromium's software Vulkan; dataset-fashion-mnist: the full test set.
  await installDebianPackages(['libonnx-testdata', 'libvulkan1', 'dataset-fashion-mnist', 'chromium']);
  if (layers.some((layer) => layersWithVsCode.includes(layer))) await installVsCodeServer();
  announce('build');
  await run('npm', ['run', '--silent', 'build']);
}

/** @param {readonly LayerResult[]} results */
function printSummary(results) {
  announce('summary');
  for (const { layer, counts, seconds, problem } of results) {
    const row = `${layer.padEnd(10)} ${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(4)} failed ${String(counts.skipped).padStart(4)} skipped ${seconds.toFixed(1).padStart(7)} s`;
    console.log(problem === undefined ? row : `${row}   PROBLEM: ${problem}`);
  }
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) => results.reduce((total, { counts }) => total + counts[key], 0);
  const skipped = sum('skipped');
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
}

async function main() {
  const known = findLayers();
  const asked = process.argv.slice(2);
  const unknown = asked.filter((layer) => !known.includes(layer));
  if (unknown.length > 0) throw new Error(`There is no test layer ${unknown.join(', ')}. The layers are: ${known.join(', ')}.`);
  const layers = asked.length > 0 ? asked : known;
  await prepare(layers);
  /** @type {LayerResult[]} */
  const results = [];
  if (asked.length === 0) for (const name of checks) results.push(await runCheck(name));
  for (const layer of layers) {
    announce(`tests: ${layer}`);
    results.push(await runLayer(layer));
  }
  printSummary(results);
  return results.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

runScript(main);
