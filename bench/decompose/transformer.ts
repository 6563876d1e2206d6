// decompose.svd on the SST-2 transformer: Linear layers at several shares of their parameters, plain and activation-aware, before
// any training; and at half with two epochs, beside the original trained as long.

import { type Dataset, requireSplit } from '../../src/engine/data/dataset';
import type { Model } from '../../src/engine/ir/model';
import type { RecipePass } from '../../src/protocol/recipe';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, factorsOf, judge, type Judged, points, pointsOf, withSubject } from '../lib/passes';

/** Issue 6. */
const GOAL = { ratio: 0.5, drop: 0.01, epochs: 2 };
const RATIOS = [0.9, 0.75, 0.6, 0.5, 0.4, 0.3, 0.2] as const;
const SAMPLES = 512;

/** Embeddings are no Linear layers. Not refitted, so that nothing but the choice of factors differs. */
const linear = (ratio: number, activations: boolean): RecipePass => ({ pass: 'decompose.svd', ranks: { ratio }, activations, refit: false, samples: SAMPLES, grain: 1, measure: false, ignore: ['*Gather*'] });

interface Row {
  readonly title: string;
  readonly parameters: number | undefined;
  readonly judged: Judged;
  readonly seconds: number;
}

export const decomposeTransformer: Bench = {
  name: 'decompose-transformer',
  title: 'Low rank in a transformer: plain and activation-aware',
  run: (log) => withSubject('sst2-transformer', 'sst2', async (model, data) => {
    const rows = await measure(model, data, log);
    return { claims: claims(rows), tables: [table(rows)] };
  }),
};

const nameOf = (ratio: number, aware: boolean): string => `${ratio * 100} %, ${aware ? 'activation-aware' : 'plain'}`;
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
  for (const ratio of RATIOS) for (const aware of [false, true]) await add(nameOf(ratio, aware), [linear(ratio, aware)]);
  await add(`${GOAL.ratio * 100} %, activation-aware, refitted`, [{ ...linear(GOAL.ratio, true), refit: true }]);
  await add(RECOVERED, [{ ...linear(GOAL.ratio, true), refit: true, recover: { epochs: GOAL.epochs } }]);
  await add(TRAINED, [{ pass: 'distill', epochs: GOAL.epochs }]);
  const judged = await judge(runs.map((run) => run.model), data, { split: 'validation' });
  return runs.map(({ title, parameters, seconds }, index): Row => ({ title, parameters, seconds, judged: judged[index] as Judged }));
}

function claims(rows: readonly Row[]): Claim[] {
  const of = (title: string): Row => rows.find((row) => row.title === title) ?? missing(title);
  const [original, recovered, trained] = [of('the original'), of(RECOVERED), of(TRAINED)];
  const gains = RATIOS.map((ratio) => ({ ratio, gain: of(nameOf(ratio, true)).judged.value - of(nameOf(ratio, false)).judged.value }));
  return [
    {
      claim: `SST-2 transformer, Linear layers at ${GOAL.ratio * 100} % of parameters, ${GOAL.epochs} epochs with the defaults`, wanted: `at most ${points(GOAL.drop)} points on validation`,
      found: `${pointsOf(recovered.judged.delta)} (${points(original.judged.value)} % to ${points(recovered.judged.value)} %), ${((recovered.parameters ?? NaN) * 100).toFixed(1)} % of parameters`,
      met: recovered.judged.delta.value >= -GOAL.drop && (recovered.parameters ?? 1) <= GOAL.ratio,
      note: `the original trained as long: ${points(trained.judged.value)} %; the epoch was chosen on samples held out of train`,
    },
    {
      claim: 'activation-aware against plain SVD before recovery, at every ratio', wanted: 'better at every ratio',
      found: gains.map(({ ratio, gain }) => `${ratio * 100} %: ${gain >= 0 ? '+' : ''}${points(gain)}`).join('; '), met: gains.every(({ gain }) => gain > 0),
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
