// prune.channels on real models: targets are met, results run, importance is worth its name.

import assert from 'node:assert/strict';
import { costOf } from '../../../../../src/engine/analysis/cost';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import { findLayers } from '../../../../../src/engine/analysis/layers';
import { bindInputs } from '../../../../../src/engine/analysis/openDims';
import type { Model } from '../../../../../src/engine/ir/model';
import { inferShapes } from '../../../../../src/engine/ir/shapes/index';
import { encodeModel } from '../../../../../src/engine/ir/codec';
import { originalOrigins } from '../../../../../src/engine/passes/origins';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { validateOptions } from '../../../../../src/engine/passes/recipe';
import { findPass } from '../../../../../src/engine/passes/registry';
import { initialState, runPasses, type RunState } from '../../../../../src/engine/passes/runPasses';
import { passContext } from '../../../../support/passContext';
import { withAssets } from '../../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf } from '../../../../support/models';
import { seededRandom } from '../../../../../src/engine/random';
import { type TrainingCase, trainingCase } from '../../../../support/training';
import { runPass, testAccuracy, withoutLabels, withTraining } from '../../train/trainSupport';

async function macsOf(model: Model): Promise<number> {
  const shapes = await inferShapes(model, bindInputs(model, { sequence: 48 }));
  return costOf(model.graph, findLayers(model.graph, shapes), shapes).macs ?? NaN;
}

async function prune(model: Model, options: Readonly<Record<string, unknown>>, { data }: Partial<TrainingCase> = {}, seed = 1): Promise<PassOutcome> {
  return runPass('prune.channels', model, options, { ...(data !== undefined && { data }), origins: await originalOrigins(model), random: seededRandom(seed), dims: { sequence: 48 } });
}

withAssets('prune.channels on real models', function () {
  this.timeout(120_000);
  const opened: Dataset[] = [];
  after(async () => {
    await closeAssets();
    for (const data of opened) await data.close();
  });
  const caseOf = async (model: string, description: string): Promise<TrainingCase> => {
    const given = await trainingCase(model, description, 512);
    opened.push(given.data);
    return given;
  };

  // The grain is a share of the width: models of 16 channels take a small one.
  for (const [path, grain, tolerance] of [['fashion-resnet18-bn', 8, 0.05], ['fashion-mobilenetv2', 8, 0.05], ['resnet20-cifar10', 1, 0.02], ['sst2-transformer', 8, 0.05]] as const) {
    it(`${path}: half the MACs within a grain, and it runs`, async () => {
      const model = await openAsset(`models/${path}.onnx`);
      const { model: pruned, forms } = await prune(model, { macs: 0.5, criterion: 'l2', grain });
      const share = await macsOf(pruned) / await macsOf(model);
      assert.ok(share <= 0.5 && share > 0.5 - tolerance, `${share}`);
      assert.ok(forms.size > 0);
      for (const [name, { data, dims }] of Object.entries(await outputsOf(pruned, undefined, { dims: assetDims }))) {
        assert.ok(dims.length > 0 && Array.from(data as Float32Array).every(Number.isFinite), name);
      }
    });
  }

  // Above 0.45: what the grain of the widths costs.
  for (const [path, options] of [['resnet20-cifar10', {}], ['mnist', { macs: 0.5 }], ['fashion-mobilenetv2', {}], ['resnet20-cifar10', { scope: 'uniform' }]] as const) {
    it(`${path}: ends near the target as it comes, ${JSON.stringify(options)}`, async () => {
      const model = await openAsset(`models/${path}.onnx`);
      const given = { criterion: 'l2', ...options };
      const { model: pruned } = await runPass('prune.channels', model, given, { origins: await originalOrigins(model), target: { provider: 'cpu', wideAccumulation: true, channelBlock: 16 } });
      const share = await macsOf(pruned) / await macsOf(model);
      assert.ok(share <= 0.5 && share > 0.45, `${share}`);
    });
  }

  // Refitting makes up for most of a bad choice.
  it('resnet20-cifar10: gradients and magnitudes choose better than chance, with labels or without', async () => {
    const given = await caseOf('models/resnet20-cifar10.onnx', 'data/cifar10.json');
    const unlabelled = { ...given, data: withTraining(given.data, 512, withoutLabels) };
    const accuracyOf = async (criterion: string, from: TrainingCase = given, seed = 1): Promise<number> => {
      const { model } = await prune(given.model, { macs: 0.6, criterion, grain: 1, samples: 128, refit: false }, from, seed);
      return testAccuracy(model, given.data, 500);
    };
    const random = Math.max(await accuracyOf('random', given, 1), await accuracyOf('random', given, 2));
    for (const criterion of ['taylor', 'hessian', 'l2']) assert.ok(await accuracyOf(criterion) > random + 0.03, `${criterion} is no better than ${random}`);
    assert.ok(await accuracyOf('taylor', unlabelled) > random + 0.03, 'without labels');
  });

  it('fashion-resnet18-bn: new statistics of BatchNormalization bring most of the accuracy back', async () => {
    const given = await caseOf('models/fashion-resnet18-bn.onnx', 'data/fashion-mnist-subset.json');
    const options = { macs: 0.6, criterion: 'taylor', samples: 128, refit: false };
    const { model, findings } = await prune(given.model, options, given);
    assert.ok(findings.some(({ code }) => code === 'finding.statisticsRenewed'));
    assert.ok(await testAccuracy(model, given.data, 300) > 0.8);
    const { findings: blind } = await prune(given.model, { macs: 0.6 });
    assert.ok(blind.some(({ code }) => code === 'finding.statisticsOld'));
  });

  it('resnet8-cifar10: prunes and recovers in two steps, tells the widths and curves of both, and repeats a step that was finished', async () => {
    const given = await caseOf('models/resnet8-cifar10.onnx', 'data/cifar10-raw.json');
    const options = { macs: 0.6, grain: 1, samples: 64, steps: 2, recover: { epochs: 1, batch: 64 } };
    const kept = new Map<string, Uint8Array>();
    const asked: string[] = [];
    const run = async (): Promise<RunState> => runPasses(initialState(given.model, await originalOrigins(given.model)), [{ pass: findPass('prune.channels'), options: validateOptions(findPass('prune.channels'), options) }], {
      ...passContext({ data: given.data }), seed: 3,
      checkpoint: (step, call) => ({
        load: () => { asked.push(`${step}-${call ?? ''}`); return Promise.resolve(kept.get(`${step}-${call ?? ''}`)); },
        save: (bytes) => { kept.set(`${step}-${call ?? ''}`, bytes.slice()); return Promise.resolve(); },
      }),
    });
    const outcome = await run();
    assert.deepEqual([...kept.keys()].sort(), ['0-', '0-1', '0-2'], 'the choices, and a checkpoint for each training');
    assert.ok(await macsOf(outcome.model) / await macsOf(given.model) <= 0.6);
    const widths = [...outcome.forms.values()].filter(({ code }) => code === 'form.pruned').map(({ params }) => Number(params['kept']) / Number(params['total']));
    assert.ok(widths.length > 3 && widths.some((share) => share < 0.8), widths.join());
    const trained = outcome.findings.filter(({ code }) => code === 'finding.trained' || code === 'finding.trainingNoGain');
    assert.equal(trained.length, 2);
    asked.length = 0;
    const again = await run();
    assert.deepEqual(asked, ['0-', '0-1', '0-2']);
    assert.ok(Buffer.from(await encodeModel(again.model)).equals(Buffer.from(await encodeModel(outcome.model))), 'the same model from the kept checkpoints');
  });
});
