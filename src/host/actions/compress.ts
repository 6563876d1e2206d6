// Compressing a model, by the form or by a recipe file. The job writes the new model and its report beside the old one;
// afterwards the review shows them.

import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CompressRequest } from '../../protocol/jobs';
import { metricChangeText } from '../../protocol/metrics';
import type { RecipeDocument } from '../../protocol/recipe';
import type { CompressReport } from '../../protocol/report';
import type { CompressChoice } from '../../protocol/webviewMessages';
import type { Host } from '../host';
import type { UnfinishedJob } from '../jobs/unfinished';
import { runVisibly, tellFailure } from '../jobs/visibleJobs';
import { metricWords, words } from '../language';
import { runSettings } from '../settings';
import { UserError } from '../userError';

/** The request that the form stands for. */
export function compressRequest(model: string, choice: CompressChoice): CompressRequest {
  return {
    model,
    recipe: { version: 1, passes: [{ pass: choice.pass, ...choice.options }] },
    report: true,
    trusted: vscode.workspace.isTrusted,
    ...(choice.data === null ? {} : { data: choice.data }),
    ...(Object.keys(choice.dims).length === 0 ? {} : { dims: choice.dims }),
    ...runSettings(),
  };
}

export async function compressModel(host: Host, model: string, choice: CompressChoice): Promise<void> {
  host.data.remember(model, choice.data);
  await runCompress(host, compressRequest(model, choice));
}

/** Runs a recipe file on the model it names, or on `chosenModel` where it names none. */
export async function runRecipe(host: Host, file: string, chooseModel: () => Promise<string | undefined>): Promise<void> {
  const recipe = await readRecipe(file);
  const model = recipe.model === undefined ? await chooseModel() : path.resolve(path.dirname(file), recipe.model);
  if (model === undefined) return;
  await runCompress(host, { model, recipe, recipeFile: file, report: true, trusted: vscode.workspace.isTrusted, ...runSettings() });
}

/** What the job needs to be asked at all; the rest of the recipe is checked by the job, which names the place. */
async function readRecipe(file: string): Promise<RecipeDocument> {
  const name = path.basename(file);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UserError(words('view.error.recipe', { name, reason: error instanceof Error ? error.message : String(error) }), { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || !('passes' in parsed)) throw new UserError(words('view.error.recipe', { name, reason: '"passes"' }));
  return parsed as RecipeDocument;
}

/** Goes on with a compression that ended with its window. */
export async function resumeCompress(host: Host, { folder, request }: UnfinishedJob): Promise<void> {
  try {
    await runCompress(host, { ...request, trusted: vscode.workspace.isTrusted }, folder);
  } catch (error) {
    // Told already, unless it failed before the job began.
    await tellFailure(error, host.log);
  }
}

async function runCompress(host: Host, request: CompressRequest, resume?: string): Promise<void> {
  const { model } = request;
  const report = await runVisibly(host.jobs, host.log, 'compress', request, { models: [model], name: path.basename(model), keep: true, ...(resume === undefined ? {} : { resume }) });
  const stored = await host.reports.add(reportFile(report.output));
  void host.review.show(stored?.id);
  void offerNext(host, report);
}

/** The report that the job writes beside its output. */
function reportFile(output: string): string {
  return output.replace(/\.onnx$/i, '.report.json');
}

async function offerNext(host: Host, report: CompressReport): Promise<void> {
  const open = words('view.openCompressed');
  const review = words('view.showReview');
  const chosen = await vscode.window.showInformationMessage(doneText(report), open, review);
  if (chosen === open) await host.editors.open(report.output);
  else if (chosen === review) await host.review.show();
}

function doneText({ output, before, after, delta, metricName }: CompressReport): string {
  const params = { output: path.basename(output), before: sizeText(before.bytes), after: sizeText(after.bytes), change: percentChange(before.bytes, after.bytes) };
  if (delta.metric === null || metricName === null) return words('view.done.compress', params);
  return words('view.done.compressMetric', { ...params, metric: metricWords(metricName), metricChange: metricChangeText(metricName, delta.metric.value) });
}

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)}\u00a0kB` : `${(bytes / 1e6).toFixed(2)}\u00a0MB`;
}

function percentChange(before: number, after: number): string {
  const percent = (after / before - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(0)}\u202f%`;
}
