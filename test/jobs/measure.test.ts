// evaluate, compare, profile and inspect as jobs on real models.

import assert from 'node:assert/strict';
import { passIds } from '../../src/engine/passes/registry';
import { runners } from '../../src/jobs/index';
import { assetPath, withAssets } from '../support/assets';
import { DATA, inWorkspace, recordingContext } from './support';

withAssets('jobs: measure', function () {
  this.timeout(60_000);

  it('finds the accuracy that the assets state', async () => {
    // ../shared/assets/README.md: 88.9 % over all 4,890 clips; the test half alone differs by sampling.
    const report = await runners.evaluate({ model: assetPath('models/ds_cnn_s-kws12.onnx'), data: DATA }, recordingContext());
    assert.equal(report.samples, 2445);
    assert.ok(Math.abs(report.metric.value - 0.889) < 0.015, String(report.metric.value));
  });

  it('counts exactly on a fixed batch size of 1', async () => {
    const report = await runners.evaluate({ model: assetPath('models/mnist.onnx'), data: assetPath('data/mnist.json'), limit: 200 }, recordingContext());
    assert.equal(report.samples, 200);
    assert.ok(report.metric.value > 0.97, String(report.metric.value));
  });

  it('finds no difference between a model and itself', async () => {
    const model = assetPath('models/ds_cnn_s-kws12.onnx');
    const report = await runners.evaluate({ model, baseline: model, data: DATA, limit: 300 }, recordingContext());
    assert.equal(report.delta?.value, 0);
    assert.equal(report.delta.verdict, 'same');
    assert.equal(report.agreement, 1);
  });

  it('compares any two models, by the origins that Decant wrote', () => inWorkspace(async ({ model }) => {
    const compressed = await runners.compress({ model, data: DATA, limit: 64, runs: 22, recipe: { version: 1, passes: [{ pass: 'quantize.static', samples: 32 }] } }, recordingContext());
    const report = await runners.compare({ before: model, after: compressed.output, data: DATA, limit: 64, runs: 22 }, recordingContext());
    assert.deepEqual(report.layers.map(({ id }) => id), compressed.layers.map(({ id }) => id));
    assert.deepEqual(report.layers.map(({ after }) => after.weightBytes), compressed.layers.map(({ after }) => after.weightBytes));
    assert.equal(report.after.metric, compressed.after.metric);
    assert.ok(!('recipe' in report) && !('steps' in report));
  }));

  it('needs data, the right split, and labels', async () => {
    const model = assetPath('models/ds_cnn_s-kws12.onnx');
    await assert.rejects(runners.evaluate({ model }, recordingContext()), { code: 'dataNeeded' });
    await assert.rejects(runners.evaluate({ model, data: DATA, split: 'none' }, recordingContext()), { code: 'splitMissing' });
    await assert.rejects(runners.evaluate({ model, data: DATA, metric: 'agreement' }, recordingContext()), { code: 'labelsMissing' });
    await assert.rejects(runners.evaluate({ model, data: DATA, metric: './metric.mjs' }, recordingContext()), { code: 'untrustedScript' });
    await assert.rejects(runners.evaluate({ model, data: assetPath('data/mnist.json') }, recordingContext()), { code: 'dataShapeMismatch' });
  });

  it('refuses a size for a dimension that the model has not', async () => {
    const model = assetPath('models/silero_vad_half.onnx');
    for (const kind of ['inspect', 'profile'] as const) {
      await assert.rejects(runners[kind]({ model, dims: { sequnece: 512 } }, recordingContext()), { code: 'unknownDimension' }, kind);
    }
  });

  it('profiles so that the parts make the whole', async () => {
    const report = await runners.profile({ model: assetPath('models/resnet8-cifar10.onnx'), runs: 50 }, recordingContext());
    const sum = report.layers.reduce((total, { latency }) => total + latency.mean, 0) + report.layout + report.overhead;
    assert.ok(Math.abs(sum - report.profiled.mean) <= 0.02 * report.profiled.mean);
    assert.ok(report.profiled.ratio > 0);
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const context = recordingContext({ signal: abort.signal });
    const cancelling = { ...context, emit: (event: Parameters<typeof context.emit>[0]) => {
      context.emit(event);
      if (event.type === 'progress' && event.progress.activity === 'progress.evaluating') abort.abort();
    } };
    await assert.rejects(runners.evaluate({ model: assetPath('models/ds_cnn_s-kws12.onnx'), data: DATA }, cancelling), { code: 'cancelled' });
  });

  it('lists the passes with their options', async () => {
    const passes = await runners.passes({}, recordingContext());
    assert.deepEqual(passes.map(({ id }) => id), passIds);
    for (const { options } of passes) assert.ok(Object.keys(options.properties).length > 0);
  });
});
