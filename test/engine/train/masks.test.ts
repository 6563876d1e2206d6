// Masks in the training loop on a real network and real data: zeros stay zeros in whole and in accumulated steps, in loops
// of steps and in averages; a resume ends in the same bytes, and other masks are another training.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../src/engine/data/dataset';
import { readTensor } from '../../../src/engine/ir/tensors';
import { seededRandom } from '../../../src/engine/random';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { train } from '../../../src/engine/train/trainer';
import type { TrainedValues, TrainingOptions, TrainingRequest } from '../../../src/engine/train/training';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { storedCheckpoint } from '../../support/storedCheckpoint';
import { trainingRequest } from '../../support/training';
import { type FewKeywords, fewKeywords, killedAndResumed, refusal, steadyClock } from './trainerSupport';

withAssets('training with masks', function () {
  this.timeout(60_000);
  let data: Dataset;
  let few: FewKeywords;
  let masks: ReadonlyMap<string, Uint8Array>;
  before(async () => {
    ({ few, data } = await fewKeywords());
    masks = await halfOf(1);
  });
  after(async () => {
    await data.close();
    await closeAssets();
  });

  /** Half of the weights of every matrix, drawn. */
  async function halfOf(seed: number): Promise<ReadonlyMap<string, Uint8Array>> {
    const random = seededRandom(seed);
    const { parameters } = await prepare(undefined)(1);
    const matrices = parameters.filter(({ decay }) => decay);
    return new Map(matrices.map(({ name, dims }) => [name, Uint8Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => (random() < 0.5 ? 0 : 1))]));
  }

  function prepare(given: ReadonlyMap<string, Uint8Array> | undefined): TrainingRequest['prepare'] {
    return (batch) => prepareTraining(few.model, { batch, dims: {}, isFrozen: () => false, batchNorm: 'train', ...(given !== undefined && { masks: given }) });
  }

  const masked = (options: Partial<TrainingOptions>, overrides: Partial<TrainingRequest> = {}): TrainingRequest =>
    trainingRequest(few, options, { prepare: prepare(masks), ...overrides }).request;

  /** Every masked element is a positive zero, and the others moved. */
  async function assertMasked(values: TrainedValues): Promise<void> {
    assert.ok(masks.size > 1);
    for (const [name, mask] of masks) {
      const before = (await readTensor(few.model.graph.initializers.get(name) ?? assert.fail(name))).data as Float32Array;
      const after = values.get(name) ?? assert.fail(name);
      assert.ok(after.every((value, at) => mask[at] === 1 || Object.is(value, 0)), `${name} has other numbers than zeros`);
      assert.ok(after.some((value, at) => value !== 0 && value !== before[at]), `${name} did not move`);
    }
  }

  const harsh = { epochs: 2, weightDecay: 0.1, clip: 0.5, ema: 0.9 } as const;
  for (const [title, options] of Object.entries({
    'AdamW with decay, clipping and averages': harsh,
    'SGD with momentum': { ...harsh, optimizer: 'sgd', learningRate: 0.01 },
    'accumulated batches': { ...harsh, batch: 16, accumulate: 2 },
  } as const)) {
    it(`keeps zeros: ${title}`, async () => { await assertMasked((await train(masked(options))).parameters); });
  }

  it('keeps zeros in loops of steps, which end in what single steps end in', async function () {
    this.timeout(120_000);
    // As many steps as a loop is made for, on one thread that does not wait for another; a slow clock asks for single steps.
    const options = { epochs: 77, optimizer: 'sgd', learningRate: 1e-3 } as const;
    const looped = await train(masked(options, { threads: 1 }), steadyClock());
    await assertMasked(looped.parameters);
    assert.deepEqual((await train(masked(options, { threads: 1 }), steadyClock(1000))).parameters, looped.parameters);
  });

  it('masks the values it starts from, before they are judged', async () => {
    const seen: TrainedValues[] = [];
    const initial = new Map([...masks].map(([name, mask]) => [name, new Float32Array(mask.length).fill(0.01)]));
    await train(masked({}, { initial, evaluate: { better: 'higher', run: (values) => Promise.resolve(seen.push(values)) } }));
    assert.equal(seen.length, 2);
    for (const values of seen) await assertMasked(values);
  });

  it('goes on bit by bit after a cancel, but not with other masks or without', async () => {
    const options = { epochs: 3, ema: 0.9 };
    const whole = await train(masked(options));
    assert.deepEqual((await killedAndResumed(few, options, { prepare: prepare(masks) }, 6)).parameters, whole.parameters);
    const checkpoint = storedCheckpoint();
    await train(masked(options, { checkpoint }));
    for (const other of [await halfOf(2), undefined]) {
      assert.equal((await refusal(masked(options, { checkpoint, prepare: prepare(other) }))).params['reason'], 'reason.checkpointOther');
    }
  });
});
