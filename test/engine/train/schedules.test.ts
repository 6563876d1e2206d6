// Learning-rate factors against the closed forms of PyTorch's schedulers.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { emaDecay, scheduleFactor } from '../../../src/engine/train/schedules';
import { scheduleNames } from '../../../src/engine/train/training';

const near = (found: number, expected: number): void => { assert.ok(Math.abs(found - expected) < 1e-12, `${found} instead of ${expected}`); };

describe('schedules', () => {
  it('cosine is CosineAnnealingLR over all steps', () => {
    const plan = { name: 'cosine', steps: 10, warmup: 0 } as const;
    for (let step = 0; step < 10; step += 1) near(scheduleFactor(plan, step), (1 + Math.cos((Math.PI * step) / 10)) / 2);
  });

  it('onecycle is OneCycleLR with its defaults', () => {
    // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10): first, peak (pct_start 0.3: step 2) and last.
    const plan = { name: 'onecycle', steps: 10, warmup: 0.5 } as const;
    near(scheduleFactor(plan, 0), 0.04);
    near(scheduleFactor(plan, 1), 0.52);
    near(scheduleFactor(plan, 2), 1);
    near(scheduleFactor(plan, 9), 4e-6);
    near(scheduleFactor(plan, 3), 4e-6 + (1 - 4e-6) * (1 + Math.cos(Math.PI / 7)) / 2);
  });

  it('step divides by ten after half and three quarters', () => {
    const plan = { name: 'step', steps: 8, warmup: 0 } as const;
    [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01].forEach((expected, step) => { near(scheduleFactor(plan, step), expected); });
  });

  it('warms up by steps or by a share of them', () => {
    near(scheduleFactor({ name: 'constant', steps: 100, warmup: 3 }, 0), 0.25);
    near(scheduleFactor({ name: 'constant', steps: 100, warmup: 3 }, 2), 0.75);
    near(scheduleFactor({ name: 'constant', steps: 100, warmup: 3 }, 3), 1);
    near(scheduleFactor({ name: 'constant', steps: 60, warmup: 0.05 }, 1), 0.5);
  });

  it('every factor is above 0 and at most 1', () => {
    fc.assert(fc.property(fc.constantFrom(...scheduleNames), fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 20, noNaN: true }), fc.nat(), (name, steps, warmup, at) => {
      const factor = scheduleFactor({ name, steps, warmup }, at % steps);
      assert.ok(factor > 0 && factor <= 1, `${name} ${factor}`);
    }));
  });

  it('the average starts quickly and ends slow', () => {
    near(emaDecay(0.999, 0), 0.1);
    near(emaDecay(0.999, 90), 0.91);
    near(emaDecay(0.999, 100_000), 0.999);
  });
});
