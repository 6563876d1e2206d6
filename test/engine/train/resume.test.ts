// A training that was killed goes on: bit by bit, from wherever it stood, and only where it is the same training.

import assert from 'node:assert/strict';
import type { Batch, Dataset } from '../../../src/engine/data/dataset';
import { EngineError } from '../../../src/engine/error';
import { makeNode } from '../../../src/engine/ir/build';
import { cloneModel } from '../../../src/engine/ir/clone';
import { readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { train } from '../../../src/engine/train/trainer';
import type { TrainedValues, TrainingResult } from '../../../src/engine/train/training';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { storedCheckpoint } from '../../support/storedCheckpoint';
import { lossesOf, type TrainingCase, trainingCase, trainingRequest } from '../../support/training';
import { assertSame, type FewKeywords, fewKeywords, killedAndResumed, ofType, refusal, steadyClock } from './trainerSupport';

withAssets('a training that is resumed', function () {
  this.timeout(60_000);
  let data: Dataset;
  let few: FewKeywords;
  before(async () => ({ few, data } = await fewKeywords()));
  after(async () => {
    await data.close();
    await closeAssets();
  });

  it('goes on bit by bit after a cancel in the middle of an epoch', async () => {
    const options = { epochs: 3, ema: 0.9, mixup: 0.2, schedule: 'cosine', clip: 1, labelSmoothing: 0.1 } as const;
    const whole = await train(trainingRequest(few, options).request);
    const resumed = await killedAndResumed(few, options, {}, 6);
    assertSame(resumed.parameters, whole.parameters);
    assert.deepEqual(resumed.history.map(({ loss }) => loss), whole.history.map(({ loss }) => loss));
    assert.equal(resumed.steps, 12);
  });

  it('goes on bit by bit with sgd, and with the best epoch of before the cancel', async () => {
    const evaluate = { better: 'higher', run: (values: TrainedValues) => Promise.resolve(-Math.abs([...values.values()][0]?.[0] ?? 0)) } as const;
    const options = { epochs: 3, optimizer: 'sgd', learningRate: 0.01 } as const;
    const whole = await train(trainingRequest(few, options, { evaluate }).request);
    const resumed = await killedAndResumed(few, options, { evaluate }, 9);
    assertSame(resumed.parameters, whole.parameters);
    assert.deepEqual(resumed.best, whole.best);
    assert.deepEqual(resumed.history.map(({ metric }) => metric), whole.history.map(({ metric }) => metric));
  });

  it('keeps the epoch when the cancel comes while the metric is measured', async () => {
    const checkpoint = storedCheckpoint();
    const controller = new AbortController();
    let asked = 0;
    const cancelling = { better: 'higher', run: () => {
      asked += 1;
      if (asked === 3) controller.abort();
      return asked === 3 ? Promise.reject(new EngineError('cancelled')) : Promise.resolve(asked);
    } } as const;
    assert.equal((await refusal(trainingRequest(few, { epochs: 2 }, { evaluate: cancelling, checkpoint, signal: controller.signal }).request)).code, 'cancelled');
    const { request, events } = trainingRequest(few, { epochs: 2 }, { evaluate: { better: 'higher', run: () => Promise.resolve(9) }, checkpoint });
    const result = await train(request);
    assert.equal(lossesOf(events).length, 0);
    assert.deepEqual(result.history.map(({ metric }) => metric), [1, 2, 9]);
    assertSame(result.parameters, (await train(trainingRequest(few, { epochs: 2 }).request)).parameters);
  });

  it('judges the model as it came when the cancel came before that was done', async () => {
    const checkpoint = storedCheckpoint();
    const controller = new AbortController();
    const cancelling = { better: 'higher', run: () => {
      controller.abort();
      return Promise.reject(new EngineError('cancelled'));
    } } as const;
    assert.equal((await refusal(trainingRequest(few, {}, { evaluate: cancelling, checkpoint, signal: controller.signal }).request)).code, 'cancelled');
    const metrics = [0.9, 0.1];
    const result = await train(trainingRequest(few, {}, { evaluate: { better: 'higher', run: () => Promise.resolve(metrics.shift() ?? 0) }, checkpoint }).request);
    assert.deepEqual(result.history.map(({ epoch, metric }) => [epoch, metric]), [[0, 0.9], [1, 0.1]]);
    assert.deepEqual(result.best, { epoch: 0, metric: 0.9 });
  });

  it('stays stopped when it is resumed after it stopped early', async () => {
    const checkpoint = storedCheckpoint();
    const options = { epochs: 4, earlyStop: 1 };
    const metrics = [0.5, 0.9, 0.4, 1];
    const evaluate = { better: 'higher', run: () => Promise.resolve(metrics.shift() ?? 0) } as const;
    const whole = await train(trainingRequest(few, options, { evaluate, checkpoint }).request);
    const { request, events } = trainingRequest(few, options, { evaluate, checkpoint });
    const again = await train(request);
    assert.deepEqual(again.history.map(({ epoch }) => epoch), [0, 1, 2]);
    assert.deepEqual(ofType(events, 'earlyStop'), [{ type: 'earlyStop', epoch: 2, bestEpoch: 1 }]);
    assertSame(again.parameters, whole.parameters);
  });

  it('remembers steps back and seconds of before a resume', async () => {
    const nanAt = (epoch: number): number => (Math.abs(epoch - 0.25) < 1e-6 ? NaN : 1);
    const losses = [{ loss: 'label', weight: nanAt }] as const;
    const afresh = await train(trainingRequest(few, { epochs: 2 }, { losses }).request, steadyClock());
    const result = await killedAndResumed(few, { epochs: 2 }, { losses }, 6, steadyClock());
    assert.deepEqual([result.stepsBack, result.learningRateFactor, result.steps], [1, 0.5, 7]);
    // The clock counts how often it is asked: what came before the resume is most of it.
    assert.ok(result.seconds >= 0.9 * afresh.seconds, `${result.seconds} after ${afresh.seconds}`);
  });

  it('refuses a checkpoint of another training', async () => {
    const checkpoint = storedCheckpoint();
    await train(trainingRequest(few, {}, { checkpoint }).request);
    assert.equal((await refusal(trainingRequest(few, { learningRate: 0.1 }, { checkpoint }).request)).code, 'trainingCheckpoint');
    const first = few.model.graph.nodes.find(({ opType }) => opType === 'MatMul' || opType === 'Gemm');
    assert.ok(first);
    const prepare = (batch: number): ReturnType<typeof prepareTraining> => prepareTraining(few.model, { batch, dims: {}, isFrozen: ({ outputs }) => outputs[0] === first.outputs[0], batchNorm: 'train' });
    for (const change of [{ identity: { freeze: ['a'] } }, { initial: new Map() }, { augment: (batch: Batch) => batch }, { prepare }]) {
      assert.equal((await refusal(trainingRequest(few, {}, { checkpoint, ...change }).request)).params['reason'], 'reason.checkpointOther', Object.keys(change).join());
    }
    const cutOff = storedCheckpoint(checkpoint.bytes()?.slice(0, 40));
    assert.equal((await refusal(trainingRequest(few, {}, { checkpoint: cutOff }).request)).code, 'trainingCheckpoint');
  });
});

withAssets('a training with state beside the weights', function () {
  this.timeout(60_000);
  let convolutional: TrainingCase;
  before(async () => { convolutional = await trainingCase('models/ds_cnn_s-kws12.onnx', 'data/kws-ds-cnn.json', 70); });
  after(async () => {
    await convolutional.data.close();
    await closeAssets();
  });

  for (const accumulate of [1, 2]) {
    it(`updates the statistics of BatchNormalization${accumulate > 1 ? ' over accumulated batches' : ''}, averages them, and resumes bit by bit`, async () => {
      const options = { epochs: 2, batch: 16, accumulate, ema: 0.9 };
      const whole = await train(trainingRequest(convolutional, options).request);
      assert.ok(whole.statistics.size > 0);
      for (const [name, values] of whole.statistics) {
        const tensor = convolutional.model.graph.initializers.get(name);
        assert.ok(tensor && values.every(Number.isFinite), name);
        const before = (await readTensor(tensor)).data as Float32Array;
        assert.ok(values.some((value, at) => value !== before[at]), `${name} did not move`);
      }
      const again = await killedAndResumed(convolutional, options, {}, accumulate === 1 ? 5 : 3);
      assertSame(again.parameters, whole.parameters);
      assertSame(again.statistics, whole.statistics);
    });
  }

  it('draws the masks of Dropout from the seed and the step', async () => {
    const model = cloneModel(convolutional.model);
    const at = model.graph.nodes.findIndex(({ opType }) => opType === 'Relu');
    const relu = model.graph.nodes[at];
    assert.ok(relu);
    const output = relu.outputs[0] ?? '';
    relu.outputs = ['before dropout'];
    model.graph.initializers.set('ratio', tensorFrom('ratio', { type: 'float32', dims: [], data: Float32Array.of(0.5) }));
    model.graph.nodes.splice(at + 1, 0, makeNode('Dropout', ['before dropout', 'ratio'], [output]));
    const dropping = { ...convolutional, model };
    const run = async (options: Parameters<typeof trainingRequest>[1]): Promise<readonly [TrainingResult, number[]]> => {
      const { request, events } = trainingRequest(dropping, { epochs: 2, batch: 16, ...options });
      return [await train(request), lossesOf(events)];
    };
    const [whole, losses] = await run({ learningRate: 1e-9 });
    assert.notEqual(losses[0], lossesOf((await trained(convolutional)).events)[0], 'nothing was dropped');
    assert.deepEqual((await run({ learningRate: 1e-9 }))[1], losses);
    assertSame((await killedAndResumed(dropping, { epochs: 2, batch: 16, learningRate: 1e-9 }, {}, 5)).parameters, whole.parameters);

    async function trained(plain: TrainingCase): Promise<ReturnType<typeof trainingRequest>> {
      const recorded = trainingRequest(plain, { epochs: 1, batch: 16, learningRate: 1e-9 });
      await train(recorded.request);
      return recorded;
    }
  });
});
