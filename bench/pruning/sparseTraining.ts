// What fine-tuning brings back after prune.weights, by method and share of zeros, and whether the zeros stay: on keywords,
// beside the original trained the same.

import { releaseModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import { sparseMasks } from '../../src/engine/passes/prune/weights/masks';
import { openModel } from '../../src/jobs/openModel';
import { openData } from '../../src/jobs/samples';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { applyPasses, judge, type Judged, points, pointsOf } from '../lib/passes';
import { asset } from '../lib/workspace';

const subject = { model: 'dnn_m-kws12', data: 'kws-dnn' };

const amounts = [{ sparsity: 0.5 }, { sparsity: 0.8 }, { pattern: '2:4' }] as const;
const methods = ['magnitude', 'wanda', 'sparsegpt'] as const;
const epochs = [1, 5] as const;

interface Trained {
  readonly zeros: string;
  readonly method: string;
  readonly before: Model;
  /** In the order of `epochs`. */
  readonly after: readonly Model[];
  /** How many zeros must stay, and whether exactly these are there after training. */
  readonly masked: number;
  readonly kept: boolean;
}

interface Row extends Trained {
  readonly pruned: Judged;
  readonly tuned: readonly Judged[];
}

export const sparseTraining: Bench = {
  name: 'sparse-training',
  title: 'Zeros in weights that training keeps',
  async run(log) {
    const { model } = await openModel(asset(`models/${subject.model}.onnx`));
    const data = await openData(asset(`data/${subject.data}.json`), model);
    try {
      const train = async (before: Model, zeros: string, method: string): Promise<Trained> => {
        const expected = await sparseMasks(before);
        const after: Model[] = [];
        let kept = true;
        for (const count of epochs) {
          const { state, seconds } = await applyPasses(before, data, [{ pass: 'finetune', epochs: count }], { original: model });
          after.push(state.model);
          kept &&= alike(await sparseMasks(state.model), expected);
          log(`${zeros} ${method}, ${count} epochs: ${seconds.toFixed(1)} s`);
        }
        return { zeros, method, before, after, masked: zerosOf(expected), kept };
      };
      const trained = [await train(model, 'none', '')];
      for (const amount of amounts) {
        for (const method of methods) {
          const { state } = await applyPasses(model, data, [{ pass: 'prune.weights', ...amount, method }]);
          trained.push(await train(state.model, 'pattern' in amount ? amount.pattern : `${amount.sparsity * 100} %`, method));
        }
      }
      const [, ...judged] = await judge([model, ...trained.flatMap(({ before, after }) => [before, ...after])], data);
      const rows = trained.map((one): Row => {
        const [pruned, ...tuned] = judged.splice(0, 1 + epochs.length) as [Judged, ...Judged[]];
        return { ...one, pruned, tuned };
      });
      return { claims: claims(rows), tables: [table(rows)] };
    } finally {
      await data.close();
      await releaseModel(model);
    }
  },
};

function zerosOf(masks: ReadonlyMap<string, Uint8Array>): number {
  return [...masks.values()].reduce((sum, mask) => sum + mask.reduce((zeros, kept) => zeros + 1 - kept, 0), 0);
}

function alike(masks: ReadonlyMap<string, Uint8Array>, expected: ReadonlyMap<string, Uint8Array>): boolean {
  return masks.size === expected.size && [...expected].every(([name, mask]) => mask.every((kept, at) => masks.get(name)?.[at] === kept));
}

function claims(rows: readonly Row[]): Claim[] {
  const [, ...sparse] = rows;
  const worse = sparse.filter(({ pruned, tuned }) => tuned.some(({ value }) => value <= pruned.value));
  return [
    { claim: 'Fine-tuning ends with exactly the zeros it began with', wanted: 'every time', met: sparse.every(({ kept }) => kept), found: `${sparse.filter(({ kept }) => kept).length} of ${sparse.length}` },
    { claim: 'Training brings accuracy back, from the first epoch on', wanted: 'every time', met: worse.length === 0, found: `${sparse.length - worse.length} of ${sparse.length}` },
  ];
}

function table(rows: readonly Row[]): BenchTable {
  return {
    title: `${subject.model}, before and after finetune with its defaults; changes in points [95 %] against the original as it came, on the split "test" (${rows[0]?.pruned.samples ?? 0} samples)`,
    columns: ['zeros', 'method', 'pruned', 'change', ...epochs.flatMap((count) => [`${count} epoch${count > 1 ? 's' : ''}`, 'change']), 'zeros that stayed'],
    rows: rows.map(({ zeros, method, pruned, tuned, masked, kept }) => [
      zeros, method, ...[pruned, ...tuned].flatMap(({ value, delta }) => [`${points(value)} %`, pointsOf(delta)]), kept ? String(masked) : '**no**',
    ]),
  };
}
