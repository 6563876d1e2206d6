// Comparing two models that are there already. The result is shown in the review; no file is written.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { pickData } from '../data/dataChoices';
import type { Host } from '../host';
import { runVisibly } from '../jobs/visibleJobs';
import { runSettings } from '../settings';

export async function compareModels(host: Host, before: string, after: string): Promise<void> {
  const data = await pickData(before, host.data, true);
  if (data === undefined) return;
  const name = `${path.basename(before)} ↔ ${path.basename(after)}`;
  const request = { before, after, trusted: vscode.workspace.isTrusted, ...(data === null ? {} : { data }), ...runSettings() };
  const report = await runVisibly(host.jobs, host.log, 'compare', request, { models: [before, after], name });
  const { id } = host.reports.addUnsaved(name, report, { before, after });
  await host.review.show(id);
}
