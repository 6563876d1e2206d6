import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/error';
import { seededRandom } from '../../src/engine/random';
import { quantile, ratioOfMedians, verdictOf } from '../../src/runtime/statistics';
import { compareTimings, timeInterleaved, type TimingOptions } from '../../src/runtime/timing';

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
  it('times what it is given, in turns, whatever the machine does to both', async () => {
    // A clock that the runs themselves move: what is tested is the measuring, not this machine.
    let now = 0;
    const order: string[] = [];
    const candidate = (name: string, ms: number) => (): Promise<void> => {
      order.push(name);
      now += ms * (now > 500 ? 3 : 1);
      return Promise.resolve();
    };
    const [slow, fast] = await timeInterleaved([candidate('slow', 4), candidate('fast', 2)], { runs: 330, clock: () => now });
    assert.ok(slow && fast);
    assert.equal(slow.samples.length, 330);
    assert.equal(fast.samples.length, 330);
    assert.ok(slow.rounds.length >= 11);
    assert.ok(order.filter((name, at) => at > 0 && name !== order[at - 1]).length >= 11, 'they take turns');
    const { ratio, verdict, interval } = compareTimings(slow, fast);
    assert.ok(Math.abs(ratio - 0.5) < 0.01, `ratio ${ratio}`);
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

  it('sizes by measurement: a budget and a limit hold, and slow models still get rounds', async () => {
    let now = 0;
    const measure = async (ms: number, options: TimingOptions): Promise<number> => {
      now = 0;
      const [timing] = await timeInterleaved([() => Promise.resolve(void (now += ms))], { clock: () => now, ...options });
      return timing?.samples.length ?? 0;
    };
    assert.ok(Math.abs((await measure(1, { budgetMs: 1000 })) - 1000) <= 50);
    assert.ok((await measure(1, { budgetMs: 1000, maxRuns: 100 })) <= 100);
    assert.equal(await measure(500, { budgetMs: 1000 }), 11);
    assert.equal(await measure(10_000, { budgetMs: 1000 }), 5);
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
