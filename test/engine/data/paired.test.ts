// Paired differences: the laws they keep, their coverage, and the quantiles beneath.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Batch } from '../../../src/engine/data/dataset';
import { createMetric } from '../../../src/engine/data/metrics/createMetric';
import type { Metric } from '../../../src/engine/data/metrics/metric';
import { binaryInterval, meanInterval, pairedDifference } from '../../../src/engine/data/paired';
import { ranksOf, studentT95 } from '../../../src/engine/data/statistics';

const context = { file: 'd', split: 'test', labelled: true };

/** Mulberry32, so that a failing test fails again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function scored(name: string, predictions: readonly number[], labels: readonly number[], classes = 3): Metric {
  const metric = createMetric(name, context);
  const regression = ['mse', 'r2', 'spearman'].includes(name);
  const size = predictions.length;
  const data = regression ? predictions : predictions.flatMap((found) => Array.from({ length: classes }, (_, index) => Number(index === found)));
  const batch: Batch = { inputs: {}, labels, start: 0, size, indices: labels.map((_, index) => index) };
  metric.add({ y: { type: 'float32', dims: [size, regression ? 1 : classes], data: Float32Array.from(data) } }, batch);
  return metric;
}

const classes = fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)), { minLength: 2, maxLength: 60 });

describe('paired difference', () => {
  for (const name of ['top1', 'f1', 'mse', 'spearman']) {
    it(`${name}: identical models differ by 0 and are the same`, async () => {
      const a = scored(name, [0, 1, 2, 0, 1, 2, 1], [0, 1, 2, 1, 1, 0, 1]);
      const delta = await pairedDifference(a, scored(name, [0, 1, 2, 0, 1, 2, 1], [0, 1, 2, 1, 1, 0, 1]), seeded(1));
      assert.equal(delta.value, 0);
      assert.equal(delta.verdict, 'same');
      assert.ok(delta.interval[0] <= 0 && delta.interval[1] >= 0);
    });
  }

  for (const name of ['top1', 'f1', 'mse']) {
    it(`${name}: swapping the models swaps sign and verdict, and the value lies in the interval`, async () => {
      await fc.assert(fc.asyncProperty(classes, async (samples) => {
        const labels = samples.map(([label]) => label);
        const one = samples.map(([, found]) => found);
        const other = samples.map(([, , found]) => found);
        const forth = await pairedDifference(scored(name, one, labels), scored(name, other, labels), seeded(7));
        const back = await pairedDifference(scored(name, other, labels), scored(name, one, labels), seeded(7));
        const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;
        assert.ok(near(forth.value, -back.value));
        assert.ok(near(forth.interval[0], -back.interval[1]) && near(forth.interval[1], -back.interval[0]));
        assert.equal(forth.verdict, { better: 'worse', worse: 'better', same: 'same', undecided: 'undecided' }[back.verdict]);
        // The adjusted and the resampled interval lean towards 0; they need not hold the extreme values.
        if (name === 'mse') assert.ok(forth.interval[0] <= forth.value && forth.value <= forth.interval[1]);
      }), { numRuns: name === 'f1' ? 15 : 100 });
    });
  }

  it('the direction of the metric decides what is better', async () => {
    const labels = Array.from({ length: 200 }, (_, index) => index % 3);
    const right = labels;
    const wrong = labels.map((label, index) => (index % 2 === 0 ? label : (label + 1) % 3));
    assert.equal((await pairedDifference(scored('top1', right, labels), scored('top1', wrong, labels), seeded(1))).verdict, 'better');
    assert.equal((await pairedDifference(scored('f1', wrong, labels), scored('f1', right, labels), seeded(1))).verdict, 'worse');
    assert.equal((await pairedDifference(scored('mse', right, labels), scored('mse', wrong, labels), seeded(1))).verdict, 'better');
  });

  it('few samples leave it undecided, many close the question', async () => {
    const decide = async (count: number): Promise<string> => {
      const labels = new Array<number>(count).fill(0);
      const a = labels.map((_, index) => (index % 10 === 0 ? 1 : 0));
      const b = labels.map((_, index) => (index % 9 === 0 ? 1 : 0));
      return (await pairedDifference(scored('top1', a, labels), scored('top1', b, labels), seeded(1))).verdict;
    };
    assert.equal(await decide(30), 'undecided');
    assert.equal(await decide(20_000), 'better');
  });

  it('one sample says nothing', async () => {
    assert.equal((await pairedDifference(scored('mse', [1], [0]), scored('mse', [2], [0]), seeded(1))).verdict, 'undecided');
    assert.equal((await pairedDifference(scored('f1', [0], [0]), scored('f1', [2], [0]), seeded(1))).verdict, 'undecided');
  });

  it('refuses metrics that did not see the same samples', async () => {
    await assert.rejects(pairedDifference(scored('top1', [0, 1], [0, 1]), scored('top1', [0], [0]), seeded(1)), /does not pair/);
  });

  it("gives Bonett and Price's interval for 12 gained and 3 lost of 100", () => {
    const after = Float64Array.from({ length: 100 }, (_, index) => Number(index < 12 || index >= 15));
    const before = Float64Array.from({ length: 100 }, (_, index) => Number(index >= 12));
    const { interval } = binaryInterval(after, before);
    assert.ok(Math.abs(interval[0] - 0.010881) < 1e-6 && Math.abs(interval[1] - 0.165590) < 1e-6, String(interval));
  });

  it('covers the true difference of proportions about 95 times in 100', () => {
    const random = seeded(42);
    const covered = share(2000, () => {
      const after = new Float64Array(150);
      const before = new Float64Array(150);
      // Gained 6 %, lost 2 %: the true difference is 0.04.
      for (let index = 0; index < 150; index += 1) {
        const draw = random();
        after[index] = Number(draw < 0.06 || draw > 0.3);
        before[index] = Number(draw > 0.3 || (draw >= 0.06 && draw < 0.08));
      }
      const [low, high] = binaryInterval(after, before).interval;
      return low <= 0.04 && 0.04 <= high;
    });
    assert.ok(covered > 0.92 && covered <= 0.995, `coverage ${covered}`);
  });

  it('covers the true difference of means about 95 times in 100', () => {
    const random = seeded(7);
    const covered = share(2000, () => {
      const before = Float64Array.from({ length: 12 }, () => random());
      const after = before.map((value) => value + 0.5 + (random() + random() + random() - 1.5));
      const [low, high] = meanInterval(after, before).interval;
      return low <= 0.5 && 0.5 <= high;
    });
    assert.ok(covered > 0.92 && covered < 0.98, `coverage ${covered}`);
  });

  it("knows Student's quantiles", () => {
    // scipy.stats.t.ppf(0.975, df)
    for (const [df, t] of [[1, 12.7062047], [2, 4.3026527], [3, 3.1824463], [4, 2.7764451], [5, 2.5705818], [10, 2.2281389], [30, 2.0422725], [100, 1.9839715], [9999, 1.9602013]] as const) {
      assert.ok(Math.abs(studentT95(df) - t) < 1e-4 * t, `t(${df}) = ${studentT95(df)}`);
    }
  });

  it('shares ranks among ties', () => {
    assert.deepEqual([...ranksOf([3, 1, 3, 2])], [3.5, 1, 3.5, 2]);
  });
});

function share(rounds: number, once: () => boolean): number {
  let count = 0;
  for (let round = 0; round < rounds; round += 1) count += Number(once());
  return count / rounds;
}
