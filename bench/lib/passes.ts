// What benches of passes have in common: a recipe run in this process, and models judged side by side on the same samples.

import { runBatches } from '../../src/engine/data/batches';
import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import { createMetric } from '../../src/engine/data/metrics/createMetric';
import { pairedDifference } from '../../src/engine/data/paired';
import type { Model } from '../../src/engine/ir/model';
import { releaseModel } from '../../src/engine/ir/codec';
import { originalOrigins } from '../../src/engine/passes/origins';
import type { PassOutcome } from '../../src/engine/passes/pass';
import { validateRecipe } from '../../src/engine/passes/recipe';
import { initialState, runPasses, type RunState } from '../../src/engine/passes/runPasses';
import { seededRandom } from '../../src/engine/random';
import type { Session } from '../../src/engine/ports';
import { openModel } from '../../src/jobs/openModel';
import { openData } from '../../src/jobs/samples';
import { targetOf } from '../../src/jobs/target';
import type { RecipePass } from '../../src/protocol/recipe';
import type { LayerFactors, MetricDelta } from '../../src/protocol/report';
import { createRuntime } from '../../src/runtime/sessions';
import { compareTimings, timeInterleaved } from '../../src/runtime/timing';
import { asset } from './workspace';

export const THREADS = 2;

export interface PassRun {
  readonly state: RunState;
  /** One for each pass. */
  readonly outcomes: readonly PassOutcome[];
  readonly seconds: number;
}

/** Runs passes on a model as the compress job does, without files. */
export async function applyPasses(model: Model, data: Dataset | undefined, passes: readonly RecipePass[], { seed = 0, original = model }: { readonly seed?: number; readonly original?: Model } = {}): Promise<PassRun> {
  const recipe = validateRecipe({ version: 1, passes }, 'command');
  const began = performance.now();
  const outcomes: PassOutcome[] = [];
  const state = await runPasses(initialState(model, await originalOrigins(model)), recipe.passes, {
    runtime: createRuntime(), ...(data !== undefined && { data }), provider: 'cpu', threads: THREADS, dims: {}, target: targetOf('cpu'), original, seed, progress: () => undefined,
  }, { onStep: (_step, _pass, _state, _seconds, outcome) => { outcomes.push(outcome); } });
  return { state, outcomes, seconds: (performance.now() - began) / 1000 };
}

/** Of the passes that split layers. */
export function factorsOf(run: PassRun | undefined): readonly LayerFactors[] {
  return (run?.outcomes ?? []).flatMap(({ factors }) => factors ?? []);
}

export interface Judged {
  readonly value: number;
  readonly samples: number;
  /** Against the first model, on the same samples. */
  readonly delta: MetricDelta;
}

/** Metric of every model on the same samples of a split; at most `limit` of them. */
export async function judge(models: readonly Model[], data: Dataset, { split: name = 'test', metric: id = 'top1', limit }: { readonly split?: string; readonly metric?: string; readonly limit?: number } = {}): Promise<Judged[]> {
  const split = requireSplit(data, name);
  return withSessions(models, async (sessions) => {
    const metrics = sessions.map(() => createMetric(id, { file: data.path, split: split.name, labelled: split.labelled }));
    for await (const { batch, outputs } of runBatches(sessions, split, limit === undefined ? {} : { limit })) {
      metrics.forEach((metric, index) => metric.add(outputs[index] ?? {}, batch));
    }
    const [first] = metrics;
    if (first === undefined) throw new Error('nothing to judge');
    return Promise.all(metrics.map(async (metric): Promise<Judged> => ({ value: await metric.value(), samples: metric.samples, delta: await pairedDifference(metric, first, seededRandom(1)) })));
  });
}

/** Latency of every model over the first one's, batch 1, interleaved. */
export async function latencies(models: readonly Model[], data: Dataset, budgetMs: number): Promise<ReturnType<typeof compareTimings>[]> {
  const { inputs } = await requireSplit(data, 'test').read(0, 1);
  return withSessions(models, async (sessions) => {
    const timings = await timeInterleaved(sessions.map((session) => () => session.run(inputs)), { budgetMs });
    const [first] = timings;
    if (first === undefined) throw new Error('nothing to time');
    return timings.map((timing) => compareTimings(first, timing));
  });
}

async function withSessions<Result>(models: readonly Model[], use: (sessions: readonly Session[]) => Promise<Result>): Promise<Result> {
  const sessions: Session[] = [];
  const runtime = createRuntime();
  try {
    for (const model of models) sessions.push(await runtime.createSession(model, { threads: THREADS, spinning: false }));
    return await use(sessions);
  } finally {
    for (const session of sessions) await session.release();
  }
}

/** A share as percent or points. */
export const points = (share: number): string => (share * 100).toFixed(2);

export function pointsOf({ value, interval, verdict }: MetricDelta): string {
  return `${points(value)} [${interval.map(points).join(', ')}], ${verdict}`;
}

/** Opens a shared model with its data for as long as `use` runs. */
export async function withSubject<Result>(model: string, data: string, use: (model: Model, data: Dataset) => Promise<Result>): Promise<Result> {
  const opened = await openModel(asset(`models/${model}.onnx`));
  const samples = await openData(asset(`data/${data}.json`), opened.model);
  try {
    return await use(opened.model, samples);
  } finally {
    await samples.close();
    await releaseModel(opened.model);
  }
}
