// prune.weights by every method, half of the weights and 2:4: accuracy on real test samples against the original, latency
// interleaved with it, and what deflate makes of the weights. No training after it.

import { runBatches } from '../../src/engine/data/batches';
import { createMetric } from '../../src/engine/data/metrics/createMetric';
import { pairedDifference } from '../../src/engine/data/paired';
import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import { releaseModel } from '../../src/engine/ir/codec';
import { originalOrigins } from '../../src/engine/passes/origins';
import { validateRecipe } from '../../src/engine/passes/recipe';
import { initialState, runPasses } from '../../src/engine/passes/runPasses';
import { seededRandom } from '../../src/engine/random';
import type { Session } from '../../src/engine/ports';
import { openModel } from '../../src/jobs/openModel';
import { openData } from '../../src/jobs/samples';
import { targetOf } from '../../src/jobs/target';
import type { MetricDelta } from '../../src/protocol/report';
import { createRuntime } from '../../src/runtime/sessions';
import { compareTimings, timeInterleaved } from '../../src/runtime/timing';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { asset } from '../lib/workspace';

const subjects = [
  { model: 'dnn_m-kws12', data: 'kws-dnn' },
  { model: 'ds_cnn_l-kws12', data: 'kws-ds-cnn' },
  { model: 'fashion-resnet18', data: 'fashion-mnist-subset' },
  { model: 'sst2-transformer', data: 'sst2' },
] as const;

const half = { sparsity: 0.5 };
const pattern = { pattern: '2:4' };
interface Options {
  readonly sparsity?: number;
  readonly pattern?: string;
  readonly method: string;
  readonly scope?: string;
}

const variants: readonly Options[] = [
  { ...half, method: 'magnitude' }, { ...half, method: 'magnitude', scope: 'global' }, { ...half, method: 'wanda' }, { ...half, method: 'sparsegpt' },
  { ...pattern, method: 'magnitude' }, { ...pattern, method: 'wanda' }, { ...pattern, method: 'sparsegpt' },
];

const THREADS = 2;
const TEST_SAMPLES = 2000;
/** For each model in the interleaved timing. */
const BUDGET_MS = 600;

interface Row {
  readonly model: string;
  readonly options: Options;
  readonly samples: number;
  readonly before: number;
  readonly after: number;
  readonly delta: MetricDelta;
  readonly latency: ReturnType<typeof compareTimings>;
  /** Of the weight bytes after deflate. */
  readonly deflated: string;
  readonly seconds: number;
}

interface Pruned {
  readonly options: Options;
  readonly model: Model;
  readonly deflated: string;
  readonly seconds: number;
}

