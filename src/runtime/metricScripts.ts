// Runs a user's metric program as a process of its own: it gets one JSON line a sample on standard input, and the last
// line it prints is the number. A module may export a function instead, which is given the samples.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError, errorMessage } from '../engine/error';
import type { MetricScripts } from '../engine/ports';

/** Imports the module; a function it exports by default gets the samples and returns the number. */
const RUN_MODULE = `
import { createInterface } from 'node:readline';
const module = await import(process.argv[1]);
if (typeof module.default === 'function') {
  async function* samples() {
    for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line);
  }
  console.log(await module.default(samples()));
}`;

/** What is kept of a program's words for the message. */
const LAST_WORDS = 2000;

export const nodeMetricScripts: MetricScripts = {
  async run(spec, base, lines) {
    const name = typeof spec === 'string' ? spec : spec.command.join(' ');
    const failed = (reason: string, cause?: unknown): EngineError => new EngineError('metricFailed', { metric: name, reason }, { cause });
    const [program, ...args] = typeof spec === 'string'
      ? [process.execPath, '--input-type=module', '--eval', RUN_MODULE, pathToFileURL(resolve(base, spec)).href]
      : spec.command;
    if (program === undefined) throw failed('its command is empty');

    // Inside VS Code the executable is Electron; the variable makes it Node.
    const child = spawn(program, args, { cwd: base, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => { output = (output + data.toString()).slice(-LAST_WORDS); });
    child.stderr.on('data', (data: Buffer) => { errors = (errors + data.toString()).slice(-LAST_WORDS); });
    // A program that has read enough may close its input; its answer counts, not the broken pipe.
    let closed = false;
    child.stdin.on('error', () => { closed = true; });
    const ended = new Promise<number | null>((done, reject) => {
      child.once('error', reject);
      child.once('close', done);
    });
    const failure = ended.then(() => undefined, (error: unknown) => failed(errorMessage(error), error));

    try {
      for await (const line of lines) {
        if (closed || child.exitCode !== null) break;
        if (!child.stdin.write(`${line}\n`)) {
          const drained = new Promise<void>((resume) => void child.stdin.once('drain', resume).once('close', resume));
          await Promise.race([drained, failure]);
        }
      }
    } finally {
      child.stdin.end();
    }
    const error = await failure;
    if (error !== undefined) throw error;
    const status = await ended;
    const lastWords = errors.trim().split('\n').at(-1) ?? '';
    if (status !== 0) throw failed(`it ended with status ${status ?? 'unknown'}${lastWords === '' ? '' : `: ${lastWords}`}`);
    const last = output.trim().split('\n').at(-1) ?? '';
    const value = Number(last);
    if (last === '' || Number.isNaN(value)) throw failed(`its last line is "${last}", not a number`);
    return value;
  },
};
