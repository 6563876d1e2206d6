// prune.channels by milliseconds, with a clock that tells the same times on every machine.

import assert from 'node:assert/strict';
import type { Model } from '../../../../../src/engine/ir/model';
import type { PassCheckpoint, PassContext, PassOutcome } from '../../../../../src/engine/passes/pass';
import type { Runtime } from '../../../../../src/engine/ports';
import type { Clock } from '../../../../../src/engine/passes/clock';
import { withAssets } from '../../../../support/assets';
import { closeAssets, openAsset } from '../../../../support/models';
import { testRuntime } from '../../../../support/passContext';
import { Net } from '../../../../support/pruning';
import { bytesOf, runPass } from '../../train/trainSupport';
import { blockedMacs, fakeClock, layerMacs, type NodeTime } from './fakeClock';

/** Convolutions of 64, 96 and 48 channels on 6 x 6 places, and a classifier of 5. */
async function chain(kernels: readonly number[] = [3, 3, 3]): Promise<Model> {
  const net = new Net();
  let made = net.input([1, 3, 6, 6]);
  for (const [index, [from, to]] of ([[3, 64], [64, 96], [96, 48]] as const).entries()) made = net.node('Relu', [net.conv(made, from, to, { kernel: kernels[index] ?? 1 })]);
  net.output(net.node('Gemm', [net.node('Flatten', [net.node('GlobalAveragePool', [made])]), net.weight(48, 5)]));
  return net.model();
}

function timed(timeOf: NodeTime, overrides: Partial<PassContext> = {}, clock: Clock = fakeClock(timeOf)): Partial<PassContext> {
  return { runtime: { ...testRuntime, latencies: clock }, target: { provider: 'cpu', wideAccumulation: true, channelBlock: 16 }, ...overrides };
}

async function prune(model: Model, options: Readonly<Record<string, unknown>>, context: Partial<PassContext>): Promise<PassOutcome> {
  return runPass('prune.channels', model, { criterion: 'l2', ...options }, context);
}

async function latencyOf(timeOf: NodeTime, ...models: readonly Model[]): Promise<readonly number[]> {
  return fakeClock(timeOf)(models, {});
}

const widthsOf = ({ graph }: Model): number[] => [...graph.initializers.values()].filter(({ dims }) => dims.length === 4).map(({ dims }) => dims[0] ?? 0);
const codesOf = ({ findings }: PassOutcome): string[] => findings.map(({ code }) => code);

