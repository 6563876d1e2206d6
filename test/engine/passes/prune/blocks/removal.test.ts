// Real removal against the switch: a model without blocks gives what the graph with switches gives where they are skipped,
// bit by bit but for what fusions round otherwise; the result is valid, and nothing of the block is left.

import assert from 'node:assert/strict';
import { bertBase, mobileNetV2 } from '../../../../../bench/core/macs/networks';
import { type Block, findBlocks } from '../../../../../src/engine/analysis/blocks/index';
import { checkModel } from '../../../../../src/engine/ir/check/check';
import type { Model } from '../../../../../src/engine/ir/model';
import { removeBlocks } from '../../../../../src/engine/passes/prune/blocks/removeBlocks';
import { skipGraphOf } from '../../../../../src/engine/passes/prune/blocks/skipGraph';
import { seededRandom } from '../../../../../src/engine/random';
import { sampleInputs } from '../../../../../src/runtime/sampleInputs';
import { withAssets } from '../../../../support/assets';
import { assetDims, closeAssets, openAsset, outputsOf, relativeDifference } from '../../../../support/models';
import { testRuntime } from '../../../../support/passContext';
import { Net, refilled } from '../../../../support/pruning';
import { branch, convolutional, cropped, inverted, postActivated, postNormalized, preActivated, preNormalized, transformer, WIDTH } from './nets';

/** Float32 sums in another order, through a network. */
const TOLERANCE = 1e-5;
/** A block that is skipped changes outputs by more. */
const VISIBLE = 1e-3;

async function assertEqualsSkipping(model: Model, skipped: readonly Block[], blocks: readonly Block[]): Promise<Model> {
  const graph = await skipGraphOf(model, blocks);
  const session = await testRuntime.createSession(model, { optimization: 'disabled' });
  const feeds = sampleInputs(model, session.inputs, { dims: assetDims, seed: 5 });
  const whole = await session.run(feeds);
  await session.release();
  const cut = removeBlocks(model, skipped);
  const known = new Set((await checkModel(model)).map(({ rule }) => rule));
  assert.deepEqual((await checkModel(cut)).filter(({ rule }) => !known.has(rule)), []);
  const expected = await outputsOf(graph.model, { ...feeds, ...graph.switches(new Set(skipped)) });
  const unskipped = await outputsOf(graph.model, { ...feeds, ...graph.switches(new Set()) });
  const found = await outputsOf(cut, feeds);
  assert.deepEqual(Object.keys(found), Object.keys(whole), 'outputs keep their names');
  let effect = 0;
  for (const [name, array] of Object.entries(expected)) {
    const [other, before, same] = [found[name], whole[name], unskipped[name]];
    assert.ok(other !== undefined && before !== undefined && same !== undefined);
    assert.ok(relativeDifference(array, other) <= TOLERANCE, `${name} differs by ${relativeDifference(array, other)}`);
    assert.ok(relativeDifference(before, same) <= TOLERANCE, `${name} differs with all switches off`);
    effect = Math.max(effect, relativeDifference(before, other));
  }
  assert.ok(skipped.length === 0 || effect > VISIBLE, `the outputs hardly differ: ${effect}`);
  const made = new Set(cut.graph.nodes.flatMap(({ outputs }) => outputs));
  for (const { parts } of skipped) for (const { layers } of parts) for (const { id, weights } of layers) {
    assert.equal(made.has(id), false, id);
    assert.ok(weights.every((name) => !cut.graph.initializers.has(name)), id);
  }
  return cut;
}

/** Every second block, at random which half, and all. */
async function assertChoices(model: Model): Promise<void> {
  const { free } = await findBlocks(model);
  const random = seededRandom(2);
  const some = free.filter(() => random() < 0.5);
  for (const skipped of [some.length === 0 ? free.slice(0, 1) : some, free]) await assertEqualsSkipping(model, skipped, free);
}

describe('removeBlocks', function () {
  this.timeout(30_000);

  const networks: Readonly<Record<string, () => Promise<Model>>> = {
    'activated after': () => convolutional([postActivated, postActivated, postActivated]),
    'activated after, the first shortcut not rectified': () => convolutional([postActivated, postActivated], { first: '' }),
    'activated before': () => convolutional([preActivated, preActivated]),
    'inverted': () => convolutional([inverted, inverted], { first: '' }),
    'a cropped shortcut': () => convolutional([postActivated, cropped]),
    'normalized after': () => transformer(3, postNormalized),
    'normalized before': () => transformer(3, preNormalized),
  };
  for (const [name, build] of Object.entries(networks)) {
    it(`${name}: equals skipping`, async () => assertChoices(await build()));
  }

  it('takes parts of layers alone', async () => {
    const model = await transformer(2, postNormalized);
    const { free } = await findBlocks(model, true);
    assert.equal(free.length, 4);
    for (const part of free) await assertEqualsSkipping(model, [part], free);
  });

  it('keeps an output that a block made, under its name', async () => {
    const net = new Net();
    const x = net.node('Relu', [net.conv(net.input(['N', 3, 8, 8]), 3, WIDTH)]);
    const last = net.node('Add', [x, branch(net, x)]);
    net.output(last);
    const model = await net.model();
    const { free } = await findBlocks(model);
    const cut = await assertEqualsSkipping(model, free, free);
    assert.deepEqual(cut.graph.outputs, model.graph.outputs);
    assert.deepEqual(cut.graph.nodes.map(({ opType }) => opType), ['Conv', 'Relu', 'Identity']);
  });

  it('takes along what only the block needs, and nothing that was of no use before', async () => {
    const net = new Net();
    const input = net.input(['N', 3, 8, 8]);
    const x = net.node('Relu', [net.conv(input, 3, WIDTH)]);
    net.node('Sqrt', [x]);
    const gate = net.node('Sigmoid', [net.conv(input, 3, WIDTH)]);
    net.output(net.node('Add', [x, net.conv(net.node('Mul', [x, gate]), WIDTH, WIDTH)]));
    const model = await net.model();
    const { free } = await findBlocks(model);
    assert.deepEqual(removeBlocks(model, free).graph.nodes.map(({ opType }) => opType), ['Conv', 'Relu', 'Sqrt', 'Identity']);
    assert.equal(model.graph.nodes.length, 8, 'the given model stays');
  });

  it('MobileNetV2 and BERT-base as built: equals skipping', async () => {
    await assertChoices(await refilled(mobileNetV2(), 3));
    const bert = await refilled(bertBase(8), 3);
    const { free } = await findBlocks(bert);
    await assertEqualsSkipping(bert, free.slice(2, 11), free);
  }).timeout(60_000);
});

withAssets('removeBlocks on real models', function () {
  this.timeout(60_000);
  after(closeAssets);

  for (const path of ['models/resnet20-cifar10', 'models/resnet8-cifar10', 'models/fashion-resnet18-bn', 'models/fashion-mobilenetv2', 'models/sst2-transformer', 'models/face_detection_front_128x128_barracuda', 'models/ch_ppocr_mobile_v2.0_cls_infer', 'topologies/light_resnet50', 'topologies/light_shufflenet']) {
    it(`${path}: equals skipping`, async () => {
      const given = await openAsset(`${path}.onnx`);
      await assertChoices(path.startsWith('topologies') ? await refilled(given, 3) : given);
    });
  }
});
