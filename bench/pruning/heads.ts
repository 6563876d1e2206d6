// prune.heads on the SST-2 transformer: half of its heads and feed-forward neurons by every criterion, before any training,
// and after two epochs; beside it the original, trained for as long.

import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import { releaseModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import { openModel } from '../../src/jobs/openModel';
import { openData } from '../../src/jobs/samples';
import type { RecipePass } from '../../src/protocol/recipe';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, judge, type Judged, latencies, points, pointsOf } from '../lib/passes';
import { asset } from '../lib/workspace';

/** Issue 5: half of heads and neurons, points of accuracy on `validation`, epochs. */
const GOAL = { kept: 0.5, drop: 0.01, epochs: 2 };
/** Few enough that it matters which: a head a layer, a sixteenth of the neurons. */
const FEW = { heads: 1, neurons: 0.0625 };
const CRITERIA = ['taylor', 'hessian', 'activation', 'l1', 'l2', 'fpgm', 'random'] as const;
/** For each model in the interleaved timing. */
const BUDGET_MS = 1000;

interface Variant {
  readonly title: string;
  readonly passes: readonly RecipePass[];
  readonly seed?: number;
}

const half = { pass: 'prune.heads', heads: GOAL.kept, neurons: GOAL.kept };
const few = { pass: 'prune.heads', ...FEW };

const recovered: Variant = { title: `half, taylor, then ${GOAL.epochs} epochs (recover)`, passes: [{ ...half, recover: { epochs: GOAL.epochs } }] };
const trained: Variant = { title: `the original, ${GOAL.epochs} epochs of distill`, passes: [{ pass: 'distill', epochs: GOAL.epochs }] };
const untrained: readonly Variant[] = [...byCriterion('half', half), ...byCriterion('few', few)];

/** Chance has three tries: what is better than one of them may be luck. */
function byCriterion(name: string, pass: RecipePass): Variant[] {
  return [
    ...CRITERIA.map((criterion): Variant => ({ title: `${name}, ${criterion}`, passes: [{ ...pass, criterion }] })),
    ...[1, 2].map((seed): Variant => ({ title: `${name}, random again (seed ${seed})`, passes: [{ ...pass, criterion: 'random' }], seed })),
  ];
}

interface Row {
  readonly title: string;
  readonly judged: Judged;
  readonly latency: Awaited<ReturnType<typeof latencies>>[number];
  readonly seconds: number;
}

export const pruneHeadsBench: Bench = {
  name: 'prune-heads',
  title: 'Attention heads and feed-forward neurons: the SST-2 transformer by criterion, before and after training',
  async run(log) {
    const { model } = await openModel(asset('models/sst2-transformer.onnx'));
    const data = await openData(asset('data/sst2.json'), model);
    try {
      const rows = await measure(model, data, log);
      return { claims: claims(rows), tables: [table(rows)] };
    } finally {
      await data.close();
      await releaseModel(model);
    }
  },
};

async function measure(model: Model, data: Dataset, log: (line: string) => void): Promise<readonly Row[]> {
  // Without the split `validation` training holds samples out of `train` to choose its epoch: what is judged on chose nothing.
  const seen: Dataset = { ...data, splits: new Map([['train', requireSplit(data, 'train')]]) };
  const results: { readonly title: string; readonly model: Model; readonly seconds: number }[] = [{ title: 'the original', model, seconds: 0 }];
  for (const { title, passes, seed } of [...untrained, recovered, trained]) {
    const { state, seconds } = await applyPasses(model, seen, passes, seed === undefined ? {} : { seed });
    results.push({ title, model: state.model, seconds });
    log(`${title}: ${seconds.toFixed(0)} s`);
  }
  const models = results.map((result) => result.model);
  const judged = await judge(models, data, { split: 'validation' });
  const timed = await latencies(models, data, BUDGET_MS);
  return results.map(({ title, seconds }, index): Row => ({ title, seconds, judged: judged[index] as Judged, latency: timed[index] as Row['latency'] }));
}

function claims(rows: readonly Row[]): Claim[] {
  const of = (title: string): Row => rows.find((row) => row.title === title) ?? missing(title);
  const [before, after, likewise, pruned] = [of('the original'), of(recovered.title), of(trained.title), of('half, taylor')];
  const drop = before.judged.value - after.judged.value;
  return [{
    claim: `SST-2 transformer, half of heads and FFN neurons, ${GOAL.epochs} epochs with the defaults`, wanted: `at most ${points(GOAL.drop)} points on validation`,
    met: drop <= GOAL.drop, found: `${points(drop)} (${points(before.judged.value)} % to ${points(after.judged.value)} %; ${points(pruned.judged.value)} % before training)`,
    note: `the original trained as long: ${points(likewise.judged.value)} %; the epoch was chosen on samples held out of train; latency ${after.latency.ratio.toFixed(2)} of before`,
  }];
}

function missing(title: string): never {
  throw new Error(`${title} was not measured`);
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: `"half": heads and neurons 0.5; "few": ${FEW.heads} head a layer, neurons ${FEW.neurons} (validation: 6,735 phrases, some of them parts of training sentences)`,
    columns: ['model', 'accuracy', 'change in points [95 %]', 'latency ratio', 'seconds'],
    rows: rows.map(({ title, judged, latency, seconds }) => [title, `${points(judged.value)} %`, pointsOf(judged.delta), latency.ratio.toFixed(2), seconds.toFixed(0)]),
  };
}
