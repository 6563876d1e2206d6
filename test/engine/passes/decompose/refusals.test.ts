// What the passes that decompose refuse: before anything runs where that can be, always with the reason and what to do.

import assert from 'node:assert/strict';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { validateOptions } from '../../../../src/engine/passes/recipe';
import { findPass } from '../../../../src/engine/passes/registry';
import type { Runtime } from '../../../../src/engine/ports';
import { testRuntime } from '../../../support/passContext';
import { Net } from '../../../support/pruning';
import { quantized, samples } from '../quantize/staticSupport';
import { decompose, smallNet, withInputX } from './passSupport';

describe('passes that decompose refuse', function () {
  this.timeout(20_000);

  const invalid: Readonly<Record<string, readonly [options: Readonly<Record<string, unknown>>, message: RegExp]>> = {
    'two targets': [{ macs: 0.5, ranks: 'evbmf' }, /"macs" and "ranks" are both targets.*one of "macs", "parameters", "latency" and "ranks"/u],
    'a time that is none': [{ latency: '3 miles' }, /is no time/u],
    'a latency that may not be measured': [{ latency: 0.5, measure: false }, /has to be measured/u],
    'an energy above 1': [{ ranks: { energy: 1.2 } }, /ranks/u],
    'a ratio of all': [{ ranks: { ratio: 1 } }, /ranks/u],
    'a rule that does not exist': [{ ranks: 'best' }, /ranks/u],
    'a rank of 0': [{ grain: 0 }, /grain/u],
  };
  for (const [title, [options, message]] of Object.entries(invalid)) {
    it(title, () => {
      assert.throws(() => {
        const pass = findPass('decompose.svd');
        pass.check?.(validateOptions(pass, options));
      }, { code: 'invalidOption', message });
    });
  }

  it('methods that do not exist', () => {
    assert.throws(() => validateOptions(findPass('decompose'), { methods: ['qr'] }), { code: 'invalidOption' });
    assert.throws(() => validateOptions(findPass('decompose'), { methods: [] }), { code: 'invalidOption' });
    assert.throws(() => validateOptions(findPass('decompose'), { method: 'svd' }), { code: 'invalidOption' });
    assert.equal(validateOptions(findPass('decompose'), { method: 'auto' })['method'], 'auto');
  });

  it('targets that the model meets already, and such that it cannot meet, with the smallest possible', async () => {
    const model = await smallNet();
    await assert.rejects(decompose('decompose.svd', model, { macs: 1e9 }), { code: 'invalidOption', message: /the model takes only/u });
    await assert.rejects(decompose('decompose.svd', model, { macs: 0.01 }), { code: 'decomposeTargetUnreachable', message: /cannot reach .* Ask for 0\.\d+ or more\..*"decompose" has more methods/u });
    await assert.rejects(decompose('decompose', model, { latency: 0.01, methods: ['svd'] }), { code: 'decomposeTargetUnreachable', message: /ms/u });
    await assert.rejects(decompose('decompose.svd', model, { latency: '1000s' }), { code: 'invalidOption' });
  });

  it('latencies where there is no clock', async () => {
    const runtime: Runtime = { version: testRuntime.version, defaultThreads: 1, createSession: (model, options) => testRuntime.createSession(model, options) };
    await assert.rejects(decompose('decompose.svd', await smallNet(), { latency: 0.5 }, { context: { runtime } }), { code: 'latencyUnknown' });
  });

  it('quantized models', async () => {
    const { model } = await quantized(await smallNet(), {}, samples(8));
    await assert.rejects(decompose('decompose', model, {}), { code: 'alreadyQuantized' });
  });

  it('weights that are no numbers, naming the layer', async () => {
    const model = await smallNet();
    const [name = '', tensor] = [...model.graph.initializers].find(([, { dims }]) => dims.length === 4) ?? [];
    assert.ok(tensor !== undefined);
    const data = new Float32Array(tensor.dims.reduce((product, size) => product * size, 1)).fill(NaN);
    model.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data }));
    await assert.rejects(decompose('decompose', model, {}), { code: 'weightsNotFinite', message: /conv/u });
  });

  it('models without anything to split, by the reason most layers have', async () => {
    const plain = new Net();
    plain.output(plain.node('Relu', [plain.input([1, 4])]));
    await assert.rejects(decompose('decompose', await plain.model(), {}), { code: 'nothingToDecompose', message: /It has no Conv/u });
    const dense = new Net();
    dense.output(dense.node('MatMul', [dense.input([1, 32]), dense.weight(32, 32)]));
    await assert.rejects(decompose('decompose.spatial', await dense.model(), {}), { code: 'nothingToDecompose', message: /"svd" can split it/u });
    const tiny = new Net();
    tiny.output(tiny.node('MatMul', [tiny.input([1, 2]), tiny.weight(2, 2)]));
    await assert.rejects(decompose('decompose.svd', await tiny.model(), {}), { code: 'nothingToDecompose', message: /no rank/u });
    const model = await smallNet();
    const layers = model.graph.nodes.filter(({ opType }) => ['Conv', 'Gemm'].includes(opType)).map(({ outputs }) => outputs[0] ?? '');
    await assert.rejects(decompose('decompose', model, { ignore: layers }), { code: 'nothingToDecompose', message: /"ignore"/u });
    await assert.rejects(decompose('decompose', model, { ignore: ['nowhere*'] }), { code: 'ignoreMatchesNothing' });
  });

  it('training without data, and answers that are no numbers', async () => {
    await assert.rejects(decompose('decompose', await smallNet(), { recover: { epochs: 1 } }), { code: 'dataNeeded' });
    const net = new Net();
    const x = net.input([1, 3, 8, 8]);
    net.output(net.node('Log', [net.node('Sub', [net.conv(x, 3, 32, { kernel: 3 }), net.positive(1)])]));
    await assert.rejects(decompose('decompose', withInputX(await net.model()), { macs: 0.8, grain: 1 }, { data: samples(8) }), { code: 'answersNotFinite' });
  });
});