describe('prune.channels by milliseconds', function () {
  this.timeout(30_000);

  for (const scope of ['latency', 'global', 'uniform']) {
    it(`${scope}: meets a fraction or a time, says what was predicted and measured, and repeats itself`, async () => {
      const model = await chain();
      const [before = NaN] = await latencyOf(blockedMacs, model);
      for (const latency of scope === 'latency' ? [0.6, `${0.6 * before}ms`, `${600 * before}us`] : [0.6]) {
        const outcome = await prune(model, { scope, latency }, timed(blockedMacs));
        const [after = NaN] = await latencyOf(blockedMacs, outcome.model);
        assert.ok(after <= 0.6 * before && after > 0.4 * before, `${after} of ${before} ms`);
        for (const code of ['finding.latencyTable', 'finding.latencyMet', 'finding.timeSaved']) assert.ok(codesOf(outcome).includes(code), code);
        assert.ok((await bytesOf(outcome)).equals(await bytesOf(await prune(model, { scope, latency }, timed(blockedMacs)))));
      }
    });
  }

  it('takes whole blocks by time; MACs alone are counted with no clock', async () => {
    const model = await chain();
    const byTime = await prune(model, { scope: 'latency', latency: 0.5 }, timed(blockedMacs));
    assert.ok(widthsOf(byTime.model).every((width) => width % 16 === 0), widthsOf(byTime.model).join());
    const blind: Runtime = { version: testRuntime.version, defaultThreads: 2, createSession: (given, options) => testRuntime.createSession(given, options) };
    assert.ok((await prune(model, { macs: 0.5 }, { runtime: blind })).forms.size > 0);
    for (const options of [{ latency: 0.5 }, { macs: 0.5, scope: 'latency' }, { latency: '1ms' }]) {
      await assert.rejects(prune(model, options, { runtime: blind }), { code: 'latencyUnknown' });
    }
  });

  it('with scope latency takes a target in MACs or parameters too, and keeps more importance in slow layers than fast ones', async () => {
    const model = await chain();
    for (const options of [{ macs: 0.5 }, { parameters: 0.5 }, { bytes: '100kB' }]) {
      const outcome = await prune(model, { ...options, scope: 'latency' }, timed(layerMacs));
      assert.ok(outcome.forms.size > 0 && codesOf(outcome).includes('finding.timeSaved') && !codesOf(outcome).includes('finding.latencyMet'));
    }
    // Where the kernel of 5 costs nearly all, what it reads and makes goes, and other layers stay whole.
    const slow: NodeTime = (node, shapes, macs) => (Number(shapes.tensors.get(node.inputs[1] ?? '')?.shape?.[2]) === 5 ? 100 : 1) * macs / 1e6;
    for (const [kernels, widths] of [[[5, 3, 3], [16, 96, 48]], [[3, 5, 3], [48, 48, 48]], [[3, 3, 5], [64, 96, 16]]] as const) {
      const given = await chain(kernels);
      assert.deepEqual(widthsOf((await prune(given, { latency: 0.5, scope: 'latency' }, timed(slow))).model), widths);
    }
  });

  it('corrects a prediction that is off, and warns where the target is missed all the same', async () => {
    const model = await chain();
    // The whole model has a fifth of its time beside its layers, which pruning does not change.
    const [layers = NaN] = await latencyOf(layerMacs, model);
    const constant: Clock = async (models, options) => {
      const times = await fakeClock(layerMacs)(models, options);
      return times.map((time, index) => (models[index]?.graph.inputs[0]?.name === 'x' ? time : time + 0.25 * layers));
    };
    const outcome = await prune(model, { latency: 0.6, scope: 'latency' }, timed(layerMacs, {}, constant));
    const [before = NaN, after = NaN] = await constant([model, outcome.model], {});
    assert.ok(codesOf(outcome).includes('finding.latencyMet') && after <= 0.6 * before, `${after / before}`);
    const stubborn: Clock = async (models, options) => {
      const times = await fakeClock(layerMacs)(models, options);
      return times.map((time, index) => (models[index]?.graph.inputs[0]?.name === 'x' ? time : layers));
    };
    const missed = await prune(model, { latency: 0.8, scope: 'latency' }, timed(layerMacs, {}, stubborn));
    assert.ok(missed.findings.some(({ code, severity }) => code === 'finding.latencyMissed' && severity === 'warning'));
  });

  it('falls by the same share in each of several steps', async () => {
    const model = await chain();
    const outcome = await prune(model, { latency: 0.5, scope: 'latency', steps: 2 }, timed(layerMacs));
    const [before = NaN, after = NaN] = await latencyOf(layerMacs, model, outcome.model);
    assert.ok(after <= 0.5 * before && after > 0.35 * before, `${after / before}`);
    assert.equal(codesOf(outcome).filter((code) => code === 'finding.latencyTable').length, 1);
  });

  it('keeps its choice with the checkpoint, and does not measure again after a kill', async () => {
    const model = await chain();
    let kept: Uint8Array | undefined;
    const checkpoint: PassCheckpoint = { load: () => Promise.resolve(kept), save: (bytes) => { kept = bytes.slice(); return Promise.resolve(); } };
    const first = await prune(model, { latency: 0.5, scope: 'latency' }, timed(layerMacs, { checkpoint }));
    const silent: Clock = () => Promise.reject(new Error('measured again'));
    const again = await prune(model, { latency: 0.5, scope: 'latency' }, timed(layerMacs, { checkpoint }, silent));
    assert.ok((await bytesOf(again)).equals(await bytesOf(first)));
    assert.deepEqual(codesOf(again), codesOf(first));
  });

  it('refuses what is no time, two targets, what is met already and what cannot be, with what can', async () => {
    const model = await chain();
    const [before = NaN] = await latencyOf(layerMacs, model);
    for (const latency of ['3', '0.5', 'fast', '0ms', '-1ms', '5 minutes']) await assert.rejects(prune(model, { latency }, timed(layerMacs)), /no time.*a number of milliseconds from 1 on/u);
    await assert.rejects(prune(model, { latency: 0.5, macs: 0.5 }, timed(layerMacs)), { code: 'invalidOption' });
    await assert.rejects(prune(model, { latency: `${before}ms` }, timed(layerMacs)), /takes only/u);
    const net = new Net();
    net.output(net.conv(net.node('Relu', [net.conv(net.input([1, 3, 'height', 'width']), 3, 32)]), 32, 4));
    await assert.rejects(prune(await net.model(), { latency: 0.5 }, timed(layerMacs)), { code: 'symbolicDimension' });
    for (const scope of ['latency', 'global']) {
      await assert.rejects(prune(model, { latency: 0.001, scope }, timed(layerMacs)), (error: Error) => /Ask for 0\.\d+ or more/u.test(error.message) && /ms/u.test(error.message));
    }
  });
});

withAssets('prune.channels by milliseconds on a real model', function () {
  this.timeout(180_000);
  after(closeAssets);

  it('resnet8-cifar10: is faster as measured by onnxruntime', async () => {
    const model = await openAsset('models/resnet8-cifar10.onnx');
    const outcome = await prune(model, { latency: 0.6, scope: 'latency' }, { target: { provider: 'cpu', wideAccumulation: true, channelBlock: 16 } });
    const [before = NaN, after = NaN] = await testRuntime.latencies?.([model, outcome.model], { threads: 2, budgetMs: 1000 }) ?? [];
    // Wide bounds: other processes load the machine.
    assert.ok(after < 0.85 * before, `${after} of ${before} ms`);
  });
});
