// Paths of ranks, rules and the budget: pure code over spectra and costs.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Choice, spend } from '../../../../../src/engine/passes/decompose/ranks/budget';
import { MOST_STEPS, rankPath, rounded, stepsOf, tailOf } from '../../../../../src/engine/passes/decompose/ranks/path';
import { bestByRule, byRule, type Ranked } from '../../../../../src/engine/passes/decompose/ranks/rules';

const spectrum = (size: number): fc.Arbitrary<Float64Array> => fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: size, maxLength: size }).map((values) => Float64Array.from(values).sort().reverse());
const grain = fc.record({ size: fc.constantFrom(1, 4, 8, 16), isFixed: fc.boolean() });

describe('steps of ranks', () => {
  it('are multiples of the grain, never 0, and end at the full rank', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 4, 8, 16), (full, size) => {
      const steps = stepsOf(full, { size, isFixed: true });
      assert.equal(steps.at(-1), full);
      assert.ok(steps.slice(0, -1).every((rank, at) => rank > 0 && rank < full && rank % size === 0 && (at === 0 || rank > (steps[at - 1] ?? 0))));
    }));
  });

  it('are finer where the full rank is only a few grains, unless the grain was asked for', () => {
    assert.deepEqual(stepsOf(16, { size: 16, isFixed: true }), [16]);
    assert.deepEqual(stepsOf(16, { size: 16, isFixed: false }), [4, 8, 12, 16]);
    assert.deepEqual(stepsOf(3, { size: 8, isFixed: false }), [1, 2, 3]);
  });

  it('round ranks up, within 1 and the full rank', () => {
    assert.deepEqual([0, 1, 8, 9, 64, 100].map((rank) => rounded(rank, 64, { size: 8, isFixed: true })), [8, 8, 8, 16, 64, 64]);
  });

  it('round to the grain however many steps there are, which are thinned out for budgets alone', () => {
    const grain = { size: 16, isFixed: false };
    assert.deepEqual([1, 17, 100, 1000, 1009, 4081].map((rank) => rounded(rank, 4096, grain)), [16, 32, 112, 1008, 1024, 4096]);
    const all = stepsOf(4096, grain);
    assert.deepEqual(all, Array.from({ length: 256 }, (_, at) => 16 * (at + 1)));
    const thin = stepsOf(4096, grain, MOST_STEPS);
    assert.ok(thin.length <= MOST_STEPS + 1 && thin.every((rank) => all.includes(rank)));
    const flat = [new Float64Array(4096).fill(1)];
    const ranksOf = (most?: number): readonly (number | undefined)[] => rankPath([4096], flat, grain, ([rank = 0]) => rank, most).map(({ ranks: [rank] }) => rank);
    assert.deepEqual([ranksOf(), ranksOf(MOST_STEPS)], [all, thin]);
  });
});

describe('the path of ranks', () => {
  it('of one rank misses the tail of the spectrum', () => {
    const values = Float64Array.of(3, 2, 1, 0);
    const path = rankPath([4], [values], { size: 1, isFixed: true }, ([rank = 0]) => 10 * rank);
    assert.deepEqual(path.map(({ ranks: [rank] }) => rank), [1, 2, 3, 4]);
    path.forEach(({ missed }, at) => assert.ok(Math.abs(missed - ([5, 1, 0, 0][at] ?? NaN) / 14) < 1e-12));
    assert.equal(tailOf(new Float64Array(4), 1), 0);
  });

  it('of two ranks never grows in cost or falls in what is missed when it goes down', () => {
    fc.assert(fc.property(spectrum(12), spectrum(9), grain, (inputs, outputs, own) => {
      const cost = ([a = 0, b = 0]: readonly number[]): number => 12 * a + 9 * a * b + 9 * b;
      const path = rankPath([12, 9], [inputs, outputs], own, cost);
      assert.deepEqual(path.at(-1), { ranks: [12, 9], missed: 0 });
      for (const [at, step] of path.slice(1).entries()) {
        const before = path[at];
        assert.ok(before !== undefined && cost(before.ranks) < cost(step.ranks) && before.missed >= step.missed - 1e-12);
        assert.ok(before.ranks.every((rank, mode) => rank <= (step.ranks[mode] ?? 0)));
      }
    }));
  });

  it('gives way first in the mode with nothing in it', () => {
    const path = rankPath([4, 4], [Float64Array.of(1, 0, 0, 0), Float64Array.of(1, 1, 1, 1)], { size: 1, isFixed: true }, ([a = 0, b = 0]) => 4 * a + 9 * a * b + 4 * b);
    assert.deepEqual(path.filter(({ missed }) => missed === 0).map(({ ranks }) => ranks), [[1, 4], [2, 4], [3, 4], [4, 4]]);
  });
});

