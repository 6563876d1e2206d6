// Starts programs for the scripts of this folder. Node builtins only: it runs before node_modules exists.
// @ts-check
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** How long a program may take to end after it was asked to. */
const graceMs = 5_000;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] folder to run in, relative to the repository (default: its root)
 * @property {Record<string, string>} [env] variables added to those of this process
 * @property {number} [timeoutMs] after this the program and its children are killed and the run counts as failed
 */

/**
 * Runs a program with our output and no input and gives its exit status (1 where a signal ended it).
 * @param {string} program @param {readonly string[]} args @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function exitStatusOf(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: path.resolve(repositoryRoot, options.cwd ?? '.'),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'inherit', 'inherit'],
      // A group of its own, so that a run over its time takes its children (a browser, a server) along.
      detached: true,
    });
    const signalGroup = (/** @type {NodeJS.Signals} */ signal) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal);
    };
    // First asked, so that it can end what it started in groups of its own (a VS Code server); then made to.
    const endGroup = () => {
      signalGroup('SIGTERM');
      setTimeout(() => signalGroup('SIGKILL'), graceMs).unref();
    };
    let interrupted = false;
    const stop = () => {
      interrupted = true;
      endGroup();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => {
      console.error(`${program} ${args.join(' ')} took longer than ${(options.timeoutMs ?? 0) / 1000} s and was ended.`);
      endGroup();
    }, options.timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      if (interrupted) process.exit(130);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code) => {
      settle();
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a program that has to succeed.
 * @param {string} program @param {readonly string[]} args @param {RunOptions} [options]
 * @returns {Promise<void>}
 */
export async function run(program, args, options = {}) {
  const status = await exitStatusOf(program, args, options);
  if (status !== 0) throw new Error(`"${program} ${args.join(' ')}" ended with status ${status}.`);
}

/**
 * Says on standard error what a script is about to do.
 * @param {string} text
 */
export function announce(text) {
  console.error(`\n== ${text}`);
}

/**
 * Runs the main function of a script; its error becomes one line and exit status 1.
 * @param {() => Promise<number | void>} main
 */
export function runScript(main) {
  main().then(
    (status) => {
      process.exitCode = status ?? 0;
    },
    (/** @type {unknown} */ error) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
}
