// The harness inside the extension host: as soon as VS Code has started it runs the bundled suites with mocha and
// writes what happened as JSON. It is an extension of its own, so that Decant is tested as it ships.
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type Mocha from 'mocha';
import { harnessVariables, type HostResults, type HostTestResult } from './results';

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The harness needs the environment variable ${name}.`);
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * VS Code's own extensions share this process, and one of them looks for its service on the network whatever the
 * telemetry level. A name that is not found is never Decant's doing (it uses no network) and must not fail the test at hand.
 */
function passOverForeignErrors(before: ReadonlySet<NodeJS.UncaughtExceptionListener>): void {
  for (const listener of process.listeners('uncaughtException')) {
    if (before.has(listener)) continue;
    process.off('uncaughtException', listener);
    process.on('uncaughtException', (error: NodeJS.ErrnoException, origin) => {
      if (error.syscall !== 'getaddrinfo') listener(error, origin);
    });
  }
}

/** Runs every bundle of the folder; mocha is loaded from the repository, it does not bundle. */
function runSuites(folder: string, report: (result: HostTestResult) => void): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the path is known only at run time
  const MochaClass = require(variable(harnessVariables.mocha)) as typeof Mocha;
  const mocha = new MochaClass({ ui: 'bdd', timeout: 30_000, forbidOnly: true, reporter: 'min' });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.js'));
  for (const file of files.sort()) mocha.addFile(path.join(folder, file));
  const before = new Set(process.listeners('uncaughtException'));
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve());
    passOverForeignErrors(before);
    const record = (state: HostTestResult['state']) => (test: Mocha.Runnable, error?: unknown) => {
      report({ title: test.titlePath(), state, milliseconds: test.duration ?? 0, ...(error !== undefined && { error: messageOf(error) }) });
    };
    runner.on('pass', record('passed'));
    runner.on('fail', record('failed'));
    runner.on('pending', record('skipped'));
  });
}

/** Runs the suites and writes their results; VS Code's desktop test runner calls it by this name. */
export async function run(): Promise<void> {
  const results: HostTestResult[] = [];
  let problem: string | undefined;
  try {
    await runSuites(variable(harnessVariables.suite), (result) => results.push(result));
  } catch (error) {
    problem = messageOf(error);
  }
  const output = variable(harnessVariables.results);
  const document: HostResults = { results, ...(problem !== undefined && { problem }) };
  // Renamed into place, so that who waits for the file never reads half of it.
  writeFileSync(`${output}.part`, JSON.stringify(document));
  renameSync(`${output}.part`, output);
}

/** Installed beside Decant in a VS Code server, the harness starts by itself. */
export function activate(): void {
  void run();
}
