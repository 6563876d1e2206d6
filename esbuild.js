// Bundles every program of the house into dist/ and writes the generated files. `--production` minifies, `--watch` stays.
// What is not written yet is passed over, so that a part can be built before the others exist.
'use strict';

const { copyFileSync, existsSync, readdirSync } = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const here = (...parts) => path.join(__dirname, ...parts);

/** Programs that run in Node: name in dist/ -> entry. */
const nodeEntries = {
  extension: 'src/extension.ts',
  worker: 'src/worker/main.ts',
  heartbeat: 'src/worker/heartbeat.ts',
  probe: 'src/runtime/probeChild.ts',
  cli: 'src/cli/main.ts',
};

const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
};

/** WebAssembly of the image decoders, read beside the bundle (src/runtime/decoders/wasm.ts); from source it is read in its packages. */
const codecs = ['@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', '@jsquash/webp/codec/dec/webp_dec.wasm'];

/** Options for programs of Node; the tests bundle their stand-ins with the same. */
function nodeOptions(entryPoints, outdir) {
  return {
    ...common,
    entryPoints,
    outdir,
    platform: 'node',
    format: 'cjs',
    // VS Code 1.100 (Electron 34) and the command both have Node 20 or newer.
    target: 'node20',
    // vscode is the host's; onnxruntime-node finds its native library beside itself.
    external: ['vscode', 'onnxruntime-node'],
    mainFields: ['module', 'main'],
  };
}

/** Every webview/*.ts is the entry of one page; its CSS imports become the .css beside it. */
function webviewOptions() {
  const pages = existsSync(here('webview')) ? readdirSync(here('webview')).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')) : [];
  return { ...common, entryPoints: pages.map((name) => here('webview', name)), outdir: here('dist/webview'), platform: 'browser', format: 'iife', target: 'es2022' };
}

function existing(entries) {
  return Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, here(file)]).filter(([, file]) => existsSync(file)));
}

/** scripts/generate.ts writes what is derived from the sources: translations for VS Code, the schema of recipes. */
async function generate() {
  if (existsSync(here('scripts/generate.ts'))) await require('tsx/cjs/api').require('./scripts/generate.ts', __filename).generate(__dirname);
}

async function main() {
  await generate();
  const { cli, ...others } = existing(nodeEntries);
  const builds = [nodeOptions(others, here('dist'))];
  if (cli !== undefined) builds.push({ ...nodeOptions({ cli }, here('dist')), banner: { js: '#!/usr/bin/env node' } });
  const webview = webviewOptions();
  if (webview.entryPoints.length > 0) builds.push(webview);
  if (watch) await Promise.all(builds.map(async (options) => (await esbuild.context({ ...options, logLevel: 'info' })).watch()));
  else await Promise.all(builds.map((options) => esbuild.build(options)));
  for (const codec of codecs) copyFileSync(require.resolve(codec), here('dist', path.basename(codec)));
}

module.exports = { nodeOptions };

if (require.main === module) {
  main().catch((error) => {
    // esbuild has printed its own messages; anything else needs its stack.
    if (error.errors === undefined) console.error(error);
    process.exitCode = 1;
  });
}
