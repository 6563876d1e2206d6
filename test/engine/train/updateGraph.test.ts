// The step on flat vectors against PyTorch's equations in float64, written here as torch.optim states them.

import assert from 'node:assert/strict';
import { seededRandom } from '../../../src/engine/random';
import type { NdArray } from '../../../src/engine/ports';
import { flatten, type FlatLayout } from '../../../src/engine/train/flat';
import type { Optimiser } from '../../../src/engine/train/optimisers/optimiser';
import { optimiserOf } from '../../../src/engine/train/optimisers/table';
import { GRADIENT_NORM, gradientInput, nextOutput, scalarInput, stateInput } from '../../../src/engine/train/trainingNames';
import { buildUpdateGraph, stateVectors, type UpdateOptions } from '../../../src/engine/train/updateGraph';
import { emaDecay } from '../../../src/engine/train/schedules';
import { testRuntime } from '../../support/passContext';

const LENGTH = 7;
const layout: FlatLayout = {
  groups: [
    { name: 'decayed', entries: [{ name: 'w', dims: [LENGTH], offset: 0 }], length: LENGTH },
    { name: 'plain', entries: [{ name: 'b', dims: [LENGTH], offset: 0 }], length: LENGTH },
  ],
  statistics: undefined,
};

const draw = (seed: number): Float64Array => {
  const random = seededRandom(seed);
  return Float64Array.from({ length: LENGTH }, () => Math.fround(2 * random() - 1));
};
const gradientAt = (step: number, group: string): Float64Array => draw(100 * step + group.length);
const array = (data: ArrayLike<number>): NdArray => ({ type: 'float32', dims: [data.length], data: Float32Array.from(data) });
const scalar = (value: number): NdArray => ({ type: 'float32', dims: [], data: Float32Array.of(value) });

/** Vectors after `steps` steps with learning rate 0.1 / step, and the norms of the gradients. */
async function run(options: UpdateOptions, steps: number, { groups } = layout): Promise<{ readonly state: Record<string, Float32Array>; readonly norms: number[] }> {
  const session = await testRuntime.createSession(buildUpdateGraph({ groups, statistics: undefined }, options, 21), { threads: 1 });
  const names = [...stateVectors({ groups, statistics: undefined }, options).keys()];
  const state: Record<string, Float32Array> = Object.fromEntries(names.map((name) => [name, new Float32Array(LENGTH)]));
  for (const group of groups) {
    const { name } = group;
    state[name] = flatten(group, new Map([[group.entries[0]?.name ?? '', Float32Array.from(draw(name.length))]]));
    if (options.ema) state[`${name}/average`] = state[name].slice();
  }
  const norms: number[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const decay = emaDecay(0.99, step - 1);
    const scalars = { ...options.optimiser.valuesAt(step, 0.1 / step), gradientScale: 1, ...(options.ema && { emaDecay: decay, emaRest: 1 - decay }) };
    const results = await session.run({
      ...Object.fromEntries(names.map((name) => [stateInput(name), array(state[name] ?? [])])),
      ...Object.fromEntries(groups.map(({ name }) => [gradientInput(name), array(gradientAt(step, name))])),
      ...Object.fromEntries(Object.entries(scalars).map(([name, value]) => [scalarInput(name), scalar(value)])),
    });
    for (const name of names) state[name] = results[nextOutput(name)]?.data as Float32Array;
    norms.push((results[GRADIENT_NORM]?.data as Float32Array)[0] as number);
  }
  await session.release();
  return { state, norms };
}

type Step = (p: number, g: number, memory: Record<string, number>, step: number, lr: number, decay: number) => number;

/** Every element of a group through `step`, in float64. */
function reference(group: string, steps: number, step: Step, weightDecay: number, clip = 0): Float64Array {
  return draw(group.length).map((start, at) => {
    const memory: Record<string, number> = {};
    let p = start;
    for (let index = 1; index <= steps; index += 1) {
      const norm = Math.hypot(...layout.groups.flatMap(({ name }) => [...gradientAt(index, name)]));
      const factor = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
      p = step(p, (gradientAt(index, group)[at] as number) * factor, memory, index, 0.1 / index, group === 'decayed' ? weightDecay : 0);
    }
    return p;
  });
}

const adamw: Step = (p, g, memory, step, lr, decay) => {
  const m = memory['m'] = 0.9 * (memory['m'] ?? 0) + 0.1 * g;
  const v = memory['v'] = 0.999 * (memory['v'] ?? 0) + 0.001 * g * g;
  const denominator = Math.sqrt(v) / Math.sqrt(1 - 0.999 ** step) + 1e-8;
  return p * (1 - lr * decay) - ((lr / (1 - 0.9 ** step)) * m) / denominator;
};

/** torch.optim.SGD: the buffer starts as the first gradient. */
const sgd = (momentum: number, nesterov: boolean): Step => (p, g, memory, _, lr, decay) => {
  const whole = g + decay * p;
  if (momentum === 0) return p - lr * whole;
  const buffer = memory['b'] = memory['b'] === undefined ? whole : momentum * memory['b'] + whole;
  return p - lr * (nesterov ? whole + momentum * buffer : buffer);
};

