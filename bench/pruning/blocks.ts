// prune.blocks by measured effect against taking the last blocks: accuracy on test samples before any training and after an
// epoch of distillation, beside the original trained the same, and latency interleaved with it.

import { findBlocks } from '../../src/engine/analysis/blocks/index';
import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import { evenIndices } from '../../src/engine/data/sampling';
import { releaseModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import { subset } from '../../src/engine/train/samples';
import { openModel } from '../../src/jobs/openModel';
import { openData } from '../../src/jobs/samples';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, judge, type Judged, latencies, points, pointsOf } from '../lib/passes';
import { asset } from '../lib/workspace';

const subjects = [
  { model: 'resnet20-cifar10', data: 'cifar10' },
  { model: 'fashion-mobilenetv2-bn', data: 'fashion-mnist-subset' },
  { model: 'sst2-transformer', data: 'sst2' },
] as const;

const keeps = [0.75, 0.5] as const;
const recover = { epochs: 1 };

const TEST_SAMPLES = 2000;
/** As many as the smallest of the data has: an epoch is then a minute or two for each model. */
const TRAINING_SAMPLES = 5000;
/** For each model in the interleaved timing. */
const BUDGET_MS = 1000;

interface Pruned {
  readonly keep: number;
  readonly choice: 'measured' | 'last';
  readonly model: Model;
  readonly trained: Model;
  readonly blocks: string;
  /** Share of the MACs that is left. */
  readonly macs: string;
  readonly seconds: number;
}

interface Row extends Omit<Pruned, 'model' | 'trained'> {
  readonly subject: string;
  readonly original: Judged;
  /** The original after the same training. */
  readonly comparison: Judged;
  readonly pruned: Judged;
  readonly recovered: Judged;
  readonly latency: Awaited<ReturnType<typeof latencies>>[number];
}

export const pruneBlocksBench: Bench = {
  name: 'prune-blocks',
  title: 'Blocks taken out by measured effect: accuracy and latency',
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
  const opened = await openData(asset(`data/${subject.data}.json`), model);
  const data = withTraining(opened, TRAINING_SAMPLES);
  try {
    const pruned: Pruned[] = [];
    for (const keep of keeps) {
      pruned.push(await prune(model, data, keep, 'measured', []));
      pruned.push(await prune(model, data, keep, 'last', await allButLast(model, keep)));
    }
    const { state: { model: comparison } } = await applyPasses(model, data, [{ pass: 'distill', ...recover }]);
    const models = [model, comparison, ...pruned.flatMap((one) => [one.model, one.trained])];
    const [original, trained, ...judged] = await judge(models, data, { limit: TEST_SAMPLES });
    const [, ...timed] = await latencies([model, ...pruned.map((one) => one.model)], data, BUDGET_MS);
    return pruned.map((one, index): Row => ({
      ...one, subject: subject.model, original: original as Judged, comparison: trained as Judged,
      pruned: judged[2 * index] as Judged, recovered: judged[2 * index + 1] as Judged, latency: timed[index] as Row['latency'],
    }));
  } finally {
    await opened.close();
    await releaseModel(model);
  }
}

/** The data with some of the samples to train on, evenly spread. */
function withTraining(data: Dataset, samples: number): Dataset {
  const whole = requireSplit(data, 'train');
  return { ...data, splits: new Map([...data.splits, [whole.name, subset(whole, whole.name, evenIndices(whole.size, samples))]]) };
}

async function prune(model: Model, data: Dataset, keep: number, choice: Pruned['choice'], ignore: readonly string[]): Promise<Pruned> {
  const { state, seconds } = await applyPasses(model, data, [{ pass: 'prune.blocks', keep, ignore }]);
  const { state: trained } = await applyPasses(state.model, data, [{ pass: 'distill', ...recover }], { original: model });
  const removal = state.findings.find(({ code }) => code === 'finding.blocksRemoved')?.params ?? {};
  return { keep, choice, model: state.model, trained: trained.model, blocks: `${removal['removed']} of ${removal['total']}`, macs: String(removal['macsShare']), seconds };
}

/** Layers of all blocks but as many of the last as have to go: with them ignored there is no choice. */
async function allButLast(model: Model, keep: number): Promise<readonly string[]> {
  const { free } = await findBlocks(model);
  return free.slice(0, Math.round(keep * free.length)).flatMap(({ parts }) => parts.flatMap(({ layers }) => layers.map(({ id }) => id)));
}

/** Blocks are not all of the network, and a small one leaves the executor much of the time. */
const LATENCY_ALLOWANCE = 0.1;

function claims(rows: readonly Row[]): Claim[] {
  const pairs = rows.flatMap((row) => {
    const last = rows.find(({ subject, keep, choice }) => subject === row.subject && keep === row.keep && choice === 'last');
    return row.choice === 'measured' && last !== undefined ? [{ row, last }] : [];
  });
  const shares = rows.map(({ macs, latency }) => latency.ratio - parseFloat(macs) / 100);
  return [
    {
      claim: 'Blocks chosen by measured effect against the last ones, accuracy without training', wanted: 'at least as high on every model',
      met: pairs.every(({ row, last }) => row.pruned.value >= last.pruned.value),
      found: pairs.map(({ row, last }) => `${points(row.pruned.value)} against ${points(last.pruned.value)}`).join('; '),
    },
    {
      claim: 'Latency falls in step with MACs', wanted: `ratio at most ${LATENCY_ALLOWANCE.toFixed(2)} above the share of MACs`,
      met: Math.max(...shares) <= LATENCY_ALLOWANCE, found: `at most ${Math.max(...shares).toFixed(2)} above`,
    },
  ];
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: `Statistics of BatchNormalization measured anew; trained: one epoch of distillation from the original on at most ${TRAINING_SAMPLES} samples (latency: batch 1, interleaved with the original)`,
    columns: ['model', 'blocks out', 'choice', 'samples', 'original', 'without training', 'trained', 'original trained', 'points trained against original [95 %]', 'MACs', 'latency ratio [95 %]', 'seconds'],
    rows: rows.map(({ subject, blocks, choice, original, comparison, pruned, recovered, macs, latency, seconds }) => [
      subject, blocks, choice, String(pruned.samples), `${points(original.value)} %`, `${points(pruned.value)} %`, `${points(recovered.value)} %`, `${points(comparison.value)} %`,
      pointsOf(recovered.delta), macs, `${ratio(latency.ratio)} [${latency.interval.map(ratio).join(', ')}]`, seconds.toFixed(1),
    ]),
  };
}

const ratio = (value: number): string => value.toFixed(2);
