// The training loop on a real network and real data: it learns, resumes bit by bit, can be cancelled, and refuses what
// cannot be trained.

import assert from 'node:assert/strict';
import type { Batch, Split } from '../../../src/engine/data/dataset';
import { EngineError } from '../../../src/engine/error';
import { makeNode } from '../../../src/engine/ir/build';
import { cloneModel } from '../../../src/engine/ir/clone';
import { readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import type { Runtime } from '../../../src/engine/ports';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { subset } from '../../../src/engine/train/samples';
import { createTeacher } from '../../../src/engine/train/teacherSession';
import { type Clock, train } from '../../../src/engine/train/trainer';
import type { TrainedValues, TrainingEvent, TrainingRequest, TrainingResult } from '../../../src/engine/train/training';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import { accuracy, lossesOf, type TrainingCase, trainingCase, trainingRequest } from '../../support/training';

function assertSame(found: TrainedValues, expected: TrainedValues, tolerance = 0): void {
  assert.deepEqual([...found.keys()], [...expected.keys()]);
  for (const [name, values] of expected) {
    const largest = values.reduce((most, value, at) => Math.max(most, Math.abs(value - (found.get(name)?.[at] ?? NaN))), 0);
    assert.ok(largest <= tolerance, `${name} differs by ${largest}`);
  }
}

const refusal = async (request: TrainingRequest, clock?: Clock): Promise<EngineError> => {
  const error = await train(request, clock).then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof EngineError, String(error));
  return error;
};

/** Every look at it is a millisecond later: all steps are as short as one of a small network on an idle machine. */
function steadyClock(): Clock {
  let milliseconds = 0;
  return () => (milliseconds += 1);
}

function ofType<Type extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: Type): Extract<TrainingEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<TrainingEvent, { type: Type }> => event.type === type);
}

/** The split with its batches changed. */
function changed(split: Split, change: (batch: Batch) => Batch): Split {
  return { ...split, gather: async (indices) => change(await split.gather(indices)), read: async (start, end) => change(await split.read(start, end)) };
}

