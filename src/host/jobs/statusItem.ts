// The one status bar item: the job that runs and how far it is; a click cancels. Hidden when nothing runs.

import * as vscode from 'vscode';
import { readingKinds } from '../../protocol/jobs';
import { words } from '../language';
import type { JobCenter } from './jobCenter';
import { percentText, progressText } from './progressText';

export function createStatusItem(jobs: JobCenter): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('decant.job', vscode.StatusBarAlignment.Left);
  item.name = 'Decant';
  item.command = 'decant.cancelJob';
  const listening = jobs.onDidChange(() => {
    const job = jobs.running().find(({ kind }) => !readingKinds.has(kind));
    if (job === undefined) return item.hide();
    item.text = `$(sync~spin) ${words('view.job.statusBar', { activity: progressText({ progress: job.progress === null ? null : withoutLayer(job.progress) }), percent: percentText(job) })}`;
    item.tooltip = words('view.job.statusBar.tooltip', { title: job.title });
    item.show();
  });
  return vscode.Disposable.from(item, listening);
}

/** The status bar is narrow; the notification names the layer. */
function withoutLayer({ activity, params, fraction }: NonNullable<Parameters<typeof progressText>[0]['progress']>): NonNullable<Parameters<typeof progressText>[0]['progress']> {
  return { activity, fraction, ...(params === undefined ? {} : { params }) };
}
