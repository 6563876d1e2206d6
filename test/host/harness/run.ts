// Runs test/host/suite/**/*.test.ts inside the extension host of a real VS Code and prints what happened.
// Usage: node --import tsx test/host/harness/run.ts [COUNTS.json]
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runInHost } from './inHost';
import { printResults } from './print';

async function main(): Promise<void> {
  const counts = printResults(await runInHost('test/host/suite'));
  const [countsFile] = process.argv.slice(2);
  if (countsFile !== undefined) {
    mkdirSync(path.dirname(countsFile), { recursive: true });
    writeFileSync(countsFile, JSON.stringify(counts));
  }
  process.exitCode = counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0;
}

void main();
