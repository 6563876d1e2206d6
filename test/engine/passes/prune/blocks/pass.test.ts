// prune.blocks on small networks: what goes, what is told, options, refusals, going on after a kill.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import { EngineError } from '../../../../../src/engine/error';
import { int } from '../../../../../src/engine/ir/attributes';
import { isOp, type Model } from '../../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import type { PassContext, PassOutcome } from '../../../../../src/engine/passes/pass';
import { originalOrigins } from '../../../../../src/engine/passes/origins';
import { assertSameOutputs } from '../../../../support/models';
import { Net } from '../../../../support/pruning';
import { contextFor, samples } from '../../quantize/staticSupport';
import { bytesOf, codes, runPass } from '../../train/trainSupport';
import { storedCheckpoint } from '../../../../support/storedCheckpoint';
import { convolutional, cropped, fedByX, inverted, postActivated, postNormalized, postWritten, preActivated, projected, transformer, WIDTH, writtenNorm } from './nets';

const images = samples(24, [3, 8, 8]);

async function prune(model: Model, options: Readonly<Record<string, unknown>> = {}, overrides: Partial<PassContext> = {}, data: Dataset | undefined = images): Promise<PassOutcome> {
  return runPass('prune.blocks', model, { samples: 24, ...options }, { ...contextFor(model, data), origins: await originalOrigins(model), ...overrides });
}

const countOf = ({ graph }: Model, op: string): number => graph.nodes.filter((node) => isOp(node, op)).length;

const messages = ({ findings }: PassOutcome, code: string): string[] => findings.filter((finding) => finding.code === code).map(({ text }) => text);

/** Four blocks, of which the one at `idle` adds nothing. */
async function withIdle(idle: number): Promise<Model> {
  const model = fedByX(await convolutional([postActivated, postActivated, postActivated, postActivated]));
  const lasts = model.graph.nodes.filter((node) => isOp(node, 'Add')).map(({ inputs: [branch] }) => model.graph.nodes.find(({ outputs }) => outputs[0] === branch));
  for (const name of lasts[idle]?.inputs.slice(1) ?? []) {
    const tensor = model.graph.initializers.get(name);
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    const { data, dims } = await readTensor(tensor);
    model.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims, data: new Float32Array(data.length) }));
  }
  return model;
}

