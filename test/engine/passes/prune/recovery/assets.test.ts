// Refitting in prune.channels on real models: it pays on samples it has not seen, whatever the operators and layouts.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import { originalOrigins } from '../../../../../src/engine/passes/origins';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { seededRandom } from '../../../../../src/engine/random';
import { withAssets } from '../../../../support/assets';
import { closeAssets } from '../../../../support/models';
import { type TrainingCase, trainingCase } from '../../../../support/training';
import { bytesOf, codes, runPass, testAccuracy } from '../../train/trainSupport';

withAssets('refitting real models', function () {
  this.timeout(120_000);
  const opened: Dataset[] = [];
  after(async () => {
    await closeAssets();
    for (const data of opened) await data.close();
  });

  const prune = async ({ model, data }: TrainingCase, options: Readonly<Record<string, unknown>>): Promise<PassOutcome> =>
    runPass('prune.channels', model, { samples: 96, ...options }, { data, origins: await originalOrigins(model), random: seededRandom(1) });

  const cases: readonly { readonly path: string; readonly description: string; readonly options: Readonly<Record<string, unknown>>; readonly gain: number }[] = [
    { path: 'resnet8-cifar10', description: 'cifar10-raw', options: { macs: 0.6, criterion: 'l2', grain: 1 }, gain: 0.1 },
    { path: 'fashion-mobilenetv2', description: 'fashion-mnist-subset', options: { macs: 0.5, criterion: 'random' }, gain: 0.5 },
    { path: 'ds_cnn_s-kws12', description: 'kws-ds-cnn', options: { macs: 0.5, criterion: 'l2', grain: 4 }, gain: 0.1 },
    // Weights behind a Reshape, biases in Add, and a fixed batch.
    { path: 'mnist', description: 'mnist', options: { macs: 0.5, criterion: 'l1', grain: 1 }, gain: 0 },
    { path: 'sst2-transformer', description: 'sst2', options: { parameters: 0.4, criterion: 'l2' }, gain: 0 },
  ];
  for (const { path, description, options, gain } of cases) {
    it(`${path}: is more accurate than without, says by how much outputs came closer, and repeats itself`, async () => {
      const given = await trainingCase(`models/${path}.onnx`, `data/${description}.json`, 96);
      opened.push(given.data);
      const [fitted, again, plain] = [await prune(given, options), await prune(given, options), await prune(given, { ...options, refit: false })];
      assert.ok((await bytesOf(fitted)).equals(await bytesOf(again)));
      const told = fitted.findings.find(({ code }) => code === 'finding.refitted');
      assert.ok(Number(told?.params['layers']) > 0 && parseFloat(String(told?.params['after'])) < parseFloat(String(told?.params['before'])), JSON.stringify(told));
      assert.ok(!codes(plain).includes('finding.refitted') && !codes(fitted).includes('finding.statisticsRenewed'));
      const [better, worse] = [await testAccuracy(fitted.model, given.data, 300), await testAccuracy(plain.model, given.data, 300)];
      assert.ok(better >= worse + gain, `${better} with, ${worse} without`);
    });
  }
});