function close(found: Float32Array | undefined, expected: Float64Array, tolerance = 2e-6): void {
  expected.forEach((value, at) => {
    assert.ok(Math.abs(value - (found?.[at] ?? NaN)) <= tolerance, `${at}: ${value} but ${found?.[at]}`);
  });
}

describe('a step of training', () => {
  const adamwOf = (weightDecay: number) => optimiserOf({ optimizer: 'adamw', momentum: 0, nesterov: false, weightDecay });
  const sgdOf = (momentum: number, nesterov: boolean, weightDecay: number) => optimiserOf({ optimizer: 'sgd', momentum, nesterov, weightDecay });

  it('is AdamW as PyTorch computes it, weight decay on one group only', async () => {
    const { state } = await run({ optimiser: adamwOf(0.1), clip: 0, ema: false }, 8);
    close(state['decayed'], reference('decayed', 8, adamw, 0.1));
    close(state['plain'], reference('plain', 8, adamw, 0.1));
  });

  for (const [momentum, nesterov] of [[0, false], [0.9, false], [0.9, true]] as const) {
    it(`is SGD with momentum ${momentum}${nesterov ? ' and Nesterov' : ''} as PyTorch computes it`, async () => {
      const { state } = await run({ optimiser: sgdOf(momentum, nesterov, 0.05), clip: 0, ema: false }, 6);
      close(state['decayed'], reference('decayed', 6, sgd(momentum, nesterov), 0.05));
      close(state['plain'], reference('plain', 6, sgd(momentum, nesterov), 0.05));
    });
  }

  it('clips by the norm over all groups, and tells the norm before', async () => {
    const { state, norms } = await run({ optimiser: sgdOf(0, false, 0), clip: 0.5, ema: false }, 3);
    close(state['plain'], reference('plain', 3, sgd(0, false), 0, 0.5));
    const expected = Math.hypot(...layout.groups.flatMap(({ name }) => [...gradientAt(1, name)]));
    assert.ok(Math.abs((norms[0] ?? NaN) - expected) < 1e-5);
  });

  it('leaves gradients alone whose norm is below the limit', async () => {
    const { state } = await run({ optimiser: sgdOf(0, false, 0), clip: 100, ema: false }, 2);
    close(state['decayed'], reference('decayed', 2, sgd(0, false), 0));
  });

  it('averages the weights with a decay that warms up', async () => {
    const { state } = await run({ optimiser: sgdOf(0, false, 0), clip: 0, ema: true }, 4);
    const expected = draw('plain'.length).map((start, at) => {
      let average = start;
      for (let step = 1; step <= 4; step += 1) {
        const decay = Math.min(0.99, step / (9 + step));
        average = decay * average + (1 - decay) * (reference('plain', step, sgd(0, false), 0)[at] as number);
      }
      return average;
    });
    close(state['plain/average'], expected);
  });

  describe('with a mask', () => {
    const mask = Uint8Array.of(1, 0, 0, 1, 1, 0, 1);
    const isMasked = (at: number): boolean => mask[at] === 0;
    const masked: FlatLayout = { ...layout, groups: layout.groups.map((group) => (group.name === 'decayed' ? { ...group, mask } : group)) };
    const optimisers = { adamw: adamwOf(0.1), sgd: sgdOf(0, false, 0.05), momentum: sgdOf(0.9, true, 0.05) };

    for (const [name, optimiser] of Object.entries(optimisers)) {
      it(`keeps zeros and trains the rest as without one: ${name}`, async () => {
        const options = { optimiser, clip: 0, ema: true };
        const [{ state }, { state: free }] = [await run(options, 5, masked), await run(options, 5)];
        for (const vector of ['decayed', 'decayed/average']) {
          // Positive zeros: assert.deepEqual tells them from negative ones.
          assert.deepEqual(state[vector], free[vector]?.map((value, at) => (isMasked(at) ? 0 : value)), vector);
        }
        assert.deepEqual(state['plain'], free['plain']);
        for (const slot of optimiser.slots) assert.ok(state[`decayed/${slot}`]?.every((value, at) => !isMasked(at) || value === 0), slot);
      });
    }

    it('keeps zeros whatever an optimiser makes of them', async () => {
      const restless: Optimiser = { ...optimisers.sgd, update: ({ build, parameters }) => ({ parameters: build.add(parameters, build.scalar(1)), state: [] }) };
      const { state } = await run({ optimiser: restless, clip: 0, ema: false }, 2, masked);
      close(state['decayed'], draw('decayed'.length).map((start, at) => (isMasked(at) ? 0 : start + 2)));
    });

    it('leaves masked gradients out of the norm that clips', async () => {
      const { state, norms } = await run({ optimiser: sgdOf(0, false, 0), clip: 0.5, ema: false }, 1, masked);
      const norm = Math.hypot(...gradientAt(1, 'decayed').filter((_, at) => !isMasked(at)), ...gradientAt(1, 'plain'));
      assert.ok(Math.abs((norms[0] ?? NaN) - norm) < 1e-6, `${norms[0]} and not ${norm}`);
      close(state['plain'], draw('plain'.length).map((start, at) => start - 0.1 * (gradientAt(1, 'plain')[at] ?? NaN) * (0.5 / (norm + 1e-6))));
    });
  });
});
