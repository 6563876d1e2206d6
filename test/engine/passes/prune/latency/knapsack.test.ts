// Widths by time on made-up times: near the optimum, in steps where time falls in steps, never worse with more time.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keptAfter, piecesOf, type WidthChoices, widened } from '../../../../../src/engine/passes/prune/selection/latency/knapsack';
import type { LatencyMeter } from '../../../../../src/engine/passes/prune/selection/latency/meter';

/** A chain: layer i reads group i - 1 and makes group i; the first reads 3 channels, the last makes 10. */
function chain(groups: number, timeOf: (input: number, output: number) => number): LatencyMeter {
  const times = (kept: readonly number[]): number[] => Array.from({ length: groups + 1 }, (_, layer) => timeOf(kept[layer - 1] ?? 3, kept[layer] ?? 10));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    total: (kept) => sum(times(kept)),
    around: (kept, group, width) => sum(times(kept.with(group, width)).slice(group, group + 2)),
    layers: (kept) => new Map(times(kept).map((time, layer) => [`layer${layer}`, time])),
    coupled: (group) => new Set([group - 1, group, group + 1].filter((other) => other >= 0 && other < groups)),
  };
}

/** Widths in steps of `grain`; losses of units with the given importances, the least first. */
function choicesOf(importance: readonly number[], grain: number): WidthChoices {
  const sorted = [...importance].sort((a, b) => a - b);
  const widths = Array.from({ length: importance.length / grain }, (_, index) => (index + 1) * grain);
  return { widths, losses: widths.map((width) => sorted.slice(0, importance.length - width).reduce((a, b) => a + b, 0)) };
}

const lossOf = (choices: readonly WidthChoices[], kept: readonly number[]): number =>
  choices.reduce((sum, { widths, losses }, group) => sum + (losses[widths.indexOf(kept[group] ?? 0)] ?? NaN), 0);

/** What the pass does: the first pieces that are fast enough, then what the rest of the time allows. */
function chosen(choices: readonly WidthChoices[], meter: LatencyMeter, most: number): number[] | undefined {
  const pieces = piecesOf(choices, meter);
  for (let taken = 0; taken <= pieces.length; taken += 1) {
    const kept = keptAfter(choices, pieces, taken);
    if (meter.total(kept) <= most) return widened(choices, meter, kept, most);
  }
  return undefined;
}

function* everyWidth(choices: readonly WidthChoices[], kept: readonly number[] = []): Generator<readonly number[]> {
  const own = choices[kept.length];
  if (own === undefined) yield kept;
  else for (const width of own.widths) yield* everyWidth(choices, [...kept, width]);
}

function best(choices: readonly WidthChoices[], meter: LatencyMeter, most: number): number {
  let least = Infinity;
  for (const kept of everyWidth(choices)) if (meter.total(kept) <= most) least = Math.min(least, lossOf(choices, kept));
  return least;
}

const blocks = (width: number): number => Math.ceil(width / 16);
const importances = (units: number): fc.Arbitrary<number[]> => fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: units, maxLength: units });
const nets = fc.array(fc.constantFrom(16, 32, 48).chain(importances), { minLength: 2, maxLength: 3 });
const shares = fc.double({ min: 0.3, max: 0.95, noNaN: true });

describe('widths by time', function () {
  this.timeout(30_000);

  const smooth = (input: number, output: number): number => 0.01 + input * output * 1e-4;
  const stepped = (input: number, output: number): number => 0.01 + blocks(input) * blocks(output) * 0.03;

  for (const [name, timeOf] of Object.entries({ smooth, stepped })) {
    it(`loses little more than the best of all widths (${name} times)`, () => {
      let [given, optimal, runs] = [0, 0, 0];
      fc.assert(fc.property(nets, shares, (groups, share) => {
        const choices = groups.map((importance) => choicesOf(importance, 8));
        const meter = chain(groups.length, timeOf);
        const most = share * meter.total(groups.map(({ length }) => length));
        const least = best(choices, meter, most);
        const kept = chosen(choices, meter, most);
        assert.equal(kept !== undefined, Number.isFinite(least), 'finds widths where there are any');
        if (kept === undefined) return;
        assert.ok(meter.total(kept) <= most);
        const all = groups.flat().reduce((a, b) => a + b, 0);
        assert.ok(lossOf(choices, kept) <= least + 0.2 * all, `${lossOf(choices, kept)} against ${least} of ${all}`);
        [given, optimal, runs] = [given + lossOf(choices, kept), optimal + least, runs + 1];
      }), { numRuns: 300, seed: 7 });
      assert.ok(runs > 100);
      assert.ok(given <= 1.1 * optimal, `${given / optimal} of the optimum on average`);
    });
  }

  it('ends on whole blocks where time falls in steps: narrower would save nothing', () => {
    const random = Array.from({ length: 64 }, (_, index) => 0.2 + ((index * 37) % 64) / 64);
    const choices = [choicesOf(random, 8), choicesOf(random, 8)];
    const meter = chain(2, stepped);
    const full = meter.total([64, 64]);
    for (const share of [0.9, 0.7, 0.5, 0.35]) {
      const kept = chosen(choices, meter, share * full) ?? [];
      assert.ok(kept.length === 2 && kept.every((width) => width % 16 === 0), `${share}: ${kept.join()}`);
    }
  });

  it('falls in time with every piece, and ends at the narrowest widths', () => {
    fc.assert(fc.property(nets, (groups) => {
      const choices = groups.map((importance) => choicesOf(importance, 8));
      const meter = chain(groups.length, stepped);
      const pieces = piecesOf(choices, meter);
      const times = Array.from({ length: pieces.length + 1 }, (_, taken) => meter.total(keptAfter(choices, pieces, taken)));
      assert.ok(times.every((time, index) => index === 0 || time <= (times[index - 1] ?? 0) + 1e-12), times.join());
      assert.deepEqual(keptAfter(choices, pieces, pieces.length), choices.map(({ widths }) => widths[0]));
    }), { numRuns: 100, seed: 8 });
  });

  it('takes from the group whose units cost more, among units of equal importance', () => {
    const equal = choicesOf(Array.from({ length: 32 }, () => 0.5), 8);
    const costly: LatencyMeter = {
      total: (kept) => (kept[0] ?? 0) * 0.1 + (kept[1] ?? 0) * 0.01,
      around: (_, group, width) => width * (group === 0 ? 0.1 : 0.01),
      layers: () => new Map(), coupled: (group) => new Set([group]),
    };
    assert.deepEqual(chosen([equal, equal], costly, 2), [16, 32]);
  });
});
