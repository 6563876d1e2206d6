// Cancels the job that runs; asks which where there are several.

import * as vscode from 'vscode';
import { readingKinds } from '../../protocol/jobs';
import type { Host } from '../host';
import { progressText } from '../jobs/progressText';
import { words } from '../language';

export async function cancelJob(host: Host): Promise<void> {
  const running = host.jobs.running().filter(({ kind }) => !readingKinds.has(kind));
  const [first] = running;
  if (first === undefined) {
    void vscode.window.showInformationMessage(words('view.job.none'));
    return;
  }
  if (running.length === 1) return first.cancel();
  const items = running.map((job) => ({ label: job.title, description: progressText(job), job }));
  const picked = await vscode.window.showQuickPick(items, { title: words('view.job.cancelWhich') });
  picked?.job.cancel();
}
