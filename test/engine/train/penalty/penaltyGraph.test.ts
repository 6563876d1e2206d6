// The acceleration loss as nodes, against its formula in float64 on weights whose units lie in every kind of place: whole
// axes and parts of them, several entries a unit, several tensors a group, tensors that two groups share.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeGraph, makeModel, makeValue } from '../../../../src/engine/ir/build';
import { elementCount } from '../../../../src/engine/ir/model';
import { seededRandom } from '../../../../src/engine/random';
import { flatLayout, flatten, type FlatLayout, unflatten, unpack } from '../../../../src/engine/train/flat';
import { GraphBuilder } from '../../../../src/engine/train/graphBuilder';
import { alphaAt, besidePenalty, type Penalty, type PenaltyGroup } from '../../../../src/engine/train/penalty/penalty';
import { type PlannedPenalty, planPenalty, pullAt, unitSizes } from '../../../../src/engine/train/penalty/planPenalty';
import { penaltyValue, shrinkUnits } from '../../../../src/engine/train/penalty/penaltyGraph';
import { scheduleFactor } from '../../../../src/engine/train/schedules';
import type { TrainedValues } from '../../../../src/engine/train/training';
import { testRuntime } from '../../../support/passContext';

const dims = { kernel: [6, 3, 2], scale: [6], matrix: [4, 9], other: [2, 5] } as const;
const trained = new Map<string, readonly number[]>(Object.entries(dims));
const layout: FlatLayout = flatLayout({
  parameters: Object.entries(dims).map(([name, shape]) => ({ name, dims: shape, decay: shape.length > 1, node: name })), statistics: [],
});
const slot = (tensor: string, axis: number, indices: readonly number[], perUnit = 1): PenaltyGroup['slots'][number] => ({ tensor, axis, perUnit, indices: Int32Array.from(indices) });

/** Six channels of a kernel and their scales, read as 6 of 9 columns; three units of three columns of the same matrix. */
const disjoint: readonly PenaltyGroup[] = [
  { slots: [slot('kernel', 0, [0, 1, 2, 3, 4, 5]), slot('scale', 0, [0, 1, 2, 3, 4, 5])], units: 6, cost: 3 },
  { slots: [slot('matrix', 1, [1, 4, 0, 8, 3, 7], 2)], units: 3, cost: 1 },
];
const shared: readonly PenaltyGroup[] = [...disjoint, { slots: [slot('matrix', 0, [2, 0])], units: 2, cost: 2 }];

const draw = (seed: number): TrainedValues => {
  const random = seededRandom(seed);
  return new Map([...trained].map(([name, shape]) => [name, Float32Array.from({ length: elementCount(shape) }, () => 2 * random() - 1)]));
};
const plan = (groups: readonly PenaltyGroup[], start: TrainedValues): PlannedPenalty =>
  planPenalty({ groups, alpha: 0.5, decay: 0.9, every: 2 }, trained, start, { name: 'cosine', steps: 10, warmup: 0 });

/** The value on `values`, and what a step with `pull` makes of them, in one run. */
async function run(penalty: PlannedPenalty, values: TrainedValues, pull: number): Promise<{ readonly value: number; readonly after: TrainedValues }> {
  const graph = makeGraph({ nodes: [], inputs: [...layout.groups.map(({ name, length }) => makeValue(name, 'float32', [length])), makeValue('pull', 'float32', [])], outputs: [] });
  const build = new GraphBuilder(graph);
  for (const vector of layout.groups) unpack(build, vector, vector.name);
  const value = penaltyValue(build, penalty, (name) => name);
  const shrunk = shrinkUnits(build, penalty, layout, new Map(layout.groups.map(({ name }) => [name, name])), 'pull');
  graph.outputs = [makeValue(value, 'float32', []), ...[...shrunk.values()].map((tensor) => makeValue(tensor, 'float32', null))];
  const session = await testRuntime.createSession(makeModel(graph, { '': 21 }), { threads: 1 });
  try {
    const results = await session.run({
      ...Object.fromEntries(layout.groups.map((vector) => [vector.name, { type: 'float32' as const, dims: [vector.length], data: flatten(vector, values) }])),
      pull: { type: 'float32', dims: [], data: Float32Array.of(pull) },
    });
    const dataOf = (tensor: string): Float32Array => results[tensor]?.data as Float32Array;
    return { value: dataOf(value)[0] ?? NaN, after: new Map(layout.groups.flatMap((vector) => [...unflatten(vector, dataOf(shrunk.get(vector.name) ?? ''))])) };
  } finally {
    await session.release();
  }
}

function close(found: number, expected: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= 2e-6 * Math.max(1, Math.abs(expected)), `${what}: ${found}, expected ${expected}`);
}