export const pruneWeightsBench: Bench = {
  name: 'prune-weights',
  title: 'Zeros in weights: accuracy, latency and compressed size by method',
  async run(log) {
    const rows: Row[] = [];
    for (const subject of subjects) {
      const began = performance.now();
      rows.push(...await measure(subject));
      log(`${subject.model}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
    return { claims: claims(rows), tables: [table(rows)] };
  },
};

async function measure(subject: (typeof subjects)[number]): Promise<Row[]> {
  const { model } = await openModel(asset(`models/${subject.model}.onnx`));
  const data = await openData(asset(`data/${subject.data}.json`), model);
  try {
    const pruned: Pruned[] = [];
    for (const options of variants) pruned.push(await prune(model, data, options));
    const sessions: Session[] = [];
    const runtime = createRuntime();
    try {
      for (const one of [model, ...pruned.map((result) => result.model)]) sessions.push(await runtime.createSession(one, { threads: THREADS, spinning: false }));
      return await compare(subject.model, pruned, sessions, data);
    } finally {
      for (const session of sessions) await session.release();
    }
  } finally {
    await data.close();
    await releaseModel(model);
  }
}

async function prune(model: Model, data: Dataset, options: Options): Promise<Pruned> {
  const { passes } = validateRecipe({ version: 1, passes: [{ pass: 'prune.weights', ...options }] }, 'command');
  const began = performance.now();
  const state = await runPasses(initialState(model, await originalOrigins(model)), passes, {
    runtime: createRuntime(), data, provider: 'cpu', threads: THREADS, dims: {}, target: targetOf('cpu'), original: model, seed: 0, progress: () => undefined,
  });
  const size = state.findings.find(({ code }) => code === 'finding.sparseSize');
  return { options, model: state.model, deflated: String(size?.params['ratio']), seconds: (performance.now() - began) / 1000 };
}

/** The first session is the original's. */
async function compare(model: string, pruned: readonly Pruned[], sessions: readonly Session[], data: Dataset): Promise<Row[]> {
  const split = requireSplit(data, 'test');
  const metrics = sessions.map(() => createMetric('top1', { file: data.path, split: split.name, labelled: split.labelled }));
  for await (const { batch, outputs } of runBatches(sessions, split, { limit: TEST_SAMPLES })) {
    metrics.forEach((metric, index) => metric.add(outputs[index] ?? {}, batch));
  }
  const { inputs } = await split.read(0, 1);
  const timings = await timeInterleaved(sessions.map((session) => () => session.run(inputs)), { budgetMs: BUDGET_MS });
  const [original, ...others] = metrics;
  const [plain, ...times] = timings;
  if (original === undefined || plain === undefined) throw new Error('the original was not measured');
  const rows: Row[] = [];
  for (const [index, { options, deflated, seconds }] of pruned.entries()) {
    const [metric, time] = [others[index], times[index]];
    if (metric === undefined || time === undefined) throw new Error('a pruned model was not measured');
    rows.push({
      model, options, deflated, seconds, samples: metric.samples, before: await original.value(), after: await metric.value(),
      delta: await pairedDifference(metric, original, seededRandom(1)), latency: compareTimings(plain, time),
    });
  }
  return rows;
}

/** Where a session's memory happens to lie moves latencies by this much, whatever the numbers in it. */
const NOISE = 0.1;

function claims(rows: readonly Row[]): Claim[] {
  const worst = (method: string): number => Math.min(...rows.filter(({ options }) => options.method === method && options.scope === undefined).map(({ delta }) => delta.value));
  const ratios = rows.map(({ latency }) => latency.ratio);
  return [
    {
      claim: 'SparseGPT, whose update makes up for the zeros, against magnitude: largest loss of accuracy over all models, half and 2:4',
      wanted: 'smaller', met: worst('sparsegpt') > worst('magnitude'),
      found: `${points(worst('sparsegpt'))} points against ${points(worst('magnitude'))} (Wanda ${points(worst('wanda'))})`,
    },
    {
      claim: 'What the report says of speed: zeros bring none on cpu', wanted: `latency ratio within ${ratio(1 - NOISE)} to ${ratio(1 + NOISE)}`,
      met: ratios.every((value) => Math.abs(value - 1) <= NOISE), found: `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`,
      note: 'a pruned copy differs from the original in numbers only: what is left is where its memory lies',
    },
  ];
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: 'Without any training after it; first and depthwise convolutions left as they are (latency: batch 1, interleaved with the original)',
    columns: ['model', 'zeros', 'method', 'samples', 'original', 'pruned', 'change in points [95 %]', 'verdict', 'latency ratio [95 %]', 'deflated weights', 'seconds'],
    rows: rows.map(({ model, options, samples, before, after, delta, latency, deflated, seconds }) => [
      model, options.pattern ?? '50 %', `${options.method}${options.scope === 'global' ? ', global' : ''}`, String(samples),
      `${points(before)} %`, `${points(after)} %`, `${points(delta.value)} [${delta.interval.map(points).join(', ')}]`, delta.verdict,
      `${ratio(latency.ratio)} [${latency.interval.map(ratio).join(', ')}]`, deflated, seconds.toFixed(1),
    ]),
  };
}

const points = (share: number): string => (share * 100).toFixed(2);
const ratio = (value: number): string => value.toFixed(2);
