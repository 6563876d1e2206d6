// The message loop of the background process: wires the parent's messages to the job loop, and leaves with the parent.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { JobRunners } from '../jobs/job';
import type { FromWorker, ToWorker } from '../protocol/workerMessages';
import { createJobLoop } from './jobLoop';

/** Starts the heartbeat thread, whose bundle lies beside this one. It does not keep the process alive. */
export function startHeartbeat(): void {
  if (process.send === undefined) throw new Error('This program is started by decant and is of no use alone.');
  new Worker(join(__dirname, 'heartbeat.js')).unref();
}

/** Serves jobs until the parent says `shutdown` or goes away. */
export function serve(runners: JobRunners): void {
  const loop = createJobLoop(runners, send);

  process.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'start':
        loop.start(message);
        break;
      case 'cancel':
        loop.cancel(message.job);
        break;
      case 'shutdown':
        leave(0);
    }
  });
  process.on('disconnect', () => process.exit());
  // Ctrl-C in a terminal reaches the whole group; the parent decides what it means and says so in a message.
  process.on('SIGINT', () => undefined);
  // After an error that nobody caught the state is unknown: say what happened, then leave.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? String(error)}\n`);
    loop.fail(error);
    leave(1);
  });

  send({ type: 'ready', pid: process.pid });
}

let unsent = 0;
let leaving: number | undefined;

function send(message: FromWorker): void {
  if (process.send === undefined || !process.connected) return;
  unsent += 1;
  process.send(message, undefined, undefined, () => {
    unsent -= 1;
    if (leaving !== undefined) leave(leaving);
  });
}

/** Exits as soon as everything said has been handed over. */
function leave(status: number): void {
  leaving = status;
  if (unsent === 0) process.exit(status);
}