describe('the acceleration loss', () => {
  it('is 1 at the start, and later the cost by size of the units', async () => {
    const [start, later] = [draw(1), draw(2)];
    const penalty = plan(shared, start);
    close((await run(penalty, start, 0)).value, 1, 'at the start');
    const total = shared.reduce((sum, { units, cost }) => sum + units * cost, 0);
    const expected = shared.reduce((sum, group, index) => {
      const { slots = [], mean = NaN } = penalty.groups[index] ?? {};
      return sum + [...unitSizes(slots, group.units, later)].reduce((all, size) => all + (group.cost * size) / mean, 0) / total;
    }, 0);
    close((await run(penalty, later, 0)).value, expected, 'later');
  });

  it('takes the same length from every unit of a group, and all of those that are shorter', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1.2, noNaN: true }), async (seed, pull) => {
      const start = draw(seed);
      const penalty = plan(disjoint, start);
      const { after } = await run(penalty, start, pull);
      for (const { slots, units, mean, pull: own } of penalty.groups) {
        const before = unitSizes(slots, units, start);
        unitSizes(slots, units, after).forEach((size, unit) => { close(size, Math.max(0, (before[unit] ?? NaN) - Math.fround(pull) * own * mean), `unit ${unit}`); });
      }
      // Units of half the cost of the mean are pulled half as hard; what belongs to no unit stays.
      assert.deepEqual(penalty.groups.map((group) => group.pull), [1, 9 / 21]);
      assert.deepEqual(after.get('other'), start.get('other'));
      const [matrix, left] = [after.get('matrix') ?? [], start.get('matrix') ?? []];
      for (let row = 0; row < 4; row += 1) for (const column of [2, 5, 6]) assert.equal(matrix[row * 9 + column], left[row * 9 + column]);
    }), { numRuns: 20 });
  });

  it('scales what two groups share by both', async () => {
    const start = draw(3);
    const penalty = plan(shared, start);
    const { after } = await run(penalty, start, 0.3);
    const left = penalty.groups.map(({ slots, units, mean, pull }) => [...unitSizes(slots, units, start)].map((size) => Math.max(0, 1 - (0.3 * pull * mean) / size)));
    const columnUnit = new Map([[1, 0], [4, 0], [0, 1], [8, 1], [3, 2], [7, 2]]);
    const rowUnit = new Map([[2, 0], [0, 1]]);
    (after.get('matrix') ?? []).forEach((value, at) => {
      const [row, column] = [Math.floor(at / 9), at % 9];
      const factor = (left[1]?.[columnUnit.get(column) ?? -1] ?? 1) * (left[2]?.[rowUnit.get(row) ?? -1] ?? 1);
      close(value, (start.get('matrix')?.[at] ?? NaN) * factor, `${row}, ${column}`);
    });
  });

  it('leaves units of size 0 alone', async () => {
    const start = new Map(draw(4));
    start.set('kernel', (start.get('kernel') ?? new Float32Array()).map((value, at) => (at < 6 ? 0 : value)));
    start.set('scale', (start.get('scale') ?? new Float32Array()).map((value, at) => (at === 0 ? 0 : value)));
    const { value, after } = await run(plan(disjoint, start), start, 0.1);
    close(value, 1, 'value');
    for (const values of after.values()) assert.ok(values.every(Number.isFinite));
  });

  it('descends on its own value: a small step takes what the gradient promises', async () => {
    const start = draw(5);
    const penalty = plan(disjoint, start);
    const pull = 1e-3;
    const { value } = await run(penalty, (await run(penalty, start, pull)).after, 0);
    // The gradient by the size of a unit is share / (units * mean), the step pull * own pull * mean.
    const promised = penalty.groups.reduce((sum, { share, pull: own }) => sum + share * own * pull, 0);
    assert.ok(Math.abs(1 - value - promised) < 2e-6, `${1 - value}, promised ${promised}`);
  });
});

describe('the weight of the acceleration loss', () => {
  const penalty: Penalty = { groups: [], alpha: 0.7, decay: 0.95, every: 10 };

  it('falls by the decay every few epochs, and the losses have the rest', () => {
    assert.deepEqual([0, 9.9, 10, 25].map((epoch) => alphaAt(penalty, epoch)), [0.7, 0.7, 0.7 * 0.95, 0.7 * 0.95 ** 2]);
    const [kl, label] = besidePenalty([{ loss: 'kl' }, { loss: 'label', weight: 2 }], penalty);
    assert.ok(typeof kl?.weight === 'function' && typeof label?.weight === 'function');
    close(kl.weight(0), 0.3, 'kl');
    close(label.weight(12), 2 * (1 - 0.7 * 0.95), 'label');
  });

  it('comes to alpha over the steps of a training, whatever the schedule', () => {
    for (const name of ['cosine', 'constant', 'step', 'onecycle'] as const) {
      const pulledBy = (steps: number): number => {
        const schedule = { name, steps, warmup: 0.1 };
        const planned = planPenalty({ ...penalty, groups: disjoint }, trained, draw(1), schedule);
        return Array.from({ length: steps }, (_, step) => pullAt(planned, 0, scheduleFactor(schedule, step))).reduce((sum, pull) => sum + pull, 0);
      };
      close(pulledBy(137), 0.7, name);
      close(pulledBy(25), 0.7 / 4, `a short training: ${name}`);
    }
  });

  it('has nothing to do where no unit has a trained weight', () => {
    assert.throws(() => planPenalty({ ...penalty, groups: disjoint }, new Map([['other', [2, 5]]]), draw(1), { name: 'constant', steps: 1, warmup: 0 }), { code: 'nothingToSlim' });
  });
});
