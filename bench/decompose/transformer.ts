// decompose.svd on the SST-2 transformer: Linear layers at half of their parameters, refitted and with two epochs, beside the original
// trained as long.

import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import type { RecipePass } from '../../src/protocol/recipe';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, factorsOf, judge, type Judged, points, pointsOf, withSubject } from '../lib/passes';

/** Issue 6. */
const GOAL = { ratio: 0.5, drop: 0.01, epochs: 2 };
const SAMPLES = 512;

/** Embeddings are no Linear layers. */
const linear: RecipePass = { pass: 'decompose.svd', ranks: { ratio: GOAL.ratio }, samples: SAMPLES, grain: 1, measure: false, ignore: ['*Gather*'] };

interface Row {
  readonly title: string;
  readonly parameters: number | undefined;
  readonly judged: Judged;
  readonly seconds: number;
}

export const decomposeTransformer: Bench = {
  name: 'decompose-transformer',
  title: 'Low rank in a transformer, trained',
  run: (log) => withSubject('sst2-transformer', 'sst2', async (model, data) => {
    const rows = await measure(model, data, log);
    return { claims: claims(rows), tables: [table(rows)] };
  }),
};

const RECOVERED = `${GOAL.ratio * 100} %, activation-aware, refitted, then ${GOAL.epochs} epochs`;
const TRAINED = `the original, ${GOAL.epochs} epochs of distill`;

async function measure(model: Model, data: Dataset, log: (line: string) => void): Promise<Row[]> {
  // Without the split `validation` training holds samples out of `train` to choose its epoch: what is judged on chose nothing.
  const seen: Dataset = { ...data, splits: new Map([['train', requireSplit(data, 'train')]]) };
  const runs: { readonly title: string; readonly model: Model; readonly parameters?: number | undefined; readonly seconds: number }[] = [{ title: 'the original', model, seconds: 0 }];
  const add = async (title: string, passes: readonly RecipePass[]): Promise<void> => {
    const run = await applyPasses(model, seen, passes);
    const { state, seconds } = run;
    const own = factorsOf(run);
    const sum = (at: 0 | 1): number => own.reduce((total, { parameters }) => total + parameters[at], 0);
    runs.push({ title, model: state.model, seconds, parameters: own.length === 0 ? undefined : sum(1) / sum(0) });
    log(`${title}: ${seconds.toFixed(0)} s`);
  };
  await add(`${GOAL.ratio * 100} %, activation-aware, refitted`, [linear]);
  await add(RECOVERED, [{ ...linear, recover: { epochs: GOAL.epochs } }]);
  await add(TRAINED, [{ pass: 'distill', epochs: GOAL.epochs }]);
  const judged = await judge(runs.map((run) => run.model), data, { split: 'validation' });
  return runs.map(({ title, parameters, seconds }, index): Row => ({ title, parameters, seconds, judged: judged[index] as Judged }));
}

function claims(rows: readonly Row[]): Claim[] {
  const of = (title: string): Row => rows.find((row) => row.title === title) ?? missing(title);
  const [original, recovered, trained] = [of('the original'), of(RECOVERED), of(TRAINED)];
  return [
    {
      claim: `SST-2 transformer, Linear layers at ${GOAL.ratio * 100} % of parameters, ${GOAL.epochs} epochs with the defaults`, wanted: `at most ${points(GOAL.drop)} points on validation`,
      found: `${pointsOf(recovered.judged.delta)} (${points(original.judged.value)} % to ${points(recovered.judged.value)} %), ${((recovered.parameters ?? NaN) * 100).toFixed(1)} % of parameters`,
      met: recovered.judged.delta.value >= -GOAL.drop && (recovered.parameters ?? 1) <= GOAL.ratio,
      note: `the original trained as long: ${points(trained.judged.value)} %; the epoch was chosen on samples held out of train`,
    },
  ];
}

function missing(title: string): never {
  throw new Error(`${title} was not measured`);
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: `validation: 6,735 phrases, some of them parts of training sentences; activations of ${SAMPLES} training sentences`,
    columns: ['Linear layers at', 'parameters of these, measured', 'accuracy', 'change in points [95 %]', 'seconds of the pass'],
    rows: rows.map(({ title, parameters, judged, seconds }) => [title, parameters === undefined ? '' : `${(parameters * 100).toFixed(1)} %`, `${points(judged.value)} %`, pointsOf(judged.delta), seconds.toFixed(0)]),
  };
}
