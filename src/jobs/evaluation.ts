// Accuracy of one or two models on a split: both see the same samples in the same batches, so that the difference is
// paired. Without labels the second is compared with the first by agreement.

import { runBatches } from '../engine/data/batches';
import { agreement as agreementMetric } from '../engine/data/metrics/classification';
import { createMetric, needsBaseline, usualMetric } from '../engine/data/metrics/createMetric';
import type { Metric } from '../engine/data/metrics/metric';
import { scriptMetric } from '../engine/data/metrics/script';
import { pairedDifference } from '../engine/data/paired';
import type { Dataset, Split } from '../engine/data/dataset';
import { EngineError } from '../engine/error';
import type { Model } from '../engine/ir/model';
import { fixedBatch, modelOutputs } from '../engine/ir/signature';
import { seededRandom } from '../engine/random';
import type { Runtime, Session } from '../engine/ports';
import type { DataOptions, RunOptions } from '../protocol/jobs';
import type { MetricDelta } from '../protocol/report';
import { nodeMetricScripts } from '../runtime/metricScripts';
import { testSplit } from './samples';

export interface Evaluation {
  readonly metric: string;
  readonly higherIsBetter: boolean;
  readonly split: string;
  readonly samples: number;
  /** One value a model, in the order given. */
  readonly values: readonly number[];
  /** Second against first; absent with one model. */
  readonly delta?: MetricDelta;
  /** Share of samples with the same answer; absent with one model, or where answers are no classes. */
  readonly agreement?: number;
}

/** Seed of the bootstrap: the same data give the same interval. */
const BOOTSTRAP_SEED = 1;

/**
 * @param models one model, or baseline first and the other second.
 * @throws EngineError `splitMissing`, `labelsMissing`, `unknownMetric`, `untrustedScript`, ...
 */
export async function evaluateModels(
  runtime: Runtime, models: readonly Model[], data: Dataset, request: RunOptions & DataOptions, signal: AbortSignal, progress: (fraction: number) => void,
): Promise<Evaluation> {
  const split = testSplit(data, request);
  const name = metricName(request, data, split, models);
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await runtime.createSession(model, sessionOptions(request)));
    const fixed = models.map(fixedBatch).find((batch) => batch !== undefined);
    const metrics = models.map(() => metricOf(name, data, split, request));
    const answers = models.length === 2 && classMetrics.has(metrics[0]?.name ?? '') ? agreementMetric() : undefined;
    for await (const { batch, outputs } of runBatches(sessions, split, {
      ...(request.limit !== undefined && { limit: request.limit }),
      ...(fixed !== undefined && { fixedBatch: fixed }),
      signal,
      progress,
    })) {
      const [reference] = outputs;
      metrics.forEach((metric, index) => {
        const own = outputs[index];
        if (own !== undefined) metric.add(own, batch, reference);
      });
      if (answers !== undefined && outputs[1] !== undefined && reference !== undefined) answers.add(outputs[1], batch, reference);
    }
    return await result(metrics, answers, split);
  } finally {
    for (const session of sessions) await session.release();
  }
}

async function result(metrics: readonly Metric[], answers: Metric | undefined, split: Split): Promise<Evaluation> {
  const [first, second] = metrics;
  if (first === undefined) throw new EngineError('internal', { activity: 'progress.evaluating', reason: 'no model' });
  const values: number[] = [];
  for (const metric of metrics) values.push(await metric.value());
  return {
    metric: first.name,
    higherIsBetter: first.higherIsBetter,
    split: split.name,
    samples: first.samples,
    values,
    ...(second !== undefined && { delta: await pairedDifference(second, first, seededRandom(BOOTSTRAP_SEED)) }),
    ...(answers !== undefined && { agreement: await answers.value() }),
  };
}

type ChosenMetric = string | { readonly command: readonly string[] };

/** Metrics of classifiers, for which agreement with the baseline says something too. */
const classMetrics: ReadonlySet<string> = new Set(['top1', 'top5', 'f1']);

/** The request's metric, else the data's, else what labels and outputs allow. */
function metricName(request: DataOptions, data: Dataset, split: Split, models: readonly Model[]): ChosenMetric {
  const chosen = request.metric ?? (split.labelled ? data.metric ?? usualMetric(outputShape(models[0]), true) : unlabelledMetric(data.metric, models[0]));
  if (models.length < 2 && typeof chosen === 'string' && needsBaseline(chosen, split.labelled)) {
    throw new EngineError('labelsMissing', { metric: chosen, split: split.name, file: data.path });
  }
  return chosen;
}

/** Without labels a model is compared with its original: classifiers by their answers, others by their outputs. */
function unlabelledMetric(described: Dataset['metric'], model: Model | undefined): ChosenMetric {
  if (described !== undefined && (typeof described !== 'string' || !classMetrics.has(described))) return described;
  return described !== undefined ? 'agreement' : usualMetric(outputShape(model), false);
}

function outputShape(model: Model | undefined): readonly (number | string)[] | null | undefined {
  return model === undefined ? undefined : modelOutputs(model)[0]?.shape;
}

function metricOf(chosen: ChosenMetric, data: Dataset, split: Split, request: DataOptions): Metric {
  if (typeof chosen === 'string' && !/\.[cm]?js$/.test(chosen)) return createMetric(chosen, contextOf(data, split));
  return scriptMetric(chosen, data.base, nodeMetricScripts, request.trusted === true);
}

function contextOf(data: Dataset, split: Split): Parameters<typeof createMetric>[1] {
  return { file: data.path, split: split.name, labelled: split.labelled, ...(data.classes && { classes: data.classes }) };
}

function sessionOptions({ provider, threads, dims }: RunOptions): Parameters<Runtime['createSession']>[1] {
  return { ...(provider !== undefined && { provider }), ...(threads !== undefined && { threads }), ...(dims !== undefined && { dims }) };
}
