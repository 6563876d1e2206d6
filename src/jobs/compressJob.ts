// `decant compress`: validates the recipe, runs its passes with a checkpoint after each, measures original and result side
// by side, and writes model and report. Nothing is written to its final place before all of it is there.

import { access, constants, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { inspectModel } from '../engine/analysis/inspect';
import type { Dataset } from '../engine/data/dataset';
import { EngineError } from '../engine/error';
import { releaseModel } from '../engine/ir/codec';
import { requireValid } from '../engine/ir/check/check';
import type { Model } from '../engine/ir/model';
import { originalOrigins, saveOrigins } from '../engine/passes/origins';
import { validateRecipe, type ValidPass, type ValidRecipe } from '../engine/passes/recipe';
import { initialState, runPasses, type RunState } from '../engine/passes/runPasses';
import type { Runtime } from '../engine/ports';
import type { CompressRequest } from '../protocol/jobs';
import type { CompressReport, Finding, StepReport } from '../protocol/report';
import { said } from '../protocol/text/index';
import { exists, writeAtomically, writeError } from '../runtime/files';
import { saveModel, savedBytes } from '../runtime/saveModel';
import { createRuntime } from '../runtime/sessions';
import { loadState, passCheckpoint, requireSameInputs, type Resumed, saveState } from './compressState';
import { sha256OfFiles } from './hashes';
import { requireDims, requireSizes } from './dims';
import type { JobContext, JobRunner } from './job';
import { measurePair, measureWeights } from './measure';
import { openModel, type OpenModel, withModel } from './openModel';
import { freeOutput, outputPath, reportPath } from './outputName';
import { Phases } from './phases';
import { DEFAULT_SPLIT, withData } from './samples';
import { targetOf } from './target';

/** Seed where neither the request nor the recipe names one. */
const DEFAULT_SEED = 0;
/** Share of the passes in the time of the job, beside the measuring. */
const PASSES_WEIGHT = 8;

export const compress: JobRunner<'compress'> = async (asked, context) => {
  const recipe = validateRecipe(asked.recipe, asked.recipeFile === undefined ? 'command' : { file: asked.recipeFile });
  const request = withRecipe(asked, recipe);
  await requireWritable(request);
  return withModel(request.model, (before) => {
    requireDims(before.model, request.dims);
    return withData(request, before.model, async (data) => {
      const needing = recipe.passes.find(({ pass }) => pass.data === 'required');
      if (needing !== undefined && data === undefined) throw new EngineError('dataNeeded', { what: needing.pass.id });
      requireSizes(before.model, request.dims);
      return run({ request, recipe, before, data, context, runtime: createRuntime(), others: [] });
    });
  });
};

/** A place that cannot be written is better known before the work than after it. */
async function requireWritable({ model, output, report }: CompressRequest): Promise<void> {
  for (const file of [output, report]) {
    if (typeof file === 'string' && await exists(file)) throw new EngineError('outputUnwritable', { file, reason: 'reason.exists' });
  }
  const places = [output ?? outputPath(model, []), ...(typeof report === 'string' ? [report] : [])];
  for (const file of places) {
    await access(dirname(file), constants.W_OK).catch((error: unknown) => {
      throw writeError(error, file);
    });
  }
}

interface Task {
  readonly request: CompressRequest;
  readonly recipe: ValidRecipe;
  readonly before: OpenModel;
  readonly data: Dataset | undefined;
  readonly context: JobContext;
  readonly runtime: Runtime;
  /** Models that passes opened beside the recipe's own (teachers); closed at the end. */
  readonly others: Model[];
}

async function run(task: Task): Promise<CompressReport> {
  const { request, recipe, before, data, context } = task;
  const phases = new Phases(context, [1, PASSES_WEIGHT, ...measureWeights, 1]);
  phases.begin('progress.reading');
  const inputs = await sha256OfFiles([request.model, ...sideFiles(before.model), ...teachersOf(recipe, request), ...(data?.files ?? [])], context.signal);
  const resumed = context.resume && context.folder !== undefined ? await loadState(context.folder) : undefined;
  try {
    if (resumed !== undefined) requireSameInputs(resumed.inputs, inputs);
    const steps: StepReport[] = [...(resumed?.steps ?? [])];
    const { state, result } = await compressed(task, resumed, steps, inputs, phases);
    const after: OpenModel = { path: request.model, model: result, bytes: savedBytes(result, wantedOutput(request, recipe)) };
    const comparison = await measurePair({
      before, after, inputs, origins: state.origins, forms: state.forms, touched: state.touched, findings: [...state.findings, ...measuredOnTrained(task, steps)],
    }, task.runtime, data, request, context, phases);
    const last = steps.at(-1);
    if (last !== undefined) steps[steps.length - 1] = { ...last, metric: comparison.after.metric };
    phases.begin('progress.saving');
    return await save(request, recipe, result, { ...comparison, recipe: recipe.document, output: '', steps });
  } finally {
    for (const model of [...(resumed === undefined ? [] : [resumed.state.model]), ...task.others]) await releaseModel(model);
  }
}

/** Splits that training uses: to train on, and to choose the best epoch by. */
const trainingSplits: readonly string[] = ['train', 'validation'];

function measuredOnTrained({ request, data }: Task, steps: readonly StepReport[]): Finding[] {
  const split = request.split ?? DEFAULT_SPLIT;
  if (data === undefined || !(data.shared || trainingSplits.includes(split)) || !steps.some(({ training }) => training !== undefined)) return [];
  return [{ severity: 'warning', ...said('finding.measuredOnTrained', { split, file: data.path }) }];
}

/** Runs the passes that are left and gives the state and the model with its origins written down. */
async function compressed(
  task: Task, resumed: Resumed | undefined, steps: StepReport[], inputs: Readonly<Record<string, string>>, phases: Phases,
): Promise<{ readonly state: RunState; readonly result: Model }> {
  const { request, recipe, before, data, context, runtime } = task;
  const start = resumed?.state ?? initialState(before.model, await originalOrigins(before.model));
  let told = start.findings.length;
  const phase = phases.begin('progress.running', { pass: recipe.passes.map(({ pass }) => pass.id).join(', ') });
  const state = await runPasses(start, recipe.passes, {
    runtime,
    ...(data && { data }),
    provider: request.provider ?? 'cpu',
    threads: request.threads ?? runtime.defaultThreads,
    dims: request.dims ?? {},
    target: targetOf(recipe.document.target),
    original: before.model,
    openModel: (path) => openOther(besideRecipe(request, path), task.others),
    ...(request.metric !== undefined && { metric: request.metric }),
    seed: request.seed ?? recipe.document.seed ?? DEFAULT_SEED,
    signal: context.signal,
    ...(context.folder !== undefined && { checkpoint: (step: number, call?: string) => passCheckpoint(context.folder ?? '', step, call) }),
    progress: ({ fraction, layer, activity, params }) => phase.report(fraction, layer, { activity, ...(params && { params }) }),
  }, {
    from: resumed?.step ?? 0,
    onStep: async (index, pass, current, seconds, { training, importance, factors }) => {
      // An invalid model goes no further: neither into a checkpoint nor to its place.
      await requireValid(current.model, pass.pass.id, before.model);
      const step = { ...await stepReport(pass, current.model, seconds, request), ...(training !== undefined && { training }), ...(importance !== undefined && { importance }), ...(factors !== undefined && { factors }) };
      steps.push(step);
      context.emit({ type: 'step', index, step });
      for (const finding of current.findings.slice(told)) context.emit({ type: 'finding', finding });
      told = current.findings.length;
      if (context.folder === undefined) return;
      const file = await saveState(context.folder, index + 1, current, steps, inputs);
      context.emit({ type: 'checkpoint', step: index + 1, file });
    },
  });
  return { state, result: saveOrigins(state.model, { source: inputs[request.model] ?? '', origins: state.origins }) };
}

async function stepReport({ pass, options }: ValidPass, model: Model, seconds: number, request: CompressRequest): Promise<StepReport> {
  const bytes = savedBytes(model, request.output ?? request.model);
  const { totals } = await inspectModel(model, { path: request.model, bytes, dims: request.dims ?? {} });
  // The metric after the last pass is measured with the result; between passes it would cost more than it tells.
  return { pass: pass.id, options, seconds, bytes, parameters: totals.parameters, macs: totals.macs, metric: null };
}

/** What the recipe names and the request does not: model, data and target are relative to the recipe. */
function withRecipe(request: CompressRequest, { document }: ValidRecipe): CompressRequest {
  return {
    ...request,
    model: request.model,
    ...(request.data === undefined && document.data !== undefined && { data: besideRecipe(request, document.data) }),
  };
}

/** A path in a recipe is relative to the recipe. */
function besideRecipe({ recipeFile }: CompressRequest, path: string): string {
  return resolve(recipeFile === undefined ? '.' : dirname(recipeFile), path);
}

/** Models that passes learn from, by the option that names them. */
function teachersOf(recipe: ValidRecipe, request: CompressRequest): string[] {
  return recipe.passes.flatMap(({ options: { teacher } }) => (typeof teacher === 'string' ? [besideRecipe(request, teacher)] : []));
}

async function openOther(path: string, opened: Model[]): Promise<Model> {
  const { model } = await openModel(path);
  opened.push(model);
  return model;
}

/** Files that weights are in, beside the model itself, which is opened first. */
function sideFiles(model: Model): string[] {
  return model.sources.slice(1).map((source) => source.name);
}

function wantedOutput(request: CompressRequest, recipe: ValidRecipe): string {
  return request.output ?? outputPath(request.model, recipe.passes.map(({ pass }) => pass.suffix));
}

async function save(request: CompressRequest, recipe: ValidRecipe, model: Model, report: CompressReport): Promise<CompressReport> {
  const output = request.output ?? await freeOutput(wantedOutput(request, recipe));
  const reportFile = typeof request.report === 'string' ? request.report : reportPath(output);
  const saved = await saveModel(model, output);
  const complete: CompressReport = {
    ...report,
    output,
    after: { ...report.after, bytes: saved.bytes },
    delta: { ...report.delta, bytes: saved.bytes - report.before.bytes },
    warnings: [...report.warnings, ...saved.findings],
  };
  if (request.report === undefined) return complete;
  try {
    await writeAtomically(reportFile, (sink) => sink.write(new TextEncoder().encode(`${JSON.stringify(complete, null, 2)}\n`)));
  } catch (error) {
    // All or none: an error says that nothing was changed.
    for (const file of saved.files) await unlink(file);
    throw error;
  }
  return complete;
}
