// Steps of the training loop on a real network and real data: several in one call, accumulated, stepped back from, cut where
// memory is short, and refused where the samples are unfit.

import assert from 'node:assert/strict';
import type { Batch, Dataset, Split } from '../../../src/engine/data/dataset';
import { EngineError } from '../../../src/engine/error';
import type { Runtime } from '../../../src/engine/ports';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { createTeacher } from '../../../src/engine/train/teacherSession';
import { train } from '../../../src/engine/train/trainer';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import { storedCheckpoint } from '../../support/storedCheckpoint';
import { lossesOf, trainingRequest } from '../../support/training';
import { assertSame, type FewKeywords, fewKeywords, killedAndResumed, ofType, refusal, steadyClock } from './trainerSupport';

/** The split with its batches changed. */
function changed(split: Split, change: (batch: Batch) => Batch): Split {
  return { ...split, gather: async (indices) => change(await split.gather(indices)), read: async (start, end) => change(await split.read(start, end)) };
}

withAssets('the steps of a training', function () {
  this.timeout(60_000);
  let data: Dataset;
  let few: FewKeywords;
  before(async () => ({ few, data } = await fewKeywords()));
  after(async () => {
    await data.close();
    await closeAssets();
  });

  /** Steps this short run in a Loop once some were timed; after the cancel too few are left for one. */
  it('takes many short steps in one call, which gives what single steps give', async function () {
    // 308 steps, a handful more than a loop is made for; one thread, which does not wait for another on a loaded machine.
    this.timeout(120_000);
    const options = { epochs: 77, batch: 32, optimizer: 'sgd', learningRate: 1e-4 } as const;
    const nanAt = (epoch: number): number => (Math.abs(epoch - 20.5) < 1e-6 ? NaN : 1);
    const overrides = { losses: [{ loss: 'label', weight: nanAt }], threads: 1 } as const;
    let calls = 0;
    const counting: Runtime = {
      ...testRuntime,
      async createSession(model, sessionOptions) {
        const session = await testRuntime.createSession(model, sessionOptions);
        return { ...session, run: (...given) => { calls += 1; return session.run(...given); } };
      },
    };
    const { request, events } = trainingRequest(few, options, { ...overrides, runtime: counting });
    const whole = await train(request, steadyClock());
    assert.ok(calls < 120, `${calls} calls for 308 steps`);
    assert.equal(lossesOf(events).length, 307);
    assert.deepEqual(ofType(events, 'stepBack').map(({ step }) => step), [83]);
    const resumed = await killedAndResumed(few, options, overrides, 3, steadyClock());
    assertSame(resumed.parameters, whole.parameters);
  });

  it('lets threads sleep between kernels: looping takes the machine from whatever else runs on it', async () => {
    const asked: (boolean | undefined)[] = [];
    const noting: Runtime = { ...testRuntime, createSession: (model, options) => {
      asked.push(options?.spinning);
      return testRuntime.createSession(model, options);
    } };
    await train(trainingRequest(few, {}, { runtime: noting }).request);
    await train(trainingRequest(few, { accumulate: 2 }, { runtime: noting }).request);
    assert.deepEqual(asked.map((spinning) => spinning === true), [false, false, false]);
  });

  it('accumulates: two batches of 16 are one of 32', async () => {
    const options = { optimizer: 'sgd', learningRate: 0.05, epochs: 1, clip: 1, ema: 0.5 } as const;
    const whole = await train(trainingRequest(few, { ...options, batch: 32 }).request);
    const parts = await train(trainingRequest(few, { ...options, batch: 16, accumulate: 2 }).request);
    assertSame(parts.parameters, whole.parameters, 1e-6);
    assert.ok(Math.abs((parts.history[0]?.loss ?? NaN) - (whole.history[0]?.loss ?? NaN)) < 1e-5);
  });

  it('steps back from NaN: the step is not taken, the learning rate halves, training goes on', async () => {
    const nanAt = (epoch: number): number => (Math.abs(epoch - 1.25) < 1e-6 ? NaN : 1);
    const { request, events } = trainingRequest(few, { epochs: 2 }, { losses: [{ loss: 'label', weight: nanAt }] });
    const result = await train(request);
    const [back] = ofType(events, 'stepBack');
    assert.deepEqual(back && { ...back, loss: 0 }, { type: 'stepBack', step: 6, epoch: 2, loss: 0, learningRateFactor: 0.5, inARow: 1 });
    assert.equal(result.steps, 7);
    const rates = ofType(events, 'step').map(({ learningRate }) => learningRate);
    assert.equal(rates.at(-1), (rates[0] ?? NaN) / 2);
    for (const values of result.parameters.values()) assert.ok(values.every(Number.isFinite));
  });

  it('says that it diverged after three steps back, and the checkpoint of before stays', async () => {
    const checkpoint = storedCheckpoint();
    const { request, events } = trainingRequest(few, { epochs: 3, learningRate: 0.002 }, { checkpoint, losses: [{ loss: 'label', weight: (epoch) => (epoch < 1 ? 1 : NaN) }] });
    const error = await refusal(request);
    assert.equal(error.code, 'trainingDiverged');
    assert.match(error.message, /step 7 \(epoch 2\).*3 times.*"learningRate" than 0\.002/);
    assert.deepEqual(ofType(events, 'stepBack').map(({ learningRateFactor }) => learningRateFactor), [0.5, 0.25, 0.125]);
    assert.ok(Buffer.from(checkpoint.bytes() ?? []).includes('"epoch":1'));
  });

  it('a rate far too large ends in that error too, not in weights of NaN', async () => {
    const error = await refusal(trainingRequest(few, { optimizer: 'sgd', learningRate: 1e12, epochs: 20 }).request);
    assert.equal(error.code, 'trainingDiverged');
  });

  it('names the sample and the input that hold NaN', async () => {
    const poisoned = changed(few.train, (batch) => {
      const at = batch.indices.indexOf(few17);
      if (at < 0) return batch;
      return { ...batch, inputs: Object.fromEntries(Object.entries(batch.inputs).map(([name, array]) => {
        const data = (array.data as Float32Array).slice();
        data[at * (data.length / batch.size) + 3] = NaN;
        return [name, { ...array, data }];
      })) };
    });
    const [few17 = -1] = (await few.train.read(17, 18)).indices;
    const error = await refusal(trainingRequest({ ...few, train: poisoned }, { epochs: 2 }).request);
    assert.equal(error.code, 'dataNotFinite');
    assert.equal(error.params['sample'], few17);
    assert.ok(Object.keys((await few.train.read(0, 1)).inputs).includes(String(error.params['input'])));
  });

  it('names value, sample and number of classes of a label out of range', async () => {
    const wrong = changed(few.train, (batch) => ({ ...batch, labels: batch.labels?.map((label, at) => (batch.indices[at] === batch.indices[0] ? 12 : label)) ?? [] }));
    const error = await refusal(trainingRequest({ ...few, train: wrong }, {}).request);
    assert.equal(error.code, 'labelOutOfRange');
    assert.equal(error.params['classes'], 12);
    assert.equal(error.params['label'], 12);
  });

  it('mixes numbers only', async () => {
    const tokens = changed(few.train, (batch) => ({ ...batch, inputs: Object.fromEntries(Object.entries(batch.inputs).map(([name, array]) => [name, { type: 'int32', dims: array.dims, data: Int32Array.from(array.data as Float32Array) }])) }));
    assert.equal((await refusal(trainingRequest({ ...few, train: tokens }, { mixup: 0.2 }).request)).code, 'mixupUnfit');
  });

  it('shrinks a batch that is larger than the data', async () => {
    const { request, events } = trainingRequest(few, { batch: 4096 });
    await train(request);
    assert.deepEqual(ofType(events, 'batchShrunk'), [{ type: 'batchShrunk', from: 4096, to: 130, samples: 130 }]);
    assert.equal(ofType(events, 'started')[0]?.stepsPerEpoch, 1);
  });

  it('tells of fewer batches a step than asked, and of batches that are not whole runs of the model', async () => {
    const accumulated = trainingRequest(few, { accumulate: 9 });
    assert.equal((await train(accumulated.request)).steps, 1);
    assert.deepEqual(ofType(accumulated.events, 'accumulateShrunk'), [{ type: 'accumulateShrunk', from: 9, to: 4, samples: 130 }]);
    const prepare = (): ReturnType<typeof prepareTraining> => prepareTraining(few.model, { batch: 24, dims: {}, isFrozen: () => false, batchNorm: 'train' });
    const fixed = trainingRequest(few, { batch: 64 }, { prepare });
    await train(fixed.request);
    assert.deepEqual(ofType(fixed.events, 'batchFitted'), [{ type: 'batchFitted', from: 64, to: 48, microbatch: 24 }]);
  });

  describe('with little memory', () => {
    const options = { optimizer: 'sgd', learningRate: 0.05, batch: 64, epochs: 1 } as const;
    const withFree = (free: number): Runtime => ({ ...testRuntime, freeMemory: () => free });

    it('cuts batches into parts that fit, and learns the same', async () => {
      const whole = trainingRequest(few, options);
      const expected = await train(whole.request);
      const estimate = ofType(whole.events, 'started')[0]?.estimatedBytes ?? NaN;
      const { request, events } = trainingRequest(few, options, { runtime: withFree((estimate - 1) / 0.8) });
      assertSame((await train(request)).parameters, expected.parameters, 1e-6);
      assert.deepEqual(ofType(events, 'microbatch').map(({ from, to, reason }) => [from, to, reason]), [[64, 32, 'estimate']]);
    });

    it('halves a batch that nothing divides, without its remainder', async () => {
      const prime = trainingRequest(few, { ...options, batch: 127 });
      await train(prime.request);
      const estimate = ofType(prime.events, 'started')[0]?.estimatedBytes ?? NaN;
      const { request, events } = trainingRequest(few, { ...options, batch: 127 }, { runtime: withFree((estimate - 1) / 0.8) });
      assert.deepEqual((await train(request)).shrunk, { from: 127, to: 63 });
      assert.deepEqual(ofType(events, 'started').map(({ batch, microbatch }) => [batch, microbatch]), [[126, 63]]);
    });

    it('releases the teachers of plans that are not used', async () => {
      let open = 0;
      const { request } = trainingRequest(few, options, {
        runtime: withFree(1000), losses: [{ loss: 'kl' }],
        prepare: () => prepareTraining(few.model, { batch: 32, dims: {}, isFrozen: () => false, batchNorm: 'train' }),
        teacher: async (batch) => {
          const teacher = await createTeacher(few.model, { batch, dims: {}, runtime: testRuntime, provider: 'cpu', threads: 2 });
          open += 1;
          return { ...teacher, release: () => { open -= 1; return teacher.release(); } };
        },
      });
      assert.equal((await refusal(request)).code, 'batchTooLarge');
      assert.equal(open, 0);
    });

    it('halves and goes on where onnxruntime itself runs out', async () => {
      const expected = await train(trainingRequest(few, options).request);
      let runs = 0;
      const runtime: Runtime = {
        ...testRuntime,
        async createSession(model, sessionOptions) {
          const session = await testRuntime.createSession(model, sessionOptions);
          return { ...session, run: (...given) => (runs++ === 1 ? Promise.reject(new EngineError('outOfMemory', { activity: 'progress.inference' })) : session.run(...given)) };
        },
      };
      const { request, events } = trainingRequest(few, options, { runtime });
      assertSame((await train(request)).parameters, expected.parameters, 1e-6);
      assert.deepEqual(ofType(events, 'microbatch').map(({ from, to, reason }) => [from, to, reason]), [[64, 32, 'outOfMemory']]);
      assert.equal(lossesOf(events).length, 2);
    });

    it('says what a step needs when not even one sample fits', async () => {
      const error = await refusal(trainingRequest(few, options, { runtime: withFree(1000) }).request);
      assert.equal(error.code, 'batchTooLarge');
      assert.ok(Number(error.params['needed']) > 199_000 * 4 * 3);
      assert.equal(error.params['largest'], 0);
    });
  });
});
