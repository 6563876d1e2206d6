// The passes that decompose on real models: targets are met, results run, refitting and what layers read are worth their names.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../src/engine/data/dataset';
import { costsOf } from '../../../../src/engine/passes/costs';
import { originalOrigins } from '../../../../src/engine/passes/origins';
import type { PassOutcome } from '../../../../src/engine/passes/pass';
import { seededRandom } from '../../../../src/engine/random';
import { withAssets } from '../../../support/assets';
import { closeAssets } from '../../../support/models';
import { type TrainingCase, trainingCase } from '../../../support/training';
import { runPass, testAccuracy } from '../train/trainSupport';

withAssets('passes that decompose on real models', function () {
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
  /** Times differ from machine to machine: not looked at. */
  const decompose = async ({ model, data }: TrainingCase, pass: string, options: Readonly<Record<string, unknown>>): Promise<PassOutcome> =>
    runPass(pass, model, { measure: false, samples: 64, ...options }, { data, origins: await originalOrigins(model), random: seededRandom(1), dims: { sequence: 48 } });

  it('resnet20-cifar10: 70 % of the MACs by the best of three methods, and refitting brings accuracy back', async () => {
    const given = await caseOf('resnet20-cifar10', 'cifar10');
    const [before, outcome] = [await costsOf(given.model, {}), await decompose(given, 'decompose', { macs: 0.7, methods: ['svd', 'spatial', 'tucker'] })];
    const after = await costsOf(outcome.model, {});
    const share = (after.macs ?? NaN) / (before.macs ?? NaN);
    assert.ok(share <= 0.7 && share > 0.68, String(share));
    const plain = await decompose(given, 'decompose', { macs: 0.7, methods: ['svd', 'spatial', 'tucker'], refit: false, activations: false });
    const [whole, refitted, raw] = [await testAccuracy(given.model, given.data, 500), await testAccuracy(outcome.model, given.data, 500), await testAccuracy(plain.model, given.data, 500)];
    assert.ok(refitted > whole - 0.06, `${refitted} of ${whole}`);
    assert.ok(refitted > raw, `${refitted}, without a refit ${raw}`);
  });

  it('fashion-mobilenetv2: 80 % of the parameters, depthwise kernels by their own', async () => {
    const given = await caseOf('fashion-mobilenetv2', 'fashion-mnist-subset');
    const [before, outcome] = [await costsOf(given.model, {}), await decompose(given, 'decompose', { parameters: 0.8, methods: ['svd', 'spatial'] })];
    const after = await costsOf(outcome.model, {});
    assert.ok((after.parameters ?? NaN) <= 0.8 * (before.parameters ?? NaN));
    const [whole, smaller] = [await testAccuracy(given.model, given.data, 500), await testAccuracy(outcome.model, given.data, 500)];
    assert.ok(smaller > whole - 0.03, `${smaller} of ${whole}`);
  });

  it('sst2-transformer: by what layers read less is missed than by weights alone, in every layer', async () => {
    const given = await caseOf('sst2-transformer', 'sst2');
    const missed = async (activations: boolean): Promise<ReadonlyMap<string, number>> => {
      const { factors = [] } = await decompose(given, 'decompose.svd', { ranks: { ratio: 0.5 }, activations, refit: false, ignore: ['/word/*'] });
      // The share of squares that is missed.
      return new Map(factors.map(({ layer, activationError }) => [layer, (activationError ?? NaN) ** 2]));
    };
    const [aware, plain] = [await missed(true), await missed(false)];
    assert.ok(aware.size >= 20 && aware.size === plain.size);
    for (const [layer, share] of aware) assert.ok(share <= (plain.get(layer) ?? NaN), layer);
    const sum = (shares: ReadonlyMap<string, number>): number => [...shares.values()].reduce((total, share) => total + share, 0);
    assert.ok(sum(aware) < 0.9 * sum(plain), `${sum(aware)} of ${sum(plain)}`);
  });
});
