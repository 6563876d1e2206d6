// The training loop on a real network and real data: it learns, from labels and from a teacher, and keeps the best epoch.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../src/engine/data/dataset';
import { createTeacher } from '../../../src/engine/train/teacherSession';
import { train } from '../../../src/engine/train/trainer';
import type { TrainedValues } from '../../../src/engine/train/training';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import { accuracy, lossesOf, trainingRequest } from '../../support/training';
import { assertSame, type FewKeywords, fewKeywords, ofType, refusal } from './trainerSupport';

withAssets('the trainer, on keywords', function () {
  this.timeout(60_000);
  let data: Dataset;
  let few: FewKeywords;
  let whole: FewKeywords;
  before(async () => ({ few, whole, data } = await fewKeywords()));
  after(async () => {
    await data.close();
    await closeAssets();
  });

  it('learns: the loss falls and the samples it trained on are recognised', async () => {
    const { request, events } = trainingRequest(whole, { epochs: 3, schedule: 'cosine', warmup: 0.1 });
    const before = await accuracy(whole.model, new Map(), whole.train, 1000);
    const result = await train(request);
    const losses = lossesOf(events);
    assert.equal(losses.length, 3 * 31);
    assert.ok((result.history.at(-1)?.loss ?? NaN) < 0.5 * (result.history[0]?.loss ?? NaN), JSON.stringify(result.history));
    assert.ok(await accuracy(whole.model, result.parameters, whole.train, 1000) > before + 0.1);
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

  it('needs labels for the loss against them, and a teacher for the loss against one', async () => {
    assert.equal((await refusal(trainingRequest({ ...few, train: { ...few.train, labelled: false } }, {}).request)).code, 'lossNeedsLabels');
    assert.equal((await refusal(trainingRequest(few, {}, { losses: [{ loss: 'kl' }] }).request)).code, 'lossNeedsTeacher');
  });
});