describe('rules', () => {
  const step = (rank: number, parameters: number, missed: number): Ranked => ({ ranks: [rank], cost: { parameters, macs: null }, missed });
  const steps = [step(1, 10, 0.5), step(2, 20, 0.2), step(3, 30, 0.04), step(4, 40, 0.01)];
  const whole = { parameters: 60, macs: null };
  const ranksBy = (rule: Parameters<typeof byRule>[1], found?: readonly number[]): readonly number[] | undefined => byRule(steps, rule, whole, found)?.ranks;

  it('take the fewest parameters that keep the energy, and the most within the ratio', () => {
    assert.deepEqual([0.5, 0.8, 0.95, 0.99].map((energy) => ranksBy({ energy })?.[0]), [1, 2, 3, 4]);
    assert.equal(ranksBy({ energy: 1 }), undefined);
    assert.deepEqual([0.2, 0.5, 0.9].map((ratio) => ranksBy({ ratio })?.[0]), [1, 3, 4]);
    assert.equal(ranksBy({ ratio: 0.1 }), undefined);
  });

  it('take the step that holds the ranks of EVBMF, and nothing where none does', () => {
    assert.deepEqual(ranksBy('evbmf', [3]), [3]);
    assert.equal(ranksBy('evbmf', [5]), undefined);
    assert.equal(ranksBy('evbmf'), undefined);
  });

  it('choose the method by what the rule is about', () => {
    const [small, good, fair] = [step(1, 10, 0.3), step(2, 30, 0.1), step(3, 20, 0.15)];
    assert.equal(bestByRule([small, good, fair], { ratio: 0.5 }), good);
    assert.equal(bestByRule([small, good, fair], { energy: 0.5 }), small);
    assert.equal(bestByRule([small, good, fair], 'evbmf'), fair);
    assert.equal(bestByRule([], 'evbmf'), undefined);
  });
});

describe('the budget', () => {
  const choice = fc.record({ cost: fc.integer({ min: 0, max: 40 }), loss: fc.integer({ min: 0, max: 40 }) });
  const layers = fc.array(fc.array(choice, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

  it('is never overspent, and is refused only where the cheapest choices are too dear', () => {
    fc.assert(fc.property(layers, fc.integer({ min: 0, max: 120 }), (all, most) => {
      const chosen = spend(all, most);
      const smallest = all.reduce((sum, own) => sum + Math.min(...own.map(({ cost }) => cost)), 0);
      assert.equal(chosen === undefined, smallest > most);
      if (chosen !== undefined) assert.ok(total(all, chosen, 'cost') <= most);
    }));
  });

  it('loses no more than the best choice of a budget that is smaller by what one layer may cost', () => {
    fc.assert(fc.property(layers, fc.integer({ min: 0, max: 120 }), (all, most) => {
      const chosen = spend(all, most);
      const range = Math.max(...all.map((own) => Math.max(...own.map(({ cost }) => cost)) - Math.min(...own.map(({ cost }) => cost))));
      if (chosen !== undefined) assert.ok(total(all, chosen, 'loss') <= leastLoss(all, most - range));
    }));
  });

  it('goes where it buys most, and takes what is left over', () => {
    const whole = { cost: 10, loss: 0 };
    assert.deepEqual(spend([[whole, { cost: 5, loss: 1 }], [whole, { cost: 5, loss: 9 }]], 15), [1, 0]);
    assert.deepEqual(spend([[whole, { cost: 8, loss: 1 }, { cost: 2, loss: 5 }], [whole, { cost: 1, loss: 100 }]], 12), [2, 0]);
    assert.equal(spend([[whole]], 9), undefined);
  });
});

function total(layers: readonly (readonly Choice[])[], chosen: readonly number[], of: keyof Choice): number {
  return layers.reduce((sum, own, layer) => sum + (own[chosen[layer] ?? 0]?.[of] ?? NaN), 0);
}

/** By trying all; infinite where nothing fits. */
function leastLoss([first, ...rest]: readonly (readonly Choice[])[], most: number): number {
  if (most < 0) return Infinity;
  if (first === undefined) return 0;
  return Math.min(...first.map(({ cost, loss }) => loss + leastLoss(rest, most - cost)));
}
