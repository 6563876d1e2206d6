// Bundles the suites of test/host/suite and the harness extension with esbuild, so that they run in the Node.js of VS Code.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

/** Sources find files from `__dirname`; in a bundle that would be the bundle's folder, so each keeps its own. */
const keepDirname: Plugin = {
  name: 'keep-dirname',
  setup: (context) => {
    context.onLoad({ filter: /[\\/]test[\\/].*\.ts$/ }, ({ path: file }) => ({
      contents: `const __dirname = ${JSON.stringify(path.dirname(file))}; ${readFileSync(file, 'utf8')}`,
      loader: 'ts',
    }));
  },
};

const common: BuildOptions = {
  bundle: true, platform: 'node', format: 'cjs', target: 'node20', sourcemap: 'inline', logLevel: 'warning',
  external: ['vscode', 'mocha', 'onnxruntime-node'], plugins: [keepDirname],
};

/** Bundles every suite of a folder into `outputFolder`, one file for each. */
export async function bundleSuites(suiteFolder: string, outputFolder: string): Promise<void> {
  rmSync(outputFolder, { recursive: true, force: true });
  const suites = readdirSync(suiteFolder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  if (suites.length === 0) throw new Error(`There is no *.test.ts in ${suiteFolder}.`);
  await build({ ...common, entryPoints: suites.map((file) => path.join(suiteFolder, file)), outdir: outputFolder });
}

/** Lays the harness out as an installed extension inside `extensionsFolder`; gives its folder. */
export async function layOutHarness(extensionsFolder: string): Promise<string> {
  const folder = path.join(extensionsFolder, 'decant.decant-test-harness-0.0.1');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: 'decant-test-harness', publisher: 'decant', version: '0.0.1', engines: { vscode: '^1.100.0' },
    main: './extension.js', activationEvents: ['onStartupFinished'], extensionKind: ['workspace'],
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  await build({ ...common, entryPoints: [path.join(__dirname, 'extension.ts')], outfile: path.join(folder, 'extension.js') });
  return folder;
}
