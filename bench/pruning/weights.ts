// prune.weights by every method, half of the weights and 2:4: accuracy on real test samples against the original, latency
// interleaved with it, and what deflate makes of the weights. No training after it.

import type { Model } from '../../src/engine/ir/model';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, judge, type Judged, latencies, points, withSubject } from '../lib/passes';

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

const TEST_SAMPLES = 2000;
/** For each model in the interleaved timing. */
const BUDGET_MS = 600;

interface Pruned {
  readonly options: Options;
  readonly model: Model;
  /** Of the weight bytes after deflate. */
  readonly deflated: string;
  readonly seconds: number;
}

interface Row extends Omit<Pruned, 'model'> {
  readonly subject: string;
  readonly original: Judged;
  readonly pruned: Judged;
  readonly latency: Awaited<ReturnType<typeof latencies>>[number];
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
  return withSubject(subject.model, subject.data, async (model, data) => {
    const pruned: Pruned[] = [];
    for (const options of variants) {
      const { state, seconds } = await applyPasses(model, data, [{ pass: 'prune.weights', ...options }]);
      const size = state.findings.find(({ code }) => code === 'finding.sparseSize');
      pruned.push({ options, model: state.model, deflated: String(size?.params['ratio']), seconds });
    }
    const models = [model, ...pruned.map((one) => one.model)];
    const [original, ...judged] = await judge(models, data, { limit: TEST_SAMPLES });
    const [, ...timed] = await latencies(models, data, BUDGET_MS);
    return pruned.map(({ options, deflated, seconds }, index): Row => ({
      subject: subject.model, options, deflated, seconds, original: original as Judged, pruned: judged[index] as Judged, latency: timed[index] as Row['latency'],
    }));
  });
}

/** Where a session's memory happens to lie moves latencies by this much, whatever the numbers in it. */
const NOISE = 0.1;

function claims(rows: readonly Row[]): Claim[] {
  const worst = (method: string): number => Math.min(...rows.filter(({ options }) => options.method === method && options.scope === undefined).map(({ pruned }) => pruned.delta.value));
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
    rows: rows.map(({ subject, options, original, pruned, latency, deflated, seconds }) => [
      subject, options.pattern ?? '50 %', `${options.method}${options.scope === 'global' ? ', global' : ''}`, String(pruned.samples),
      `${points(original.value)} %`, `${points(pruned.value)} %`, `${points(pruned.delta.value)} [${pruned.delta.interval.map(points).join(', ')}]`, pruned.delta.verdict,
      `${ratio(latency.ratio)} [${latency.interval.map(ratio).join(', ')}]`, deflated, seconds.toFixed(1),
    ]),
  };
}

const ratio = (value: number): string => value.toFixed(2);
