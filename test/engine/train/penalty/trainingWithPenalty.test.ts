// The acceleration loss in the training loop, on a real network: what is told of it, and that the ways to run steps agree.

import assert from 'node:assert/strict';
import { findDependencies } from '../../../../src/engine/analysis/dependencies/index';
import type { Dataset } from '../../../../src/engine/data/dataset';
import type { Penalty } from '../../../../src/engine/train/penalty/penalty';
import { train } from '../../../../src/engine/train/trainer';
import type { TrainingOptions, TrainingResult } from '../../../../src/engine/train/training';
import { withAssets } from '../../../support/assets';
import { closeAssets } from '../../../support/models';
import { storedCheckpoint } from '../../../support/storedCheckpoint';
import { trainingRequest } from '../../../support/training';
import { assertSame, type FewKeywords, fewKeywords, killedAndResumed, ofType, refusal, steadyClock } from '../trainerSupport';

withAssets('training with the acceleration loss', function () {
  this.timeout(60_000);
  let data: Dataset;
  let few: FewKeywords;
  let penalty: Penalty;
  before(async () => {
    ({ few, data } = await fewKeywords());
    const { groups } = await findDependencies(few.model);
    assert.ok(groups.length > 1);
    penalty = { groups: groups.map(({ weights, size }, index) => ({ slots: weights, units: size, cost: 1 + index })), alpha: 0.6, decay: 0.5, every: 1 };
  });
  after(async () => {
    await data.close();
    await closeAssets();
  });

  const run = async (options: Partial<TrainingOptions>, clock = steadyClock(1000)): Promise<TrainingResult> => train(trainingRequest(few, options, { penalty, threads: 1 }).request, clock);

  it('tells its value beside the losses, whose weights make room for it epoch by epoch', async () => {
    const { request, events } = trainingRequest(few, { epochs: 2 }, { penalty });
    await train(request);
    const steps = ofType(events, 'step');
    assert.equal(steps.length, 8);
    assert.ok(Math.abs((steps[0]?.losses['cost'] ?? NaN) - 1) < 1e-5);
    for (const { loss, losses: { label = NaN, cost = NaN }, epoch } of steps) {
      const alpha = epoch === 1 ? 0.6 : 0.3;
      assert.ok(Math.abs(loss - (alpha * cost + (1 - alpha) * label)) < 1e-5 * Math.max(1, loss));
    }
    // Told before its step: 7 of them, each a hundredth of the weight, and twice for entries of two groups.
    const costs = steps.map(({ losses: { cost = NaN } }) => cost);
    assert.ok(costs.every((cost, at) => at === 0 || cost < (costs[at - 1] ?? NaN)), costs.join());
    const last = costs.at(-1) ?? NaN;
    assert.ok(last < 0.985 && last > 0.9, `${last}`);
  });

  it('trains the same whether steps run one by one, in loops, or in accumulated batches', async () => {
    const options = { epochs: 77, optimizer: 'sgd', learningRate: 1e-3 } as const;
    const single = await run(options);
    assertSame((await run(options, steadyClock())).parameters, single.parameters);
    const whole = await run({ epochs: 2, optimizer: 'sgd', learningRate: 1e-3 });
    const halves = await run({ epochs: 2, optimizer: 'sgd', learningRate: 1e-3, batch: 16, accumulate: 2 });
    assertSame(halves.parameters, whole.parameters, 1e-5);
  });

  it('goes on bit by bit after a cancel, but not with another penalty', async () => {
    const options = { epochs: 3, ema: 0.9 };
    const whole = await train(trainingRequest(few, options, { penalty }).request);
    assertSame((await killedAndResumed(few, options, { penalty }, 6)).parameters, whole.parameters);
    const checkpoint = storedCheckpoint();
    await train(trainingRequest(few, options, { penalty, checkpoint }).request);
    const [first, ...others] = penalty.groups;
    assert.ok(first !== undefined);
    for (const other of [{ ...penalty, alpha: 0.5 }, { ...penalty, groups: [{ ...first, cost: 2 * first.cost }, ...others] }]) {
      assert.equal((await refusal(trainingRequest(few, options, { penalty: other, checkpoint }).request)).params['reason'], 'reason.checkpointOther');
    }
  });
});
