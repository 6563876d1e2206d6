// One background process seen from its parent: started, listened to, watched, and its end explained. Knows no jobs.

import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { HEARTBEAT_FD, HEARTBEAT_MS, type FromWorker, type ToWorker } from '../../protocol/workerMessages';
import type { Death } from './death';

export interface ChildOptions {
  /** Path of the bundled worker. */
  readonly entry: string;
  /** Program to run it with; default the parent's own (`process.execPath`). */
  readonly nodePath?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Every line the child prints. */
  readonly log?: (line: string) => void;
  readonly heartbeatLimitMs: number;
}

export interface Child {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  /** At once and unconditionally. */
  kill(): void;
}

/** Lines of output kept as last words: V8 prints some 40 lines of stack after its reason for aborting. */
const LAST_LINES = 80;
/** How long (ms) after the exit its last output and messages may still arrive; a grandchild may hold the pipes open for ever. */
const DRAIN_MS = 300;

/** Starts a process; `onEnd` is called exactly once, after the last message. */
export function startChild(options: ChildOptions, onMessage: (message: FromWorker) => void, onEnd: (death: Death) => void): Child {
  const stdio: ('ignore' | 'pipe' | 'ipc')[] = ['ignore', 'pipe', 'pipe', 'ipc'];
  stdio[HEARTBEAT_FD] = 'pipe';
  const child = fork(options.entry, [], {
    execArgv: [],
    env: { ...process.env, ...options.env, ELECTRON_RUN_AS_NODE: '1' },
    serialization: 'advanced',
    stdio,
    ...(options.nodePath !== undefined && { execPath: options.nodePath }),
  });
  const lastWords: string[] = [];
  let silent = false;
  let ended = false;
  let closed = false;

  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lastWords.push(line);
      if (lastWords.length > LAST_LINES) lastWords.shift();
      options.log?.(line);
    });
  }

  const stopWatching = watch(child.stdio[HEARTBEAT_FD] as Readable, options.heartbeatLimitMs, () => {
    silent = true;
    child.kill('SIGKILL');
  });

  function end(how: Pick<Death, 'exitCode' | 'signal' | 'startError'>): void {
    if (ended) return;
    ended = true;
    stopWatching();
    onEnd({ ...how, silent, lastWords });
  }

  child.on('message', (message) => {
    if (!ended) onMessage(message as FromWorker);
  });
  // A failed start (no such program) has no exit.
  child.on('error', (error) => {
    if (child.pid === undefined) end({ exitCode: null, signal: null, startError: error.message });
    else options.log?.(error.message);
  });
  child.on('close', () => {
    closed = true;
  });
  child.on('exit', (exitCode, signal) => {
    const finish = (): void => end({ exitCode, signal });
    const timer = setTimeout(finish, DRAIN_MS);
    const poll = (): void => {
      if (!closed || child.connected) return;
      clearTimeout(timer);
      // One more turn, for messages and lines already read.
      setImmediate(finish);
    };
    child.on('close', poll);
    child.on('disconnect', poll);
    poll();
  });

  return {
    pid: child.pid,
    send(message) {
      // A message to a process that just died is lost with it; `exit` tells.
      if (child.connected) child.send(message, () => undefined);
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

/** Calls `onSilence` once when no beat came for `limit` ms. Returns a function that stops the watch. */
function watch(pipe: Readable, limit: number, onSilence: () => void): () => void {
  const interval = Math.min(HEARTBEAT_MS, limit / 4);
  let lastBeat = performance.now();
  let lastTick = lastBeat;
  pipe.on('data', () => {
    lastBeat = performance.now();
  });
  // The child's end breaks when it is killed; `exit` tells that.
  pipe.on('error', () => undefined);
  const timer = setInterval(() => {
    const now = performance.now();
    // A late tick means that we slept (a closed laptop) or were blocked; beats may wait unread.
    if (now - lastTick > limit / 2) lastBeat = now;
    lastTick = now;
    if (now - lastBeat <= limit) return;
    clearInterval(timer);
    onSilence();
  }, interval);
  return () => clearInterval(timer);
}
