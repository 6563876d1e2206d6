// Which parts of a network are blocks, by small networks of every kind and by real ones.

import assert from 'node:assert/strict';
import { bertBase, mobileNetV2 } from '../../../../bench/core/macs/networks';
import { type Blocks, findBlocks } from '../../../../src/engine/analysis/blocks/index';
import { int } from '../../../../src/engine/ir/attributes';
import { makeValue } from '../../../../src/engine/ir/build';
import type { Model } from '../../../../src/engine/ir/model';
import { withAssets } from '../../../support/assets';
import { closeAssets, openAsset } from '../../../support/models';
import { Net } from '../../../support/pruning';
import {
  attention, branch, convolutional, cropped, feedForward, inverted, norm, postActivated, postNormalized, preActivated, preNormalized, projected, transformer, WIDTH,
} from '../../passes/prune/blocks/nets';

/** Numbers of free and stuck blocks. */
const counts = ({ free, stuck }: Blocks): readonly [number, number] => [free.length, stuck.length];

const partsOf = ({ free }: Blocks): number[] => free.map(({ parts }) => parts.length);

/** Operators that make the exits of all parts. */
function exits(model: Model, { free }: Blocks): string[] {
  const makers = new Map(model.graph.nodes.map(({ opType, outputs }) => [outputs[0], opType]));
  return free.flatMap(({ parts }) => parts.map(({ exit }) => makers.get(exit) ?? ''));
}