withAssets('the trainer, on keywords', function () {
  this.timeout(60_000);
  let mlp: TrainingCase;
  let few: Pick<TrainingCase, 'model' | 'train'>;
  before(async () => {
    mlp = await trainingCase('models/dnn_m-kws12.onnx', 'data/kws-dnn.json', 1000);
    few = { model: mlp.model, train: subset(mlp.train, 'train', Array.from({ length: 130 }, (_, index) => index)) };
  });
  after(async () => {
    await mlp.data.close();
    await closeAssets();
  });

  it('learns: the loss falls and the samples it trained on are recognised', async () => {
    const { request, events } = trainingRequest(mlp, { epochs: 3, schedule: 'cosine', warmup: 0.1 });
    const before = await accuracy(mlp.model, new Map(), mlp.train, 1000);
    const result = await train(request);
    const losses = lossesOf(events);
    assert.equal(losses.length, 3 * 31);
    assert.ok((result.history.at(-1)?.loss ?? NaN) < 0.5 * (result.history[0]?.loss ?? NaN), JSON.stringify(result.history));
    assert.ok(await accuracy(mlp.model, result.parameters, mlp.train, 1000) > before + 0.1);
    assert.equal(ofType(events, 'started')[0]?.parameters, [...result.parameters.values()].reduce((sum, { length }) => sum + length, 0));
  });

  it('is the same for the same seed, and another for another', async () => {
    const run = async (seed: number): Promise<TrainedValues> => (await train(trainingRequest(few, { seed }).request)).parameters;
    const first = await run(1);
    assertSame(await run(1), first);
    assert.throws(() => { assertSame(new Map(), first); });
    const other = await run(2);
    assert.ok([...first].some(([name, values]) => values.some((value, at) => value !== other.get(name)?.[at])));
  });

  /** Kills a training when `when` says so, as losing the process does: what was saved last is all there is. */
  async function killedAndResumed(options: Parameters<typeof trainingRequest>[1], overrides: Partial<TrainingRequest>, atStep: number, clock?: Clock): Promise<TrainingResult> {
    let saved: Uint8Array | undefined;
    const controller = new AbortController();
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes.slice(); return Promise.resolve(); } };
    const first = trainingRequest(few, options, { ...overrides, checkpoint, signal: controller.signal });
    const stopping: TrainingRequest = { ...first.request, onEvent: (event) => { if (event.type === 'step' && event.step === atStep) controller.abort(); } };
    assert.equal((await refusal(stopping, clock)).code, 'cancelled');
    assert.ok(saved !== undefined, 'no checkpoint');
    const second = trainingRequest(few, options, { ...overrides, checkpoint });
    const result = await train(second.request, clock);
    assert.deepEqual(ofType(second.events, 'resumed'), [{ type: 'resumed', step: atStep, epoch: Math.floor(atStep / 4) + 1 }]);
    return result;
  }

  it('goes on bit by bit after a cancel in the middle of an epoch', async () => {
    const options = { epochs: 3, ema: 0.9, mixup: 0.2, schedule: 'cosine', clip: 1, labelSmoothing: 0.1 } as const;
    const whole = await train(trainingRequest(few, options).request);
    const resumed = await killedAndResumed(options, {}, 6);
    assertSame(resumed.parameters, whole.parameters);
    assert.deepEqual(resumed.history.map(({ loss }) => loss), whole.history.map(({ loss }) => loss));
    assert.equal(resumed.steps, 12);
  });

  it('goes on bit by bit with sgd, and with the best epoch of before the cancel', async () => {
    const evaluate = { better: 'higher', run: (values: TrainedValues) => Promise.resolve(-Math.abs([...values.values()][0]?.[0] ?? 0)) } as const;
    const options = { epochs: 3, optimizer: 'sgd', learningRate: 0.01 } as const;
    const whole = await train(trainingRequest(few, options, { evaluate }).request);
    const resumed = await killedAndResumed(options, { evaluate }, 9);
    assertSame(resumed.parameters, whole.parameters);
    assert.deepEqual(resumed.best, whole.best);
    assert.deepEqual(resumed.history.map(({ metric }) => metric), whole.history.map(({ metric }) => metric));
  });

  it('keeps the epoch when the cancel comes while the metric is measured', async () => {
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes.slice(); return Promise.resolve(); } };
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
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes.slice(); return Promise.resolve(); } };
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
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes.slice(); return Promise.resolve(); } };
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
    const resumed = await killedAndResumed(options, overrides, 3, steadyClock());
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

  it('refuses a checkpoint of another training', async () => {
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes; return Promise.resolve(); } };
    await train(trainingRequest(few, {}, { checkpoint }).request);
    assert.equal((await refusal(trainingRequest(few, { learningRate: 0.1 }, { checkpoint }).request)).code, 'trainingCheckpoint');
    const first = few.model.graph.nodes.find(({ opType }) => opType === 'MatMul' || opType === 'Gemm');
    assert.ok(first);
    const prepare = (batch: number): ReturnType<typeof prepareTraining> => prepareTraining(few.model, { batch, dims: {}, isFrozen: ({ outputs }) => outputs[0] === first.outputs[0], batchNorm: 'train' });
    for (const change of [{ identity: { freeze: ['a'] } }, { initial: new Map() }, { augment: (batch: Batch) => batch }, { prepare }]) {
      assert.equal((await refusal(trainingRequest(few, {}, { checkpoint, ...change }).request)).params['reason'], 'reason.checkpointOther', Object.keys(change).join());
    }
    saved = saved?.slice(0, 40);
    assert.equal((await refusal(trainingRequest(few, {}, { checkpoint }).request)).code, 'trainingCheckpoint');
  });

  it('accumulates: two batches of 16 are one of 32', async () => {
    const options = { optimizer: 'sgd', learningRate: 0.05, epochs: 1, clip: 1, ema: 0.5 } as const;
    const whole = await train(trainingRequest(few, { ...options, batch: 32 }).request);
    const parts = await train(trainingRequest(few, { ...options, batch: 16, accumulate: 2 }).request);
    assertSame(parts.parameters, whole.parameters, 1e-6);
    assert.ok(Math.abs((parts.history[0]?.loss ?? NaN) - (whole.history[0]?.loss ?? NaN)) < 1e-5);
  });

  it('keeps the best epoch, the model as it came among them, and stops early', async () => {
    const metrics = [0.5, 0.9, 0.4, 0.3, 0.2, 0.1];
    const seen: TrainedValues[] = [];
    const evaluate = { better: 'higher', run: (values: TrainedValues) => { seen.push(values); return Promise.resolve(metrics[seen.length - 1] ?? 0); } } as const;
    const { request, events } = trainingRequest(few, { epochs: 5, earlyStop: 2 }, { evaluate });
    const result = await train(request);
    assert.deepEqual(result.best, { epoch: 1, metric: 0.9 });
    assertSame(result.parameters, seen[1] ?? new Map());
    assert.deepEqual(ofType(events, 'earlyStop'), [{ type: 'earlyStop', epoch: 3, bestEpoch: 1 }]);
    assert.deepEqual(result.history.map(({ epoch }) => epoch), [0, 1, 2, 3]);
    const last = await train(trainingRequest(few, { epochs: 2, keep: 'last' }, { evaluate: { better: 'lower', run: () => Promise.resolve(1) } }).request);
    assert.deepEqual(last.best, { epoch: 0, metric: 1 });
    assert.equal(last.steps, 8);
  });

  it('gives the average of the weights with ema', async () => {
    const options = { optimizer: 'sgd', momentum: 0, learningRate: 0.1, epochs: 1, batch: 64 } as const;
    const plain = await train(trainingRequest(few, options).request);
    const averaged = await train(trainingRequest(few, { ...options, ema: 0.9 }).request);
    const [name = '', last = []] = [...plain.parameters][0] ?? [];
    const average = averaged.parameters.get(name) ?? [];
    assert.ok(Array.from(last).some((value, at) => Math.abs(value - (average[at] ?? NaN)) > 1e-5));
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
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(undefined), save: (bytes: Uint8Array) => { saved = bytes; return Promise.resolve(); } };
    const { request, events } = trainingRequest(few, { epochs: 3, learningRate: 0.002 }, { checkpoint, losses: [{ loss: 'label', weight: (epoch) => (epoch < 1 ? 1 : NaN) }] });
    const error = await refusal(request);
    assert.equal(error.code, 'trainingDiverged');
    assert.match(error.message, /step 7 \(epoch 2\).*3 times.*"learningRate" than 0\.002/);
    assert.deepEqual(ofType(events, 'stepBack').map(({ learningRateFactor }) => learningRateFactor), [0.5, 0.25, 0.125]);
    assert.ok(saved !== undefined && Buffer.from(saved).includes('"epoch":1'));
  });

  it('ends with the best epoch where it diverges after one that was better than the start, and says so', async () => {
    const seen: TrainedValues[] = [];
    const evaluate = { better: 'higher', run: (values: TrainedValues) => Promise.resolve(seen.push(values)) } as const;
    const losses = [{ loss: 'label', weight: (epoch: number) => (epoch < 1 ? 1 : NaN) }];
    const { request, events } = trainingRequest(few, { epochs: 3, learningRate: 0.002 }, { evaluate, losses });
    const result = await train(request);
    assert.deepEqual(result.best, { epoch: 1, metric: 2 });
    assertSame(result.parameters, seen[1] ?? new Map());
    assert.deepEqual(ofType(events, 'diverged'), [{ type: 'diverged', step: 7, epoch: 2, bestEpoch: 1, learningRate: 0.002 }]);
    const worse = { better: 'lower', run: (values: TrainedValues) => Promise.resolve(seen.push(values)) } as const;
    assert.equal((await refusal(trainingRequest(few, { epochs: 3 }, { evaluate: worse, losses }).request)).code, 'trainingDiverged');
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

  it('needs labels for the loss against them, and a teacher for the loss against one', async () => {
    assert.equal((await refusal(trainingRequest({ ...few, train: { ...few.train, labelled: false } }, {}).request)).code, 'lossNeedsLabels');
    assert.equal((await refusal(trainingRequest(few, {}, { losses: [{ loss: 'kl' }] }).request)).code, 'lossNeedsTeacher');
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

  it('remembers steps back and seconds of before a resume', async () => {
    const nanAt = (epoch: number): number => (Math.abs(epoch - 0.25) < 1e-6 ? NaN : 1);
    const losses = [{ loss: 'label', weight: nanAt }] as const;
    const afresh = await train(trainingRequest(few, { epochs: 2 }, { losses }).request, steadyClock());
    const result = await killedAndResumed({ epochs: 2 }, { losses }, 6, steadyClock());
    assert.deepEqual([result.stepsBack, result.learningRateFactor, result.steps], [1, 0.5, 7]);
    // The clock counts how often it is asked: what came before the resume is most of it.
    assert.ok(result.seconds >= 0.9 * afresh.seconds, `${result.seconds} after ${afresh.seconds}`);
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

  it('learns from a teacher without labels, who is asked once a sample', async () => {
    const unlabelled = { ...few.train, labelled: false };
    let asked = 0;
    const { request, events } = trainingRequest({ ...few, train: unlabelled }, { epochs: 3, batch: 65, learningRate: 3e-3 }, {
      losses: [{ loss: 'kl', options: { temperature: 2 } }],
      initial: new Map([...(await train(trainingRequest(few, { learningRate: 0.02 }).request)).parameters]),
      teacher: async (batch) => {
        const teacher = await createTeacher(few.model, { batch, dims: {}, runtime: testRuntime, provider: 'cpu', threads: 2 });
        return { ...teacher, run: (inputs, tensors) => { asked += 1; return teacher.run(inputs, tensors); } };
      },
    });
    await train(request);
    const losses = lossesOf(events);
    assert.ok((losses.at(-1) ?? NaN) < 0.5 * (losses[0] ?? NaN), losses.join(' '));
    assert.ok(asked >= 2 && asked <= 4, `${asked} runs of the teacher`);
  });
});

withAssets('the trainer, with state beside the weights', function () {
  this.timeout(60_000);
  let convolutional: TrainingCase;
  before(async () => { convolutional = await trainingCase('models/ds_cnn_s-kws12.onnx', 'data/kws-ds-cnn.json', 70); });
  after(async () => {
    await convolutional.data.close();
    await closeAssets();
  });

  /** Stops after `atStep` steps and goes on. */
  async function resumed(model: TrainingCase, options: Parameters<typeof trainingRequest>[1], atStep: number): Promise<TrainingResult> {
    let saved: Uint8Array | undefined;
    const controller = new AbortController();
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes.slice(); return Promise.resolve(); } };
    const onEvent = (event: TrainingEvent): void => { if (event.type === 'step' && event.step === atStep) controller.abort(); };
    assert.equal((await refusal(trainingRequest(model, options, { checkpoint, signal: controller.signal, onEvent }).request)).code, 'cancelled');
    return train(trainingRequest(model, options, { checkpoint }).request);
  }

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
      const again = await resumed(convolutional, options, accumulate === 1 ? 5 : 3);
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
    assertSame((await resumed(dropping, { epochs: 2, batch: 16, learningRate: 1e-9 }, 5)).parameters, whole.parameters);

    async function trained(plain: TrainingCase): Promise<ReturnType<typeof trainingRequest>> {
      const recorded = trainingRequest(plain, { epochs: 1, batch: 16, learningRate: 1e-9 });
      await train(recorded.request);
      return recorded;
    }
  });
});
