// The two background processes of a window, each started when first needed: one for short questions (what is in this
// file, which passes are there), one for jobs that run models, so that a model can be opened while another is compressed.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { type JobClient, type JobKind, readingKinds } from '../../protocol/jobs';
import { SECTION, nodePath } from '../settings';

export type ClientFactory = () => Promise<JobClient>;

export interface Clients extends vscode.Disposable {
  of(kind: JobKind): Promise<JobClient>;
  /** Puts another client in the place of both until `reset`; for tests. */
  replace(factory: ClientFactory): void;
  reset(): void;
}

export function createClients(extensionPath: string, log: vscode.LogOutputChannel): Clients {
  const real: ClientFactory = () => startClient(extensionPath, log);
  let factory = real;
  const started = new Map<'short' | 'long', Promise<JobClient>>();

  function stop(): void {
    for (const client of started.values()) void client.then((running) => running.dispose()).catch((error: unknown) => log.error(String(error)));
    started.clear();
  }
  const watching = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration(`${SECTION}.nodePath`)) stop();
  });

  return {
    of(kind) {
      const lane = readingKinds.has(kind) ? 'short' : 'long';
      let client = started.get(lane);
      if (client === undefined) {
        client = factory();
        started.set(lane, client);
        client.catch(() => started.delete(lane));
      }
      return client;
    },
    replace(next) {
      stop();
      factory = next;
    },
    reset() {
      stop();
      factory = real;
    },
    dispose() {
      watching.dispose();
      stop();
    },
  };
}

/** The client's code is loaded only here, so that activation does not pay for it. */
async function startClient(extensionPath: string, log: vscode.LogOutputChannel): Promise<JobClient> {
  const { createJobClient } = await import('../../worker/client');
  const program = nodePath();
  return createJobClient({
    entry: path.join(extensionPath, 'dist', 'worker.js'),
    ...(program === undefined ? {} : { nodePath: program }),
    log: (line) => log.info(line),
  });
}
