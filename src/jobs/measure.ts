// What compress and compare have in common: both models on the same samples (paired metric, output errors) and in one
// interleaved run (latency in total and per layer), joined to one report.

import { inspectModel } from '../engine/analysis/inspect';
import type { Dataset } from '../engine/data/dataset';
import { layerReports } from '../engine/report/layerReport';
import { figuresDelta } from '../engine/report/figures';
import { outputErrors, type OutputError } from '../engine/report/outputError';
import { fixedBatch } from '../engine/ir/signature';
import type { Runtime } from '../engine/ports';
import type { DataOptions, RunOptions } from '../protocol/jobs';
import type { CompareReport, Finding, InspectReport, LayerReport, MetricDelta, ModelFigures } from '../protocol/report';
import { type FormCode, said, type Said } from '../protocol/text/index';
import { environment } from '../runtime/cpu';
import { type ModelProfile, profileModels } from '../runtime/profiler';
import { compareTimings } from '../runtime/timing';
import { evaluateModels } from './evaluation';
import type { JobContext } from './job';
import { layersOf } from './layers';
import type { OpenModel } from './openModel';
import type { Phases } from './phases';
import { testSplit } from './samples';

/** Samples on which layer outputs are compared: enough for a stable SQNR, few enough to take seconds. */
const ERROR_SAMPLES = 64;
const ERROR_BATCH = 8;
/** A layer counts as slower in int8 only when the difference is more than this share (the noise of a shared machine). */
const SLOWER_SHARE = 0.05;
/** Layers that a finding names. */
const NAMED_LAYERS = 5;

export interface Pair {
  readonly before: OpenModel;
  readonly after: OpenModel;
  readonly origins: ReadonlyMap<string, readonly string[]>;
  readonly forms: ReadonlyMap<string, Said<FormCode>>;
  readonly touched: ReadonlyMap<string, readonly string[]>;
  /** Findings of the passes. */
  readonly findings: readonly Finding[];
  /** sha256 by path. */
  readonly inputs: Readonly<Record<string, string>>;
}

export type MeasureRequest = RunOptions & DataOptions & { readonly runs?: number };

/** Shares of the phases of `measurePair` in its time, for `Phases`. */
export const measureWeights = [6, 3, 2];

export async function measurePair(
  pair: Pair,
  runtime: Runtime,
  data: Dataset | undefined,
  request: MeasureRequest,
  context: JobContext,
  phases: Phases,
): Promise<CompareReport> {
  const { before, after } = pair;
  const dims = request.dims ?? {};
  const inspected = { before: await inspectModel(before.model, { path: before.path, bytes: before.bytes, dims }), after: await inspectModel(after.model, { path: after.path, bytes: after.bytes, dims }) };

  const evaluating = phases.begin('progress.evaluating');
  const evaluation = data && await evaluateModels(runtime, [before.model, after.model], data, request, context.signal, (fraction) => evaluating.report(fraction));

  const profiling = phases.begin('progress.profiling');
  const profiles = await profilePair(pair, request, context, (fraction) => profiling.report(fraction));

  const comparing = phases.begin('progress.comparingLayers');
  const errors = data
    ? await layerErrors(pair, inspected.before, runtime, data, request, context, (fraction) => comparing.report(fraction))
    : new Map<string, OutputError>();

  const layers = layerReports({
    before: inspected.before.layers,
    after: inspected.after.layers,
    origins: pair.origins,
    forms: pair.forms,
    touched: pair.touched,
    latency: { before: profiles.before.layers, after: profiles.after.layers },
    outputErrors: errors,
  });
  const figures = {
    before: figuresOf(before, inspected.before, profiles.before, evaluation?.values[0] ?? null),
    after: figuresOf(after, inspected.after, profiles.after, evaluation?.values[1] ?? null),
  };
  const metric: MetricDelta | null = evaluation?.delta ?? null;
  return {
    version: 1,
    inputs: pair.inputs,
    environment: environment(request.provider ?? 'cpu', profiles.before.threads),
    metricName: evaluation?.metric ?? null,
    samples: evaluation?.samples ?? null,
    ...(evaluation && { higherIsBetter: evaluation.higherIsBetter }),
    before: figures.before,
    after: figures.after,
    delta: figuresDelta(figures.before, figures.after, profiles.latency, metric),
    layers,
    unattributed: { before: unattributed(profiles.before), after: unattributed(profiles.after) },
    warnings: [
      ...pair.findings,
      ...(data === undefined ? [finding(said('finding.noData'))] : []),
      ...(data?.shared === true ? [finding(said('finding.sharedSplit', { file: data.path }))] : []),
      ...slowerFindings(layers, profiles.latency, request.provider ?? 'cpu'),
    ],
  };
}

