// Loss curves in short: a ResNet from new weights learns, and the transformer's first losses are PyTorch's. The long forms
// are benchmarks (training-scratch, training-curves).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resnet } from '../../../examples/training/resnet';
import { requireSplit } from '../../../src/engine/data/dataset';
import type { Model } from '../../../src/engine/ir/model';
import { initialise } from '../../../src/engine/train/initialise';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { trainingDefaults, type TrainingRequest } from '../../../src/engine/train/training';
import { train } from '../../../src/engine/train/trainer';
import { openData } from '../../../src/jobs/samples';
import { assetPath, repositoryRoot, withAssets } from '../../support/assets';
import { closeAssets, openAsset } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import { curveOptions, curveSamples, SHORT_STEPS, shortCurvePath } from '../../support/shortCurve';

/** Losses of the steps, up to `steps`. */
async function losses(model: Model, request: Pick<TrainingRequest, 'options' | 'data'>, steps: number): Promise<number[]> {
  const prepare = (batch: number): ReturnType<typeof prepareTraining> => prepareTraining(model, { batch, dims: {}, isFrozen: () => false, batchNorm: 'train' });
  const { parameters } = await prepare(request.options.batch);
  const found: number[] = [];
  const stop = new AbortController();
  await train({
    ...request, prepare, losses: [{ loss: 'label' }], runtime: testRuntime, provider: 'cpu', threads: 2,
    initial: await initialise(model, parameters, request.options.seed), startIsCandidate: false, signal: stop.signal,
    onEvent(event) {
      if (event.type === 'step') found.push(event.loss);
      if (found.length === steps) stop.abort();
    },
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return found;
}

describe('a ResNet from new weights', () => {
  it('halves its loss in 60 steps', async () => {
    const data = await openData(join(repositoryRoot, 'examples', 'fashion-mnist.json'), resnet({ channels: 1, size: 28, classes: 10 }));
    try {
      const found = await losses(resnet({ channels: 1, size: 28, classes: 10, blocks: 1, width: 8 }), {
        data: requireSplit(data, 'train'), options: { ...trainingDefaults, optimizer: 'sgd', learningRate: 0.1, batch: 30, epochs: 3 },
      }, 60);
      assert.equal(found.length, 60);
      const last = found.slice(-10).reduce((sum, loss) => sum + loss / 10, 0);
      // log(10) is what guessing costs.
      assert.ok(last < Math.log(10) / 2, `mean loss of the last ten steps: ${last}`);
    } finally {
      await data.close();
    }
  }).timeout(120_000);
});

withAssets('the transformer from new weights', () => {
  after(closeAssets);

  it(`has PyTorch's losses in its first ${SHORT_STEPS} steps`, async () => {
    const model = await openAsset('models/sst2-transformer.onnx');
    const data = await openData(assetPath('data/sst2.json'), model);
    try {
      const found = await losses(model, { data: curveSamples(requireSplit(data, 'train')), options: curveOptions }, SHORT_STEPS);
      const wanted = (JSON.parse(readFileSync(shortCurvePath, 'utf8')) as { losses: number[] }).losses;
      assert.equal(wanted.length, SHORT_STEPS);
      found.forEach((loss, step) => assert.ok(Math.abs(loss - (wanted[step] ?? NaN)) <= 1e-3, `step ${step + 1}: ${loss}, PyTorch has ${wanted[step]}`));
      assert.equal(found.length, SHORT_STEPS);
    } finally {
      await data.close();
    }
  }).timeout(120_000);
});
