// `npm start`: from a fresh clone to a compressed model. Installs, builds, compresses the model of examples/ with its
// recipe and its data, and prints the layer table. Every run writes into a new folder: nothing is overwritten.
// @ts-check
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installDependencies } from './lib/install.mjs';
import { announce, exitStatusOf, repositoryRoot, run, runScript } from './lib/process.mjs';

/** Makes and names the first free folder out/start/N. */
function makeFreshFolder() {
  const parent = path.join('out', 'start');
  mkdirSync(path.join(repositoryRoot, parent), { recursive: true });
  const taken = readdirSync(path.join(repositoryRoot, parent)).map(Number).filter(Number.isInteger);
  const folder = path.join(parent, String(Math.max(0, ...taken) + 1));
  mkdirSync(path.join(repositoryRoot, folder));
  return folder;
}

/** The recipe of examples/ and the model it names (a path relative to the recipe). */
function findExample() {
  const name = readdirSync(path.join(repositoryRoot, 'examples')).sort().find((file) => file.endsWith('.recipe.json'));
  if (name === undefined) throw new Error('examples/ holds no *.recipe.json. Is the clone complete?');
  const recipe = path.join('examples', name);
  const { model } = /** @type {{ model?: string }} */ (JSON.parse(readFileSync(path.join(repositoryRoot, recipe), 'utf8')));
  if (model === undefined) throw new Error(`${recipe} names no model.`);
  return { recipe, model: path.join('examples', model) };
}

async function main() {
  await installDependencies();
  announce('Building');
  await run('npm', ['run', '--silent', 'build']);
  const { recipe, model } = findExample();
  const folder = makeFreshFolder();
  const output = path.join(folder, `${path.basename(model, '.onnx')}.int8.onnx`);
  const report = path.join(folder, `${path.basename(model, '.onnx')}.int8.report.json`);
  announce(`decant compress ${model} --recipe ${recipe} -o ${output} --report ${report}`);
  return exitStatusOf(process.execPath, ['dist/cli.js', 'compress', model, '--recipe', recipe, '-o', output, '--report', report]);
}

runScript(main);