async function profilePair({ before, after }: Pair, request: MeasureRequest, context: JobContext, progress: (fraction: number) => void): Promise<{
  readonly before: ModelProfile; readonly after: ModelProfile; readonly latency: ReturnType<typeof compareTimings>;
}> {
  const subjects = await Promise.all([before, after].map(async ({ model }) => ({ model, layers: await layersOf(model, request.dims) })));
  const [first, second] = await profileModels(subjects, { ...request, signal: context.signal, progress });
  if (first === undefined || second === undefined) throw new Error('two models were profiled');
  return { before: first.profile, after: second.profile, latency: compareTimings(first.timing, second.timing) };
}

async function layerErrors(
  { before, after }: Pair, inspected: InspectReport, runtime: Runtime, data: Dataset, request: MeasureRequest, context: JobContext, progress: (fraction: number) => void,
): Promise<Map<string, OutputError>> {
  const fixed = fixedBatch(before.model);
  const batch = fixed ?? ERROR_BATCH;
  const layers = inspected.layers.flatMap(({ id, outputs }) => outputs.slice(0, 1).map(({ name }) => ({ id, output: name })));
  return outputErrors(runtime, before.model, after.model, layers, testSplit(data, request), {
    ...(request.provider !== undefined && { provider: request.provider }),
    ...(request.threads !== undefined && { threads: request.threads }),
    ...(request.dims !== undefined && { dims: request.dims }),
    // Whole batches only: a model with a fixed batch takes no less.
    samples: Math.max(batch, ERROR_SAMPLES - (ERROR_SAMPLES % batch)),
    batch,
    signal: context.signal,
    progress,
  });
}

function figuresOf({ bytes }: OpenModel, { totals }: InspectReport, profile: ModelProfile, metric: number | null): ModelFigures {
  return { bytes, weightBytes: totals.weightBytes, parameters: totals.parameters, macs: totals.macs, latency: profile.latency, metric };
}

function unattributed({ layout, overhead, profiled }: ModelProfile): NonNullable<CompareReport['unattributed']>['before'] {
  return { layout, overhead, profiled: profiled.mean, ratio: profiled.ratio };
}

/** Forms of layers that do what they did before: a difference in time is noise. */
const sameWork: ReadonlySet<string> = new Set(['form.unchanged', 'form.trained', 'form.sparse']);

/** What a person must know before shipping the result: that it, or one of its layers, did not get faster. */
function slowerFindings(layers: readonly LayerReport[], latency: ReturnType<typeof compareTimings>, provider: string): Finding[] {
  const findings: Finding[] = [];
  if (latency.verdict === 'worse') findings.push(finding(said('finding.slower', { provider, ratio: latency.ratio.toFixed(2) })));
  const changed = layers.filter(({ before, after }) => !sameWork.has(after.form.code) && before.latency && after.latency);
  const isReader = ({ after }: LayerReport): boolean => after.form.code === 'form.prunedInput';
  const tell = (code: 'finding.noGain' | 'finding.noGainInputs', own: readonly LayerReport[]): void => {
    const slower = own.filter(({ before, after }) => (after.latency?.mean ?? 0) > (before.latency?.mean ?? 0) * (1 + SLOWER_SHARE));
    if (slower.length > 0) findings.push({ severity: 'info', ...said(code, { count: slower.length, total: own.length, layers: named(slower) }) });
  };
  tell('finding.noGain', changed.filter((layer) => !isReader(layer)));
  tell('finding.noGainInputs', changed.filter(isReader));
  return findings;
}

/** The first few by name; the table has the rest. */
function named(layers: readonly LayerReport[]): string {
  const names = layers.slice(0, NAMED_LAYERS).map(({ id, before, after }) => `${id} (${before.latency?.mean.toFixed(3)} → ${after.latency?.mean.toFixed(3)} ms)`);
  return layers.length > NAMED_LAYERS ? `${names.join(', ')}, …` : names.join(', ');
}

function finding(text: Omit<Finding, 'severity' | 'node'>): Finding {
  return { severity: 'warning', ...text };
}
