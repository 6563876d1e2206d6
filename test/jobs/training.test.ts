// Passes that train, as a job: what the report has of them, a teacher from a file, and going on in the middle of a training.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runners } from '../../src/jobs/index';
import type { CompressRequest } from '../../src/protocol/jobs';
import type { RecipePass } from '../../src/protocol/recipe';
import { assetPath, withAssets } from '../support/assets';
import { inWorkspace as inFolder, recordingContext } from './support';

/** Four matrices: an epoch takes less than a second. */
const MODEL = 'models/dnn_m-kws12.onnx';
const DATA = assetPath('data/kws-dnn.json');
const SHORT = { epochs: 1, batch: 64, learningRate: 0.0003 };

function request(model: string, passes: readonly RecipePass[], extra: Partial<CompressRequest> = {}): CompressRequest {
  return { model, data: DATA, recipe: { version: 1, passes }, limit: 256, runs: 4, threads: 2, ...extra };
}

function inWorkspace(use: (workspace: { readonly folder: string; readonly model: string }) => Promise<void>): Promise<void> {
  return inFolder(async ({ folder }) => {
    const model = join(folder, 'dnn_m.onnx');
    await writeFile(model, await readFile(assetPath(MODEL)));
    await use({ folder, model });
  });
}

withAssets('jobs: training', function () {
  this.timeout(120_000);

  it('tells how the training went, and which layers it changed', () => inWorkspace(async ({ model }) => {
    const context = recordingContext();
    const report = await runners.compress(request(model, [{ pass: 'finetune', ...SHORT }]), context);
    const training = report.steps[0]?.training ?? assert.fail('no record of the training');
    assert.deepEqual(training.epochs.map(({ epoch }) => epoch), [0, 1]);
    assert.equal(training.metricName, 'top1');
    assert.equal(training.bestEpoch, 1);
    assert.ok(report.warnings.some(({ code }) => code === 'finding.trained'));
    assert.ok(!report.warnings.some(({ code }) => code === 'finding.noGain'), 'trained layers are not meant to be faster');
    assert.equal(report.layers.find(({ op }) => op === 'Gemm')?.after.form.code, 'form.trained');
    assert.equal(report.after.parameters, report.before.parameters);
    const activities = context.events.flatMap((event) => (event.type === 'progress' ? [event.progress.activity] : []));
    assert.ok(activities.includes('progress.training'));
  }));

  it('warns where the accuracy was measured on samples that training used', () => inWorkspace(async ({ model }) => {
    const codesFor = async (extra: Partial<CompressRequest>): Promise<string[]> =>
      (await runners.compress(request(model, [{ pass: 'finetune', ...SHORT }], extra), recordingContext())).warnings.map(({ code }) => code);
    assert.ok((await codesFor({ split: 'train' })).includes('finding.measuredOnTrained'));
    assert.ok(!(await codesFor({})).includes('finding.measuredOnTrained'));
  }));

  it('distils after another pass, from a teacher beside the recipe', () => inWorkspace(async ({ folder, model }) => {
    await writeFile(join(folder, 'teacher.onnx'), await readFile(model));
    const recipeFile = join(folder, 'recipe.json');
    const report = await runners.compress(request(model, [{ pass: 'cleanup' }, { pass: 'distill', ...SHORT, teacher: 'teacher.onnx' }], { recipeFile }), recordingContext());
    assert.ok(Object.keys(report.inputs).includes(join(folder, 'teacher.onnx')), 'the teacher is among the inputs');
    assert.equal(report.steps[1]?.training?.epochs.length, 2);
    await assert.rejects(
      runners.compress(request(model, [{ pass: 'distill', ...SHORT, teacher: 'absent.onnx' }], { recipeFile }), recordingContext()),
      { code: 'fileNotFound' },
    );
  }));

  it('goes on in the middle of a training after a cancel, to the same bytes', () => inWorkspace(async ({ folder, model }) => {
    const passes = [{ pass: 'finetune', ...SHORT, epochs: 2 }];
    const whole = await runners.compress(request(model, passes), recordingContext());
    const job = join(folder, 'job');
    await mkdir(job);
    const stop = new AbortController();
    const context = recordingContext({ folder: job, signal: stop.signal });
    const stopping = { ...context, emit: (event: Parameters<typeof context.emit>[0]) => {
      context.emit(event);
      if (event.type === 'progress' && event.progress.activity === 'progress.trainingOn') stop.abort();
    } };
    await assert.rejects(runners.compress(request(model, passes), stopping), { code: 'cancelled' });
    const resumed = await runners.compress(request(model, passes), recordingContext({ folder: job, resume: true }));
    assert.deepEqual(await readFile(resumed.output), await readFile(whole.output));
    assert.deepEqual(resumed.steps[0]?.training, whole.steps[0]?.training);
  }));
});
