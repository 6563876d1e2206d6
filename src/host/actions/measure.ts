// Measuring a model: latency per layer, and accuracy on data. What comes out is kept with the model and shown in its editor.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { metricValueText } from '../../protocol/metrics';
import type { Dims } from '../../protocol/webviewMessages';
import { pickData } from '../data/dataChoices';
import type { Host } from '../host';
import { runVisibly } from '../jobs/visibleJobs';
import { metricWords, words } from '../language';
import { runSettings } from '../settings';

export async function profileModel(host: Host, model: string, dims: Dims = {}): Promise<void> {
  const profile = await runVisibly(host.jobs, host.log, 'profile', { model, dims, ...runSettings() }, { models: [model], name: path.basename(model) });
  host.models.learn(model, { profile });
  if (host.editors.isOpen(model)) return;
  const { median, p10, p90 } = profile.latency;
  void vscode.window.showInformationMessage(words('view.done.profile', { name: path.basename(model), median: rounded(median), p10: rounded(p10), p90: rounded(p90) }));
}

/** Asks for the data first; does nothing when no data was chosen. */
export async function evaluateModel(host: Host, model: string, dims: Dims = {}): Promise<void> {
  const data = await pickData(model, host.data, false);
  if (data === undefined || data === null) return;
  const request = { model, data, dims, trusted: vscode.workspace.isTrusted, ...runSettings() };
  const evaluation = await runVisibly(host.jobs, host.log, 'evaluate', request, { models: [model], name: path.basename(model) });
  host.models.learn(model, { evaluation });
  const { metric, samples } = evaluation;
  void vscode.window.showInformationMessage(words('view.done.evaluate', { name: path.basename(model), metric: metricWords(metric.name), value: metricValueText(metric.name, metric.value), samples }));
}

/** Four significant digits: as many as a notification needs. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
