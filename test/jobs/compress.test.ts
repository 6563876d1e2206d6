// Compression as a job, on a real model with real data: report, files, checkpoint and resume, refusals that leave nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineError } from '../../src/engine/error';
import { cloneModel } from '../../src/engine/ir/clone';
import type { Pass } from '../../src/engine/passes/pass';
import { findPass } from '../../src/engine/passes/registry';
import { runners } from '../../src/jobs/index';
import type { CompressReport } from '../../src/protocol/report';
import type { CompressRequest } from '../../src/protocol/jobs';
import { assetPath, withAssets } from '../support/assets';
import { DATA, inWorkspace, recordingContext } from './support';

const STATIC = { version: 1, passes: [{ pass: 'quantize.static', samples: 64 }] } as const;

function request(model: string, extra: Partial<CompressRequest> = {}): CompressRequest {
  return { model, data: DATA, recipe: STATIC, limit: 256, report: true, runs: 22, ...extra };
}

withAssets('jobs: compress', function () {
  this.timeout(60_000);

  it('writes a smaller model and a report beside the original, which stays as it was', () => inWorkspace(async ({ folder, model }) => {
    const before = await readFile(model);
    const context = recordingContext();
    const report = await runners.compress(request(model), context);
    assert.deepEqual((await readdir(folder)).sort(), ['ds_cnn_s.int8.onnx', 'ds_cnn_s.int8.report.json', 'ds_cnn_s.onnx']);
    assert.deepEqual(await readFile(model), before);
    const written = JSON.parse(await readFile(join(folder, 'ds_cnn_s.int8.report.json'), 'utf8')) as CompressReport;
    assert.deepEqual(written, JSON.parse(JSON.stringify(report)));
    assert.equal((await readFile(report.output)).length, report.after.bytes);
    assert.ok(report.after.bytes < 0.6 * report.before.bytes, `${report.after.bytes} of ${report.before.bytes}`);
    assert.equal(report.inputs[model], createHash('sha256').update(before).digest('hex'));
    assert.equal(report.metricName, 'top1');
    assert.equal(report.samples, 256);
    assert.ok(report.delta.metric && report.delta.metric.value > -0.05, 'accuracy collapsed');
    assert.ok(report.delta.metric.interval[0] <= report.delta.metric.value && report.delta.metric.value <= report.delta.metric.interval[1]);
    assert.ok(report.before.latency && report.after.latency && report.delta.latency);
    assert.ok(context.events.some((event) => event.type === 'step'));
  }));

  for (const format of ['qdq', 'qoperator']) it(`reports every layer of the original in ${format} form: form, bytes, time, output error`, () => inWorkspace(async ({ model }) => {
    const inspected = await runners.inspect({ model }, recordingContext());
    const recipe = { ...STATIC, passes: [{ ...STATIC.passes[0], format }] };
    const report = await runners.compress(request(model, { recipe, report: undefined as never }), recordingContext());
    assert.deepEqual(report.layers.map(({ id }) => id), inspected.layers.map(({ id }) => id));
    const convolutions = report.layers.filter(({ op }) => op === 'Conv');
    assert.ok(convolutions.length > 0);
    for (const layer of convolutions) {
      assert.equal(layer.after.form.code, 'form.int8PerChannel', layer.id);
      assert.ok(layer.after.weightBytes < 0.6 * layer.before.weightBytes, layer.id);
      assert.deepEqual(layer.passes, ['quantize.static']);
      assert.ok(layer.outputError !== null && layer.outputError.sqnrDb > 10 && layer.outputError.cosine > 0.9, layer.id);
      assert.equal(layer.after.macs, layer.before.macs, layer.id);
      assert.ok((layer.after.latency?.mean ?? 0) > 0, `${layer.id} has a kernel of its own`);
    }
    for (const figures of ['before', 'after'] as const) {
      const { layout, overhead, profiled } = report.unattributed?.[figures] ?? { layout: NaN, overhead: NaN, profiled: NaN };
      const sum = report.layers.reduce((total, layer) => total + (layer[figures].latency?.mean ?? 0), 0) + layout + overhead;
      assert.ok(Math.abs(sum - profiled) <= 0.02 * profiled, `${figures}: ${sum} of ${profiled}`);
    }
  }));

  it('never overwrites: a second run gets a number', () => inWorkspace(async ({ folder, model }) => {
    const first = await runners.compress(request(model), recordingContext());
    const bytes = await readFile(first.output);
    const second = await runners.compress(request(model), recordingContext());
    assert.equal(second.output, join(folder, 'ds_cnn_s.int8-2.onnx'));
    assert.deepEqual(await readFile(first.output), bytes);
    assert.deepEqual(await readFile(second.output), bytes, 'the same seed, inputs, provider and threads give the same bytes');
    await assert.rejects(runners.compress(request(model, { output: first.output }), recordingContext()), { code: 'outputUnwritable' });
  }));

  it('never writes a model that a pass left invalid', () => inWorkspace(async ({ folder, model }) => {
    const pass = findPass('cleanup');
    const original = Object.getOwnPropertyDescriptor(pass, 'run') ?? assert.fail();
    const breaking: Pass['run'] = (input) => {
      const broken = cloneModel(input);
      broken.graph.nodes[0]?.inputs.push('nowhere');
      return Promise.resolve({ model: broken, origins: new Map(), forms: new Map(), findings: [] });
    };
    Object.defineProperty(pass, 'run', { ...original, value: breaking });
    try {
      const asked = request(model, { recipe: { version: 1, passes: [{ pass: 'cleanup' }] } });
      await assert.rejects(runners.compress(asked, recordingContext()), (error: EngineError) => error.code === 'invalidResult' && /Pass cleanup .*"nowhere"/.test(error.message));
    } finally {
      Object.defineProperty(pass, 'run', original);
    }
    assert.deepEqual(await readdir(folder), ['ds_cnn_s.onnx']);
  }));

  it('goes on from its checkpoint, and only on the same files', () => inWorkspace(async ({ folder, model }) => {
    const job = join(folder, 'job');
    await mkdir(job);
    const abort = new AbortController();
    const killed = recordingContext({ folder: job, signal: abort.signal });
    const cancelling = { ...killed, emit: (event: Parameters<typeof killed.emit>[0]) => {
      killed.emit(event);
      if (event.type === 'checkpoint') abort.abort();
    } };
    await assert.rejects(runners.compress(request(model), cancelling), { code: 'cancelled' });
    assert.deepEqual((await readdir(folder)).sort(), ['ds_cnn_s.onnx', 'job'], 'a cancelled job leaves nothing beside the model');

    const resumed = recordingContext({ folder: job, resume: true });
    const report = await runners.compress(request(model), resumed);
    assert.ok(!resumed.events.some((event) => event.type === 'step'), 'the finished pass ran again');
    assert.equal(report.steps.length, 1);
    const fresh = await runners.compress(request(model), recordingContext());
    assert.deepEqual(await readFile(report.output), await readFile(fresh.output));

    await writeFile(model, Buffer.concat([await readFile(model), Buffer.of(0x42, 0x00)]));
    await assert.rejects(runners.compress(request(model), recordingContext({ folder: job, resume: true })), { code: 'inputChanged' });
  }));

  it('refuses what cannot be done before anything is written', () => inWorkspace(async ({ folder, model }) => {
    const refusals: readonly (readonly [Partial<CompressRequest>, string])[] = [
      [{ data: undefined as never }, 'dataNeeded'],
      [{ recipe: { version: 1, passes: [{ pass: 'quantize.stat' }] } }, 'unknownPass'],
      [{ recipe: { version: 1, passes: [{ pass: 'quantize.static', effort: 'best' }] } }, 'optionNotReady'],
      [{ recipe: { version: 1, target: 'tensorrt', passes: [{ pass: 'quantize.static' }] } }, 'optionNotReady'],
      [{ recipe: { version: 1, passes: [{ pass: 'quantize.static', ignore: ['nosuchlayer'] }] } }, 'ignoreMatchesNothing'],
      [{ split: 'nosuchsplit' }, 'splitMissing'],
      [{ model: join(folder, 'none.onnx') }, 'fileNotFound'],
      [{ output: join(folder, 'nofolder', 'out.onnx') }, 'outputUnwritable'],
    ];
    for (const [extra, code] of refusals) {
      const asked = request(model, extra);
      await assert.rejects(runners.compress(asked.data === undefined ? withoutData(asked) : asked, recordingContext()), { code }, code);
    }
    assert.deepEqual(await readdir(folder), ['ds_cnn_s.onnx']);
  }));

  it('asks for the size of an open dimension before passes run, not when their result is timed', () => inWorkspace(async ({ folder }) => {
    const model = join(folder, 'silero.onnx');
    await writeFile(model, await readFile(assetPath('models/silero_vad_half.onnx')));
    const context = recordingContext();
    const asked = withoutData(request(model, { recipe: { version: 1, passes: [{ pass: 'decompose', parameters: 0.9 }] } }));
    await assert.rejects(runners.compress(asked, context), { code: 'symbolicDimension', message: /"sequence"/u });
    assert.ok(!context.events.some((event) => event.type === 'progress' && event.progress.activity === 'progress.decomposing'));
  }));

  it('leaves nothing behind where the folder cannot be written', function () {
    // Root writes everywhere; CI runs as root.
    if (process.getuid?.() === 0) this.skip();
    return inWorkspace(async ({ folder, model }) => {
      await chmod(folder, 0o555);
      try {
        await assert.rejects(runners.compress(request(model), recordingContext()), { code: 'outputUnwritable' });
        assert.deepEqual(await readdir(folder), ['ds_cnn_s.onnx']);
      } finally {
        await chmod(folder, 0o755);
      }
    });
  });

  it('does not quantize twice', () => inWorkspace(async ({ model }) => {
    const { output } = await runners.compress(request(model), recordingContext());
    await assert.rejects(runners.compress(request(output), recordingContext()), { code: 'alreadyQuantized' });
  }));

  it('compresses without data where the pass needs none, and says what is not measured', () => inWorkspace(async ({ model }) => {
    const report = await runners.compress(withoutData(request(model, { recipe: { version: 1, passes: [{ pass: 'quantize.dynamic' }] } })), recordingContext());
    assert.equal(report.metricName, null);
    assert.ok(report.warnings.some(({ code }) => code === 'finding.noData'));
    assert.ok(report.after.bytes < report.before.bytes);
  }));
});

function withoutData({ data: _data, ...rest }: CompressRequest): CompressRequest {
  return rest;
}
