// prune.channels by every criterion at equal MACs, without any training after it: what a criterion is worth, with the readers
// of what is left as they were and refitted.

import type { Model } from '../../src/engine/ir/model';
import { criterionNames } from '../../src/engine/passes/prune/criteria/names';
import type { MetricDelta } from '../../src/protocol/report';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, judge, points, pointsOf, withSubject } from '../lib/passes';

/** MACs kept: so that the losses are neither nothing nor all. */
const subjects = [
  { model: 'resnet20-cifar10', data: 'cifar10', macs: 0.6, grain: 1 },
  { model: 'fashion-resnet18-bn', data: 'fashion-mnist-subset', macs: 0.5, grain: 8 },
] as const;

type Subject = (typeof subjects)[number];

/** Random is drawn several times: the best of them is what others have to beat. */
const RANDOM_SEEDS = [1, 2, 3] as const;

interface Variant {
  readonly criterion: string;
  readonly seed: number;
  readonly refit: boolean;
}

interface Row extends Variant {
  readonly subject: Subject;
  readonly before: number;
  readonly after: number;
  readonly samples: number;
  readonly seconds: number;
  /** Against the best random one with the same refit; undefined for random ones. */
  readonly overRandom: MetricDelta | undefined;
}

export const pruneCriteria: Bench = {
  name: 'prune-criteria',
  title: 'Pruning: every criterion at equal MACs, before any training',
  async run(log) {
    const rows: Row[] = [];
    for (const subject of subjects) {
      const began = performance.now();
      rows.push(...await measure(subject));
      log(`${subject.model}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
    return { claims: claims(rows), tables: [false, true].map((refit) => table(rows, refit)) };
  },
};

async function measure(subject: Subject): Promise<Row[]> {
  return withSubject(subject.model, subject.data, async (model, data) => {
    const pruned: { readonly variant: Variant; readonly model: Model; readonly seconds: number }[] = [];
    for (const variant of variants()) {
      const { criterion, seed, refit } = variant;
      const { state, seconds } = await applyPasses(model, data, [{ pass: 'prune.channels', macs: subject.macs, grain: subject.grain, criterion, refit }], { seed });
      pruned.push({ variant, model: state.model, seconds });
    }
    const [original, ...judged] = await judge([model, ...pruned.map((one) => one.model)], data);
    const overRandom = new Map<number, MetricDelta>();
    for (const refit of [false, true]) {
      const own = [...pruned.keys()].filter((index) => pruned[index]?.variant.refit === refit);
      const isRandom = (index: number): boolean => pruned[index]?.variant.criterion === 'random';
      const best = own.filter(isRandom).reduce((found, index) => ((judged[index]?.value ?? 0) > (judged[found]?.value ?? -1) ? index : found), -1);
      const others = own.filter((index) => !isRandom(index));
      const [, ...compared] = await judge([best, ...others].map((index) => pruned[index]?.model ?? model), data);
      others.forEach((index, at) => { if (compared[at] !== undefined) overRandom.set(index, compared[at].delta); });
    }
    return pruned.map(({ variant, seconds }, index) => ({
      ...variant, subject, seconds, before: original?.value ?? NaN, after: judged[index]?.value ?? NaN, samples: judged[index]?.samples ?? 0, overRandom: overRandom.get(index),
    }));
  });
}

function variants(): Variant[] {
  return [false, true].flatMap((refit) => criterionNames.flatMap((criterion) => (criterion === 'random' ? RANDOM_SEEDS : [RANDOM_SEEDS[0]]).map((seed) => ({ criterion, seed, refit }))));
}

function claims(rows: readonly Row[]): Claim[] {
  return ['taylor', 'l2'].flatMap((criterion) => subjects.map(({ model }): Claim => {
    const found = rows.filter((row) => row.subject.model === model && row.criterion === criterion).map(({ refit, overRandom }) => ({ refit, delta: overRandom }));
    return {
      claim: `${criterion} against the best of three random choices at equal MACs, before training, on ${model}`, wanted: 'better, outside the 95 % interval',
      met: found.every(({ delta }) => delta?.verdict === 'better'),
      ...(model === 'fashion-resnet18-bn' && { note: 'why is not proven: taking the largest channels instead was worse still (57 %, 1,000 images), and the refit evens criteria out' }),
      found: found.map(({ refit, delta }) => `${refit ? 'refitted' : 'not refitted'}: ${delta === undefined ? '' : pointsOf(delta)}`).join('; '),
    };
  }));
}

function table(rows: readonly Row[], refit: boolean): BenchTable {
  return {
    title: refit ? 'Layers that read fewer channels refitted by least squares (the default with data)' : 'Statistics of BatchNormalization measured anew, weights as they were',
    columns: ['model', 'MACs kept', 'criterion', 'samples', 'original', 'pruned', 'over the best random, points [95 %]', 'seconds'],
    rows: rows.filter((row) => row.refit === refit).map(({ subject, criterion, seed, samples, before, after, overRandom, seconds }) => [
      subject.model, `${points(subject.macs)} %`, criterion === 'random' ? `random, seed ${seed}` : criterion, String(samples),
      `${points(before)} %`, `${points(after)} %`, overRandom === undefined ? '' : pointsOf(overRandom), seconds.toFixed(1),
    ]),
  };
}
