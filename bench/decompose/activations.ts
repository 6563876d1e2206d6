// decompose.svd on the SST-2 transformer, plain and activation-aware: Linear layers at several shares of their parameters, before
// refitting and training, so that nothing but the choice of factors differs.

import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, factorsOf, judge, type Judged, points, pointsOf, withSubject } from '../lib/passes';

const RATIOS = [0.9, 0.75, 0.6, 0.5, 0.4, 0.3, 0.2] as const;
const SAMPLES = 2048;
const SPLITS = ['validation', 'test'] as const;

interface Row {
  readonly ratio: number;
  readonly aware: boolean;
  /** Of the Linear layers, measured. */
  readonly parameters: number;
  /** In the order of `SPLITS`. */
  readonly judged: readonly Judged[];
}

export const decomposeActivations: Bench = {
  name: 'decompose-activations',
  title: 'Low rank in a transformer: plain and activation-aware, before refitting and training',
  run: (log) => withSubject('sst2-transformer', 'sst2', async (model, data) => {
    const rows = await measure(model, data, log);
    return { claims: [claimOf(rows)], tables: [table(rows)] };
  }),
};

async function measure(model: Model, data: Dataset, log: (line: string) => void): Promise<Row[]> {
  const seen: Dataset = { ...data, splits: new Map([['train', requireSplit(data, 'train')]]) };
  const models = [model];
  const forms: Omit<Row, 'judged'>[] = [];
  for (const ratio of RATIOS) {
    for (const aware of [false, true]) {
      // Embeddings are no Linear layers.
      const run = await applyPasses(model, seen, [{ pass: 'decompose.svd', ranks: { ratio }, activations: aware, refit: false, samples: SAMPLES, grain: 1, measure: false, ignore: ['*Gather*'] }]);
      const sum = (at: 0 | 1): number => factorsOf(run).reduce((total, { parameters }) => total + parameters[at], 0);
      models.push(run.state.model);
      forms.push({ ratio, aware, parameters: sum(1) / sum(0) });
      log(`${ratio} ${aware ? 'activation-aware' : 'plain'}: ${run.seconds.toFixed(0)} s`);
    }
  }
  const judged = await Promise.all(SPLITS.map((split) => judge(models, data, { split })));
  return forms.map((form, index): Row => ({ ...form, judged: judged.map((own) => own[index + 1] as Judged) }));
}

function claimOf(rows: readonly Row[]): Claim {
  const value = (ratio: number, aware: boolean, split: number): number => rows.find((row) => row.ratio === ratio && row.aware === aware)?.judged[split]?.value ?? NaN;
  const gains = SPLITS.map((_, split) => RATIOS.map((ratio) => value(ratio, true, split) - value(ratio, false, split)));
  const list = (own: readonly number[]): string => own.map((gain, index) => `${(RATIOS[index] ?? NaN) * 100} %: ${gain >= 0 ? '+' : ''}${points(gain)}`).join(', ');
  return {
    claim: 'SST-2 transformer: activation-aware against plain SVD before recovery, points of accuracy at every share of the parameters', wanted: 'more at every share',
    found: SPLITS.map((split, index) => `${split} ${list(gains[index] ?? [])}`).join('; '), met: gains.flat().every((gain) => gain > 0),
    note: 'from 60 % on also the last layer (128 to 2) is split; of it plain SVD keeps the direction that both classes share',
  };
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: `Linear layers; covariances of ${SAMPLES} training sentences; validation: 6,735 phrases, some of them parts of training sentences; test: 872 sentences`,
    columns: ['share wanted', 'measured', 'factors', ...SPLITS.flatMap((split) => [split, 'change in points [95 %]'])],
    rows: rows.map(({ ratio, aware, parameters, judged }) => [
      `${ratio * 100} %`, `${(parameters * 100).toFixed(1)} %`, aware ? 'activation-aware' : 'plain', ...judged.flatMap((own) => [`${points(own.value)} %`, pointsOf(own.delta)]),
    ]),
  };
}
