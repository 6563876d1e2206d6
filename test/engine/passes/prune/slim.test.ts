// Slimming before pruning, on a real network with few samples: units differ more in size afterwards, and half of the MACs go
// at a smaller loss than after as much training without it.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../src/engine/data/dataset';
import { EngineError } from '../../../../src/engine/error';
import type { Model } from '../../../../src/engine/ir/model';
import { originalOrigins } from '../../../../src/engine/passes/origins';
import type { PassContext, PassOutcome } from '../../../../src/engine/passes/pass';
import { encodeModel } from '../../../../src/engine/ir/codec';
import { withAssets } from '../../../support/assets';
import { closeAssets } from '../../../support/models';
import { storedCheckpoint } from '../../../support/storedCheckpoint';
import { trainingCase } from '../../../support/training';
import { runPass, testAccuracy, withTraining } from '../train/trainSupport';

const SAMPLES = 1024;

withAssets('prune.channels with slim', function () {
  this.timeout(180_000);
  const opened: Dataset[] = [];
  after(async () => {
    await closeAssets();
    for (const data of opened) await data.close();
  });

  async function open(model: string, description: string, samples = SAMPLES): Promise<{ readonly model: Model; readonly data: Dataset }> {
    const given = await trainingCase(`models/${model}.onnx`, `data/${description}.json`, samples);
    opened.push(given.data);
    return { model: given.model, data: withTraining(given.data, samples) };
  }

  const prune = async ({ model, data }: { readonly model: Model; readonly data?: Dataset }, options: Readonly<Record<string, unknown>>, overrides: Partial<PassContext> = {}): Promise<PassOutcome> =>
    runPass('prune.channels', model, { macs: 0.5, grain: 1, ...options }, { ...(data !== undefined && { data }), origins: await originalOrigins(model), ...overrides });

  const refusal = async (run: Promise<PassOutcome>): Promise<EngineError> => {
    const error = await run.then(() => undefined, (reason: unknown) => reason);
    assert.ok(error instanceof EngineError, String(error));
    return error;
  };

  it('makes small units smaller, and half of the MACs cost less than after as much training without it', async () => {
    const given = await open('ds_cnn_s-kws12', 'kws-ds-cnn');
    const training = { epochs: 4, learningRate: 2e-3 };
    const { model: tuned } = await runPass('distill', given.model, training, { data: given.data });
    const plain = await prune({ ...given, model: tuned }, { criterion: 'l2', refit: false });
    const slim = await prune(given, { criterion: 'l2', refit: false, slim: training });
    const [found, without] = [await testAccuracy(slim.model, given.data, 1000), await testAccuracy(plain.model, given.data, 1000)];
    assert.ok(found > without + 0.1, `${found}, without ${without}`);

    // The smallest tenth of the units is further below the mean of its group. The weight is 0.7: it takes most of the cost by size.
    const { params = {} } = slim.findings.find(({ code }) => code === 'finding.slimmed') ?? {};
    const [before = NaN, after = NaN, cost = NaN] = ['before', 'after', 'cost'].map((name) => Number.parseFloat(String(params[name])));
    assert.ok(100 - after > 2 * (100 - before) && cost < 50, JSON.stringify(params));
    const trained = slim.findings.find(({ code }) => code === 'finding.trained');
    assert.deepEqual([trained?.params['pass'], trained?.params['epoch'], trained?.params['epochs']], ['option.slim', 4, 4]);
    assert.deepEqual(slim.training?.epochs.map(({ epoch }) => epoch), [0, 1, 2, 3, 4]);
    assert.equal(slim.training?.bestEpoch, 4);
  });

  it('warns when the weight is so large that the model no longer answers as before, and else does not', async () => {
    const given = await open('ds_cnn_s-kws12', 'kws-ds-cnn');
    const warnings = async (alpha: number): Promise<readonly string[]> => {
      const { findings } = await prune(given, { macs: 0.9, criterion: 'l2', refit: false, slim: { epochs: 3, learningRate: 5e-4, weights: { alpha } } });
      return findings.filter(({ code, severity }) => code === 'finding.slimDamaged' && severity === 'warning').map(({ text }) => text);
    };
    assert.deepEqual(await warnings(0.5), []);
    const [warning = '', ...others] = await warnings(0.9);
    assert.match(warning, /^Slimming cost a lot: top1 .* from 88\.\d+ % to [1-5]?\d\.\d+ % .*"slim\.weights\.alpha"/u);
    assert.deepEqual(others, []);
  });

  it('goes on where it was killed, and does not train again what it finished', async () => {
    const given = await open('dnn_m-kws12', 'kws-dnn', 300);
    const options = { criterion: 'l2', slim: { epochs: 3, batch: 32 } };
    const bytes = async (outcome: PassOutcome): Promise<Uint8Array> => encodeModel(outcome.model);
    const whole = await bytes(await prune(given, options));
    const checkpoint = storedCheckpoint();
    const controller = new AbortController();
    const killed = prune(given, options, { checkpoint, signal: controller.signal, progress: ({ params }) => { if (params?.['epoch'] === 2) controller.abort(); } });
    assert.equal((await refusal(killed)).code, 'cancelled');
    assert.ok(checkpoint.bytes() !== undefined);
    assert.deepEqual(await bytes(await prune(given, options, { checkpoint })), whole);
    let trained = 0;
    const again = await prune(given, options, { checkpoint, progress: ({ activity }) => { if (activity?.startsWith('progress.training') === true) trained += 1; } });
    assert.deepEqual(await bytes(again), whole);
    assert.equal(trained, 0);
  });

  it('says what is missing: data, BatchNormalization for its scales, units with weights that train', async () => {
    const given = await open('dnn_m-kws12', 'kws-dnn', 300);
    assert.deepEqual((await refusal(prune({ model: given.model }, { slim: {} }))).params, { what: 'option.slim' });
    const scale = await refusal(prune(given, { slim: { method: 'scale' } }));
    assert.deepEqual([scale.code, scale.params['path'], scale.params['problem']], ['invalidOption', 'slim.method', 'problem.noBatchNorm']);
    const frozen = given.model.graph.nodes.filter(({ opType }) => opType === 'Gemm' || opType === 'MatMul').slice(0, -1).map(({ outputs }) => outputs[0] ?? '');
    assert.equal((await refusal(prune(given, { slim: { freeze: frozen } }))).code, 'nothingToSlim');
    assert.equal((await refusal(prune(given, { slim: { augment: { flip: true } } }))).params['path'], 'slim.augment');
  });
});