describe('prune.blocks', function () {
  this.timeout(20_000);

  for (const idle of [0, 1, 2, 3]) {
    it(`takes the block that does nothing (${idle})`, async () => {
      const model = await withIdle(idle);
      const outcome = await prune(model);
      assert.equal(countOf(outcome.model, 'Add'), 3);
      await assertSameOutputs(model, outcome.model, 1e-6);
      const removed = [...outcome.forms].filter(([, { code }]) => code === 'form.removed').map(([layer]) => layer);
      const convolutions = model.graph.nodes.filter((node) => isOp(node, 'Conv')).map(({ outputs: [output = ''] }) => output);
      assert.deepEqual(removed.filter((layer) => convolutions.includes(layer)), convolutions.slice(1 + 2 * idle, 3 + 2 * idle));
      assert.match(messages(outcome, 'finding.blockRemoved')[0] ?? '', /^1\. Block "conv.+ … conv.+" went: .* grew to 0/u);
      assert.match(messages(outcome, 'finding.blocksRemoved')[0] ?? '', /1 of 4 blocks.*24 training samples/u);
    });
  }

  it('keeps a share or a number, of blocks that must stay as well', async () => {
    const adds = async (model: Model, options: Readonly<Record<string, unknown>>): Promise<number> => countOf((await prune(model, options)).model, 'Add');
    const four = await withIdle(1);
    assert.equal(await adds(four, { keep: 0.5 }), 2);
    assert.equal(await adds(four, { keep: 1 }), 1);
    assert.equal(await adds(four, { keep: 0 }), 0);
    const mixed = fedByX(await convolutional([postActivated, postActivated, projected]));
    assert.equal(await adds(mixed, { keep: 1 }), 1);
    const outcome = await prune(mixed, { keep: 2 });
    assert.match(messages(outcome, 'finding.blockStays')[0] ?? '', /its shortcut has weights/u);
    await assert.rejects(prune(mixed, { keep: 0 }), /of the 3 blocks 1 must stay/u);
  });

  it('leaves blocks with an ignored layer', async () => {
    const model = await withIdle(1);
    const [layer] = model.graph.nodes.filter((node) => isOp(node, 'Conv')).slice(3).map(({ outputs: [output = ''] }) => output);
    const outcome = await prune(model, { ignore: [layer] });
    assert.equal(outcome.forms.has(layer ?? ''), false);
    assert.match(messages(outcome, 'finding.blockStays')[0] ?? '', /"ignore"/u);
    await assert.rejects(prune(model, { ignore: ['conv*'] }), /"ignore"/u);
    await assert.rejects(prune(model, { ignore: ['nowhere'] }), { code: 'ignoreMatchesNothing' });
  });

  it('warns of normalizations that are written out, and has nothing to warn of after cleanup', async () => {
    const model = fedByX(await transformer(3, postWritten));
    const data = samples(8, [3, 4]);
    const outcome = await prune(model, { keep: 2 }, {}, data);
    assert.match(messages(outcome, 'finding.normsWritten')[0] ?? '', /^6 normalizations .*"cleanup".*"opset": 17/u);
    assert.equal(countOf(outcome.model, 'Sqrt'), 6, 'those of the layer that went are still there');
    const { model: clean } = await runPass('cleanup', model, {}, contextFor(model, undefined));
    assert.equal(countOf(clean, 'LayerNormalization'), countOf(model, 'LayerNormalization') + 6);
    assert.deepEqual(messages(await prune(clean, { keep: 2 }, {}, data), 'finding.normsWritten'), []);
  });

  it('tells to run cleanup where a model with such normalizations has no block', async () => {
    const net = new Net();
    const x = writtenNorm(net, net.dense(net.input(['N', 3, WIDTH]), WIDTH, WIDTH));
    net.output(net.node('Gemm', [net.node('ReduceMean', [x, net.ints(1)], { keepdims: int(0) }), net.weight(WIDTH, 3)]));
    await assert.rejects(prune(fedByX(await net.model()), {}, {}, samples(8, [3, 4])), (error: unknown) => error instanceof EngineError && error.code === 'noBlocks' && error.message.includes('"cleanup"'));
  });

  it('takes layers of transformers whole, or in parts', async () => {
    const model = fedByX(await transformer(3, postNormalized));
    const sequences = samples(24, [3, 4]);
    const whole = await prune(model, { keep: 2 }, {}, sequences);
    assert.equal(countOf(whole.model, 'Softmax'), 2);
    assert.equal(countOf(whole.model, 'Relu'), 2);
    const parts = await prune(model, { keep: 5, unit: 'part' }, {}, sequences);
    assert.equal(countOf(parts.model, 'Softmax') + countOf(parts.model, 'Relu'), 5);
    assert.match(messages(parts, 'finding.blocksRemoved')[0] ?? '', /1 of 6 blocks/u);
  });

  it('measures BatchNormalization anew, while choosing and afterwards', async () => {
    const model = fedByX(await convolutional([preActivated, preActivated, preActivated]));
    const outcome = await prune(model, { keep: 2 });
    assert.equal(countOf(outcome.model, 'BatchNormalization'), 2);
    assert.ok(codes(outcome).includes('finding.statisticsRenewed'));
  });

  it('repeats itself, and goes on from where it was', async () => {
    for (const build of [() => convolutional([inverted, inverted, inverted], { first: '' }), () => convolutional([preActivated, preActivated, cropped])]) {
      const model = fedByX(await build());
      const first = await prune(model, { keep: 1 });
      assert.ok((await bytesOf(first)).equals(await bytesOf(await prune(model, { keep: 1 }))));
      const checkpoint = storedCheckpoint();
      const abort = new AbortController();
      const stopped = { ...checkpoint, save: async (bytes: Uint8Array) => { await checkpoint.save(bytes); abort.abort(); } };
      await assert.rejects(prune(model, { keep: 1 }, { checkpoint: stopped, signal: abort.signal }), { code: 'cancelled' });
      const resumed = await prune(model, { keep: 1 }, { checkpoint });
      assert.ok((await bytesOf(first)).equals(await bytesOf(resumed)));
      assert.deepEqual(resumed.findings, first.findings);
    }
  });

  it('reads models of old opsets', async () => {
    const model = await withIdle(2);
    model.opsets = new Map([['', 8]]);
    model.irVersion = 3;
    for (const [name, { type, dims }] of model.graph.initializers) model.graph.inputs.push({ name, type: { kind: 'tensor', type, shape: dims } });
    const outcome = await prune(model);
    assert.equal(countOf(outcome.model, 'Add'), 3);
    assert.equal(outcome.model.graph.inputs.length, outcome.model.graph.initializers.size + 1);
  });

  it('refuses what cannot be', async () => {
    const model = await withIdle(0);
    await assert.rejects(prune(model, {}, { data: undefined as never }), { code: 'dataNeeded' });
    await assert.rejects(prune(model, { keep: 4 }), /keeps all blocks: the model has 4/u);
    await assert.rejects(prune(model, { keep: 0.9 }), { code: 'invalidOption' });
    await assert.rejects(prune(model, { keep: 2.5 }), { code: 'invalidOption' });
    await assert.rejects(prune(model, { keep: -1 }), { code: 'invalidOption' });
    const chain = new Net();
    chain.output(chain.dense(chain.input([1, 4]), 4, 4));
    await assert.rejects(prune(await chain.model()), { code: 'noBlocks' });
    await assert.rejects(prune(fedByX(await convolutional([projected]))), /its shortcut has weights/u);
    const quantized = new Net();
    const [q = '', scale = '', zero = ''] = quantized.several('DynamicQuantizeLinear', [quantized.input([1, 3, 8, 8])], 3);
    quantized.output(quantized.conv(quantized.node('DequantizeLinear', [q, scale, zero]), 3, 8));
    await assert.rejects(prune(await quantized.model()), { code: 'alreadyQuantized' });
    const broken = samples(24, [3, 8, 8], (values) => { values.fill(NaN); });
    await assert.rejects(prune(model, {}, {}, broken), { code: 'answersNotFinite' });
  });
});
