// prune.blocks on real models: the chosen block is worth its choice on test images, results run, training follows.

import assert from 'node:assert/strict';
import { findBlocks } from '../../../../../src/engine/analysis/blocks/index';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import type { Model } from '../../../../../src/engine/ir/model';
import { originalOrigins } from '../../../../../src/engine/passes/origins';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { validateOptions } from '../../../../../src/engine/passes/recipe';
import { findPass } from '../../../../../src/engine/passes/registry';
import { initialState, runPasses } from '../../../../../src/engine/passes/runPasses';
import { withAssets } from '../../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf } from '../../../../support/models';
import { passContext } from '../../../../support/passContext';
import { type TrainingCase, trainingCase } from '../../../../support/training';
import { runPass, testAccuracy, withoutLabels, withTraining } from '../../train/trainSupport';

async function prune({ model, data }: Pick<TrainingCase, 'model' | 'data'>, options: Readonly<Record<string, unknown>>): Promise<PassOutcome> {
  return runPass('prune.blocks', model, options, { data, origins: await originalOrigins(model) });
}

/** Ids of the layers of all blocks but the one at `free`: with them ignored there is no choice. */
async function allBut(model: Model, free: number): Promise<readonly string[]> {
  const { free: blocks } = await findBlocks(model);
  return blocks.flatMap(({ parts }, at) => (at === free ? [] : parts.flatMap(({ layers }) => layers.map(({ id }) => id))));
}

withAssets('prune.blocks on real models', function () {
  this.timeout(120_000);
  const opened: Dataset[] = [];
  after(async () => {
    await closeAssets();
    for (const data of opened) await data.close();
  });
  const caseOf = async (model: string, description: string): Promise<TrainingCase> => {
    const given = await trainingCase(`models/${model}.onnx`, `data/${description}.json`, 512);
    opened.push(given.data);
    return given;
  };

  it('resnet20-cifar10: the measure knows which block harms test images least', async () => {
    const given = await caseOf('resnet20-cifar10', 'cifar10');
    const chosen = await prune(given, { keep: 8, samples: 128 });
    const best = await testAccuracy(chosen.model, given.data, 300);
    // The first block of the second stage halves the image: no other is worth more.
    const worst = await prune(given, { keep: 8, samples: 128, ignore: await allBut(given.model, 6) });
    assert.ok(best > 0.7 && best > await testAccuracy(worst.model, given.data, 300) + 0.2, String(best));
    const unlabelled = await prune({ ...given, data: withTraining(given.data, 5000, withoutLabels) }, { keep: 8, samples: 128 });
    assert.deepEqual(unlabelled.findings, chosen.findings, 'labels make no difference');
  });

  it('sst2-transformer: a quarter of the layers costs nothing that 300 sentences show', async () => {
    const given = await caseOf('sst2-transformer', 'sst2');
    const before = await testAccuracy(given.model, given.data, 300);
    const { model, forms } = await prune(given, { samples: 64 });
    assert.ok(Math.abs(await testAccuracy(model, given.data, 300) - before) < 0.02);
    const layers = new Set([...forms].filter(([, { code }]) => code === 'form.removed').map(([layer]) => /layers\.(\d)/u.exec(layer)?.[1]));
    assert.equal(layers.size, 1, 'one whole layer');
    assert.equal(model.graph.nodes.filter(({ opType }) => opType === 'Softmax').length, 3);
  });

  for (const [name, description] of [['fashion-mobilenetv2', 'fashion-mnist-subset'], ['fashion-mobilenetv2-bn', 'fashion-mnist-subset'], ['fashion-resnet18', 'fashion-mnist-subset']] as const) {
    it(`${name}: one block less runs and still knows its classes`, async () => {
      const given = await caseOf(name, description);
      const { free, stuck } = await findBlocks(given.model);
      const { model } = await prune(given, { keep: free.length + stuck.length - 1, samples: 64 });
      for (const { data } of Object.values(await outputsOf(model, undefined, { dims: assetDims }))) assert.ok(Array.from(data as Float32Array).every(Number.isFinite));
      assert.ok(await testAccuracy(model, given.data, 200) > 0.4);
    });
  }

  it('face detection: outputs that are numbers are compared too', async () => {
    const model = await openAsset('models/face_detection_front_128x128_barracuda.onnx');
    const [input] = model.graph.inputs;
    const data = faces(input?.name ?? '');
    const { findings, model: pruned } = await prune({ model, data }, { keep: 0.9, samples: 4 });
    const effects = findings.find(({ code }) => code === 'finding.blockRemoved')?.params['effect'];
    assert.match(String(effects), /^0\.\d+$/u);
    assert.deepEqual(pruned.graph.outputs, model.graph.outputs);
  });

  it('resnet8-cifar10: recovers by training, with a checkpoint of its own', async () => {
    const given = await caseOf('resnet8-cifar10', 'cifar10-raw');
    const data = withTraining(given.data, 512);
    const kept = new Set<string>();
    const options = { keep: 2, samples: 64, recover: { epochs: 1, batch: 64 } };
    const outcome = await runPasses(initialState(given.model, await originalOrigins(given.model)), [{ pass: findPass('prune.blocks'), options: validateOptions(findPass('prune.blocks'), options) }], {
      ...passContext({ data }), seed: 3,
      checkpoint: (step, call) => ({ load: () => Promise.resolve(undefined), save: () => { kept.add(`${step}-${call ?? ''}`); return Promise.resolve(); } }),
    });
    assert.deepEqual([...kept].sort(), ['0-', '0-1']);
    assert.ok(outcome.findings.some(({ code }) => code === 'finding.trained' || code === 'finding.trainingNoGain'));
    assert.ok([...outcome.forms.values()].some(({ code }) => code === 'form.removed') && [...outcome.forms.values()].some(({ code }) => code === 'form.trained'));
  });
});

/** Four samples of noise for a model of [1, 128, 128, 3]. */
function faces(input: string): Dataset {
  const shape = [128, 128, 3];
  const one = (index: number): Float32Array => Float32Array.from({ length: 128 * 128 * 3 }, (_, at) => Math.sin(at * (index + 1) * 0.37));
  const gather = (indices: readonly number[]) => Promise.resolve({
    inputs: { [input]: { type: 'float32' as const, dims: [indices.length, ...shape], data: Float32Array.from(indices.flatMap((index) => [...one(index)])) } },
    start: indices[0] ?? 0, indices, size: indices.length,
  });
  return {
    path: 'memory', files: [], shared: false, base: '.', close: () => Promise.resolve(),
    splits: new Map([['train', { name: 'train', size: 4, labelled: false, gather, read: (start: number, end: number) => gather(Array.from({ length: end - start }, (_, at) => start + at)) }]]),
  };
}
