// `npm run bench [-- NAME ... --write]`: runs benchmarks, prints their tables; with --write puts them into
// docs/benchmarks.md, between the markers of their name.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../src/runtime/cpu';
import { sgemmSpeed } from '../src/runtime/sgemm';
import { benches } from './benches';
import { type Bench, type BenchResult, claimsTable, markdown } from './lib/bench';
import { root } from './lib/decant';

const DOCUMENT = join(root, 'docs', 'benchmarks.md');

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}. There are: ${benches.map((bench) => bench.name).join(', ')}.`);
  const chosen = names.length > 0 ? benches.filter((bench) => names.includes(bench.name)) : benches;
  for (const bench of chosen) {
    process.stderr.write(`\n── ${bench.title}\n`);
    const speed = await sgemmSpeed();
    const result = await bench.run((line) => process.stderr.write(`${line}\n`));
    const text = section(bench, result, speed);
    process.stdout.write(`\n${text}\n`);
    if (args.includes('--write')) writeSection(bench.name, text);
  }
}

function section(bench: Bench, result: BenchResult, gflops: number): string {
  const { cpu, threads, runtime, cpuFeatures } = environment('cpu');
  const date = new Date().toISOString().slice(0, 10);
  return [
    `## ${bench.title}`,
    '',
    `\`npm run bench -- ${bench.name}\` · ${date} · ${cpu}, ${threads} threads${cpuFeatures.length > 0 ? ` (${cpuFeatures.join(', ')})` : ''} · ${runtime} · sgemm-1024 ${gflops.toFixed(0)} GFLOP/s in this run`,
    '',
    claimsTable(result.claims),
    ...result.tables.flatMap((table) => ['', `**${table.title}**`, '', markdown(table.columns, table.rows)]),
  ].join('\n');
}

function writeSection(name: string, text: string): void {
  const begin = `<!-- bench:${name} -->`;
  const end = `<!-- /bench:${name} -->`;
  const block = `${begin}\n${text}\n${end}`;
  const document = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Benchmarks\n';
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  writeFileSync(DOCUMENT, from >= 0 && to > from
    ? document.slice(0, from) + block + document.slice(to + end.length)
    : `${document.trimEnd()}\n\n${block}\n`);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
