// Real models on real data through the whole data room: 500 samples spread over the test split must give the number of
// right answers that was counted when the full splits matched ../shared/assets/README.md (10,000 CIFAR-10 images: 8,103
// right for resnet20). One more or less is the rounding of another processor's kernels.

import assert from 'node:assert/strict';
import path from 'node:path';
import { requireSplit } from '../../src/engine/data/dataset';
import { createMetric } from '../../src/engine/data/metrics/createMetric';
import { openDataset } from '../../src/engine/data/open';
import { evenIndices } from '../../src/engine/data/sampling';
import { nodeDecoders } from '../../src/runtime/decoders';
import { nodeFiles } from '../../src/runtime/files';
import { createSessionFromPath } from '../../src/runtime/sessions';
import { assetPath, withAssets } from '../support/assets';

const SAMPLES = 500;

/** Right answers among up to `SAMPLES` samples of the test split; `batch` 1 for models that take no more. */
async function rightAnswers(model: string, dataFile: string, batch = 50): Promise<number> {
  const session = await createSessionFromPath(model);
  const data = await openDataset(dataFile, { inputs: session.inputs, dims: {} }, { files: nodeFiles, decoders: nodeDecoders });
  try {
    const split = requireSplit(data, 'test');
    const metric = createMetric('top1', { file: dataFile, split: 'test', labelled: split.labelled });
    const indices = evenIndices(split.size, SAMPLES);
    for (let at = 0; at < indices.length; at += batch) {
      const samples = await split.gather(indices.slice(at, at + batch));
      metric.add(await session.run(samples.inputs), samples);
    }
    return metric.perSample()?.reduce((sum, value) => sum + value, 0) ?? NaN;
  } finally {
    await data.close();
    await session.release();
  }
}

function within(found: number, wanted: number): void {
  assert.ok(Math.abs(found - wanted) <= 1, `${found} right answers instead of ${wanted}`);
}

describe('the example', () => {
  it('fashion-mobilenetv2 answers as its README says', async function () {
    this.timeout(30_000);
    const examples = path.resolve(__dirname, '../../examples');
    within(await rightAnswers(path.join(examples, 'fashion-mobilenetv2.onnx'), path.join(examples, 'fashion-mnist.json')), 459);
  });

  it('its folder alone is enough to name the data', async () => {
    const examples = path.resolve(__dirname, '../../examples');
    const inputs = [{ name: 'input', type: 'float32' as const, shape: ['N', 1, 28, 28] }];
    const data = await openDataset(examples, { inputs, dims: {} }, { files: nodeFiles, decoders: nodeDecoders });
    assert.deepEqual([...data.splits].map(([name, { size }]) => [name, size]), [['train', 600], ['test', 2000]]);
    await data.close();
  });
});

withAssets('real models on real data', function () {
  this.timeout(60_000);
  const cases: readonly [model: string, data: string, right: number, batch?: number][] = [
    ['resnet20-cifar10', 'cifar10', 400],
    ['resnet8-cifar10', 'cifar10-raw', 386],
    ['ds_cnn_s-kws12', 'kws-ds-cnn', 452],
    ['dnn_m-kws12', 'kws-dnn', 398],
    ['mnist', 'mnist', 498, 1],
    ['fashion-resnet18', 'fashion-mnist-subset', 466],
    ['sst2-transformer', 'sst2', 401],
  ];
  for (const [model, data, right, batch] of cases) {
    it(`${model} on ${data}`, async () => {
      within(await rightAnswers(assetPath(`models/${model}.onnx`), assetPath(`data/${data}.json`), batch), right);
    });
  }
});
