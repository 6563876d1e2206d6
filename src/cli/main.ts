// Entry of the `decant` command: parses, acts, and turns every end into an exit status. It never loads onnxruntime.

import path from 'node:path';
import { CommanderError } from 'commander';
import { version } from '../../package.json';
import { errorText, exitStatus, type ErrorData } from '../protocol/errors';
import { JobError } from '../protocol/jobs';
import { createActions } from './actions';
import { buildProgram } from './program';
import { createLook, printable } from './terminal';
import { shortestPath } from './paths';
import { UsageProblem } from './usage';
import { usageError } from './usageText';

const args = process.argv.slice(2);
const look = createLook(process.stderr);

/** Jobs take absolute paths; a person is told the shorter of those and the paths from here. */
function withShortPaths(error: ErrorData): ErrorData {
  const params = Object.entries(error.params).map(([name, value]) => [name, typeof value === 'string' && path.isAbsolute(value) ? shortestPath(value) : value] as const);
  return { ...error, params: Object.fromEntries(params) };
}

/** An error goes to standard error as one sentence, with --json too: standard output holds the document or nothing. */
function fail(error: ErrorData): number {
  const label = look.style('red', `${look.say('command.error')}:`);
  process.stderr.write(`${label} ${printable(errorText(withShortPaths(error), look.language))}\n`);
  if (error.code === 'internal' && error.detail !== undefined) process.stderr.write(`${look.style('dim', printable(error.detail))}\n`);
  return exitStatus(error);
}

async function main(): Promise<number> {
  let status = 0;
  const program = buildProgram(version, createLook(process.stdout), createActions(createLook(process.stdout), fail), (result) => {
    status = result;
  });
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError || error instanceof UsageProblem) return fail(usageError(error, args));
    if (error instanceof JobError) return fail(error.data);
    const reason = error instanceof Error ? error.message : String(error);
    const detail = error instanceof Error ? error.stack : undefined;
    return fail({ code: 'internal', params: { activity: 'progress.starting', reason }, ...(detail !== undefined && { detail }) });
  }
}

// A reader that had enough (`decant inspect m.onnx | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

void main().then((status) => {
  process.exitCode = status;
});
