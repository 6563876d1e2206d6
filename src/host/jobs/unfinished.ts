// Compressions that ended with their window: a reload or a crash of VS Code leaves their folder without an end. The first
// view of Decant that opens offers to go on with them; nothing is read before.

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { readEvents, isEnd } from '../../jobs/eventLog';
import type { CompressRequest } from '../../protocol/jobs';
import { words } from '../language';
import type { JobCenter } from './jobCenter';
import { jobsFolder } from './jobFolders';

export interface UnfinishedJob {
  readonly folder: string;
  readonly request: CompressRequest;
}

export interface Unfinished {
  /** Asks what should become of each unfinished job, the newest first; once in the life of a window. */
  offer(): Promise<void>;
}

export interface UnfinishedParts {
  readonly jobs: Pick<JobCenter, 'running'>;
  readonly log: vscode.LogOutputChannel;
  /** Folder below which job folders are made. */
  readonly storage: string;
  readonly resume: (job: UnfinishedJob) => Promise<void>;
}

export function createUnfinished({ jobs, log, storage, resume }: UnfinishedParts): Unfinished {
  let offered = false;

  async function ask(job: UnfinishedJob): Promise<void> {
    const [goOn, discard] = [words('view.resume'), words('view.discard')];
    const text = words('view.unfinished', { name: path.basename(job.request.model) });
    const chosen = await vscode.window.showInformationMessage(text, goOn, discard);
    if (chosen === goOn) await resume(job);
    else if (chosen === discard) await rm(job.folder, { recursive: true, force: true });
  }

  return {
    async offer() {
      if (offered || !vscode.workspace.isTrusted) return;
      offered = true;
      try {
        const running = new Set(jobs.running().map(({ folder }) => folder));
        for (const job of await unfinishedJobs(storage)) if (!running.has(job.folder)) await ask(job);
      } catch (error) {
        log.warn(String(error));
      }
    },
  };
}

/** Compressions below `storage` that began and have no end, newest first; those whose model is gone cannot go on. */
export async function unfinishedJobs(storage: string): Promise<readonly UnfinishedJob[]> {
  const root = jobsFolder(storage);
  if (!existsSync(root)) return [];
  const folders = (await readdir(root)).sort().reverse().map((name) => path.join(root, name));
  return folders.flatMap((folder) => {
    const request = unfinishedRequest(folder);
    return request !== undefined && existsSync(request.model) ? [{ folder, request }] : [];
  });
}

function unfinishedRequest(folder: string): CompressRequest | undefined {
  const events = readEvents(folder);
  const [first] = events;
  if (first?.type !== 'started' || first.kind !== 'compress' || isEnd(events.at(-1))) return undefined;
  return first.request as CompressRequest;
}
