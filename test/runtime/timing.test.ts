import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/error';
import { seededRandom } from '../../src/engine/passes/random';
import { quantile, ratioOfMedians, verdictOf } from '../../src/runtime/statistics';
import { compareTimings, timeInterleaved } from '../../src/runtime/timing';

const busy = (ms: number) => (): Promise<void> => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return Promise.resolve();
};

describe('statistics of latencies', () => {
  it('interpolates quantiles and keeps them in order and in range', () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1 }), (values) => {
      const [low, middle, high] = [quantile(values, 0.1), quantile(values, 0.5), quantile(values, 0.9)];
      assert.ok(Math.min(...values) <= low && low <= middle && middle <= high && high <= Math.max(...values));
    }));
  });

  it('finds the ratio of two speeds, within its interval, whatever drift both share', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.4, max: 0.9, noNaN: true }), (seed, factor) => {
      const random = seededRandom(seed);
      const drift = Array.from({ length: 40 }, () => 1 + random());
      const before = drift.map((slow) => 10 * slow * (1 + 0.02 * random()));
      const after = drift.map((slow) => 10 * factor * slow * (1 + 0.02 * random()));
      const { ratio, interval: [low, high], verdict } = ratioOfMedians(before, after, random);
      assert.ok(low <= ratio && ratio <= high);
      assert.ok(Math.abs(ratio - factor) < 0.1 * factor);
      assert.equal(verdict, 'better');
    }), { numRuns: 5 });
  });

  it('says same, better, worse or undecided by the interval', () => {
    assert.deepEqual([[0.99, 1.01], [0.7, 0.9], [1.1, 1.3], [0.9, 1.1]].map(([low = 0, high = 0]) => verdictOf([low, high])), ['same', 'better', 'worse', 'undecided']);
  });
});

describe('interleaved timing', () => {
  it('times what it is given, in turns', async () => {
    const order: string[] = [];
    const candidate = (name: string, ms: number) => (): Promise<void> => {
      order.push(name);
      return busy(ms)();
    };
    const [slow, fast] = await timeInterleaved([candidate('slow', 4), candidate('fast', 2)], { runs: 33 });
    assert.ok(slow && fast);
    assert.equal(slow.samples.length, 33);
    assert.equal(fast.samples.length, 33);
    assert.ok(slow.rounds.length >= 11);
    assert.ok(order.filter((name, at) => at > 0 && name !== order[at - 1]).length >= 11, 'they take turns');
    const { ratio, verdict, interval } = compareTimings(slow, fast);
    assert.ok(ratio > 0.4 && ratio < 0.7, `ratio ${ratio}`);
    assert.equal(verdict, 'better');
    assert.ok(interval[0] <= ratio && ratio <= interval[1]);
  });

  it('tells which runs were measured, warm-up left out', async () => {
    let runs = 0;
    const [timing] = await timeInterleaved([() => Promise.resolve(void runs++)], { runs: 5 });
    assert.equal(timing?.measured.length, 5);
    assert.ok((timing?.measured[0] ?? 0) >= 2);
    assert.equal(timing?.measured.at(-1), runs - 1);
  });

  it('sizes by measurement: a budget and a limit hold', async () => {
    const start = performance.now();
    const [timing] = await timeInterleaved([busy(1)], { budgetMs: 200, maxRuns: 100 });
    assert.ok((timing?.samples.length ?? 0) <= 100);
    assert.ok(performance.now() - start < 2000);
  });

  it('stops between runs when it is cancelled', async () => {
    const controller = new AbortController();
    let runs = 0;
    const run = (): Promise<void> => {
      if (++runs === 7) controller.abort();
      return Promise.resolve();
    };
    await assert.rejects(timeInterleaved([run], { runs: 1000, signal: controller.signal }), (error) => error instanceof EngineError && error.code === 'cancelled');
    assert.equal(runs, 7);
  });
});