describe('findBlocks', () => {
  it('takes the Relu behind a sum along where the shortcut is rectified already', async () => {
    const model = await convolutional([postActivated, postActivated]);
    const found = await findBlocks(model);
    assert.deepEqual(counts(found), [2, 0]);
    assert.deepEqual(exits(model, found), ['Relu', 'Relu']);
    assert.deepEqual(found.free.map(({ parts: [{ layers, nodes }] }) => [layers.length, nodes.size]), [[2, 5], [2, 5]]);
    const plain = await convolutional([postActivated, postActivated], { first: '' });
    assert.deepEqual(exits(plain, await findBlocks(plain)), ['Add', 'Relu'], 'the first shortcut is not rectified');
  });

  it('finds blocks activated before, and inverted ones', async () => {
    for (const block of [preActivated, inverted]) {
      const model = await convolutional([block, block]);
      const found = await findBlocks(model);
      assert.deepEqual(counts(found), [2, 0]);
      assert.deepEqual(exits(model, found), ['Add', 'Add']);
    }
  });

  it('lets a shortcut crop and pad, but not compute with weights', async () => {
    const free = await convolutional([postActivated, cropped]);
    const found = await findBlocks(free);
    assert.deepEqual(counts(found), [2, 0]);
    assert.deepEqual(exits(free, found), ['Relu', 'Relu'], 'cropped and padded by zeros it stays rectified');
    const { free: [other], stuck } = await findBlocks(await convolutional([postActivated, projected]));
    assert.equal(other?.parts.length, 1);
    assert.deepEqual(stuck.map(({ why, layers }) => [why, layers.length]), [['why.blockProjection', 2]]);
  });

  it('joins attention and the part behind it to a layer, normalized after or before', async () => {
    for (const layer of [postNormalized, preNormalized]) {
      const model = await transformer(3, layer);
      const found = await findBlocks(model);
      assert.deepEqual(partsOf(found), [2, 2, 2]);
      assert.deepEqual(new Set(exits(model, found)), new Set([layer === postNormalized ? 'LayerNormalization' : 'Add']));
      assert.equal(found.free[0]?.parts[0].attends, true);
      assert.equal(found.free[0].parts[1]?.attends, false);
      assert.deepEqual(partsOf(await findBlocks(model, true)), [1, 1, 1, 1, 1, 1]);
    }
  });

  it('keeps the normalization behind a sum whose shortcut comes out of none', async () => {
    const net = new Net();
    const x = net.input(['N', 3, WIDTH]);
    const mask = net.weight(1, 1, 3, 3);
    const attended = norm(net, net.node('Add', [x, attention(net, x, mask)]));
    net.output(norm(net, net.node('Add', [attended, feedForward(net, attended)])));
    const model = await net.model();
    const found = await findBlocks(model);
    assert.deepEqual(partsOf(found), [2]);
    assert.deepEqual(exits(model, found), ['Add', 'LayerNormalization']);
  });

  it('takes the innermost of nested branches', async () => {
    const net = new Net();
    const x = net.node('Relu', [net.conv(net.input(['N', 3, 8, 8]), 3, WIDTH)]);
    const inner = postActivated(net, postActivated(net, x));
    net.output(net.node('Add', [x, net.conv(inner, WIDTH, WIDTH)]));
    assert.deepEqual(counts(await findBlocks(await net.model())), [2, 0]);
  });

  it('leaves sums alone that lead around nothing', async () => {
    const net = new Net();
    const x = net.conv(net.input(['N', 3, 8, 8]), 3, WIDTH);
    const cubic = net.node('Add', [x, net.node('Mul', [x, net.node('Mul', [x, x])])]);
    const side = net.node('Add', [net.conv(cubic, WIDTH, WIDTH), net.conv(cubic, WIDTH, WIDTH)]);
    const joined = net.node('Concat', [side, branch(net, side)], { axis: int(1) });
    const gated = net.node('Mul', [side, net.node('Sigmoid', [branch(net, side)])]);
    const broadcast = net.node('Add', [gated, net.conv(net.node('GlobalAveragePool', [gated]), WIDTH, WIDTH)]);
    net.output(joined);
    net.output(broadcast);
    assert.deepEqual(counts(await findBlocks(await net.model())), [0, 0]);
  });

  it('takes no path through sizes for one of values', async () => {
    const net = new Net();
    const x = net.conv(net.input(['N', 3, 8, 8]), 3, WIDTH);
    const ones = net.node('ConstantOfShape', [net.node('Shape', [x])]);
    net.output(net.node('Add', [x, net.conv(ones, WIDTH, WIDTH)]));
    assert.deepEqual(counts(await findBlocks(await net.model())), [0, 0]);
  });

  it('says of blocks that cannot go why', async () => {
    const elsewhere = new Net();
    const x = elsewhere.conv(elsewhere.input(['N', 3, 8, 8]), 3, WIDTH);
    const hidden = elsewhere.conv(x, WIDTH, WIDTH);
    elsewhere.output(elsewhere.node('Add', [x, elsewhere.conv(hidden, WIDTH, WIDTH)]));
    elsewhere.output(elsewhere.node('Relu', [hidden]));
    assert.deepEqual((await findBlocks(await elsewhere.model())).stuck.map(({ why }) => why), ['why.blockReadElsewhere']);
    const open = new Net();
    const y = open.input([null, null, null]);
    open.output(open.node('Add', [y, open.node('MatMul', [open.node('Reshape', [y, open.ints(-1, 3, WIDTH)]), open.weight(WIDTH, WIDTH)])]));
    assert.deepEqual((await findBlocks(await open.model())).stuck.map(({ why }) => why), ['why.blockShape']);
  });

  it('knows fused sums of onnxruntime', async () => {
    const net = new Net({ '': 21, 'com.microsoft': 1 });
    const fused = (left: string, right: string): string => net.node('SkipLayerNormalization', [left, right, net.positive(WIDTH), net.weight(WIDTH)], {}, 'com.microsoft');
    const first = norm(net, net.input(['N', 3, WIDTH]));
    const second = fused(first, feedForward(net, first));
    net.output(fused(second, feedForward(net, second)));
    const model = await net.model();
    model.graph.outputs = model.graph.outputs.map(({ name }) => makeValue(name, 'float32', ['N', 3, WIDTH]));
    const found = await findBlocks(model);
    assert.deepEqual(exits(model, found), ['SkipLayerNormalization', 'SkipLayerNormalization'], JSON.stringify(found.stuck.map(({ why }) => why)));
  });

  it('MobileNetV2 has 10, BERT-base 12 layers of two parts', async () => {
    assert.deepEqual(counts(await findBlocks(mobileNetV2())), [10, 0]);
    assert.deepEqual(partsOf(await findBlocks(bertBase())), Array<number>(12).fill(2));
  });
});

withAssets('findBlocks on real models', function () {
  this.timeout(60_000);
  after(closeAssets);

  const expected: Readonly<Record<string, readonly [number, number]>> = {
    'models/resnet20-cifar10': [9, 0], 'models/resnet8-cifar10': [1, 2], 'models/fashion-resnet18': [5, 3], 'models/fashion-resnet18-bn': [5, 3],
    'models/fashion-mobilenetv2': [6, 0], 'models/fashion-mobilenetv2-bn': [6, 0], 'models/sst2-transformer': [4, 0], 'models/ds_cnn_s-kws12': [0, 0],
    'topologies/light_resnet50': [12, 4], 'topologies/light_shufflenet': [13, 0], 'topologies/light_densenet121': [0, 0], 'topologies/light_inception_v2': [0, 0],
  };
  for (const [path, numbers] of Object.entries(expected)) {
    it(`${path}: ${numbers[0]} blocks that can go, ${numbers[1]} that cannot`, async () => {
      assert.deepEqual(counts(await findBlocks(await openAsset(`${path}.onnx`))), numbers);
    });
  }
});
