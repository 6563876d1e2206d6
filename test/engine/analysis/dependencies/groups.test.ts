// What goes together, and what stays and why. That removing it is right is tested with surgery.

import assert from 'node:assert/strict';
import { findDependencies, type Dependencies } from '../../../../src/engine/analysis/dependencies/index';
import { matchDims } from '../../../../src/engine/analysis/dependencies/reshape';
import { int, ints } from '../../../../src/engine/ir/attributes';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { closeAssets, openAsset } from '../../../support/models';
import { withAssets } from '../../../support/assets';
import { Net } from '../../../support/pruning';

const sizes = ({ groups }: Dependencies): readonly number[] => groups.map(({ size }) => size);
const reasons = ({ locked }: Dependencies): readonly string[] => locked.map(({ lock }) => lock.code);

describe('dependency groups', () => {
  it('name their layers, with what each does to the units', async () => {
    const net = new Net();
    const first = net.conv(net.input([1, 3, 4, 4]), 3, 4);
    const depthwise = net.conv(first, 4, 4, { kernel: 3, group: 4 });
    const last = net.conv(depthwise, 4, 2);
    net.output(last);
    const { groups, locked } = await findDependencies(await net.model());
    assert.deepEqual(groups.map(({ id, kind, exact }) => ({ id, kind, exact })), [{ id: first, kind: 'channels', exact: true }]);
    assert.deepEqual(groups[0]?.layers, [{ id: first, role: 'produces' }, { id: depthwise, role: 'follows' }, { id: last, role: 'reads' }]);
    assert.deepEqual(groups[0]?.weights.map(({ axis, perUnit, indices }) => ({ axis, perUnit, indices: [...indices] })), [
      ...[0, 0, 0, 0].map((axis) => ({ axis, perUnit: 1, indices: [0, 1, 2, 3] })), { axis: 1, perUnit: 1, indices: [0, 1, 2, 3] },
    ]);
    assert.deepEqual(groups[0]?.activations.map(({ tensor }) => tensor), [first, depthwise]);
    assert.deepEqual(locked, [{ layer: last, lock: { code: 'lock.output', params: { tensor: last } } }]);
  });

  it('of one layer have names of their own', async () => {
    const net = new Net();
    const x = net.conv(net.input([1, 3, 4, 4]), 3, 6);
    net.output(net.conv(net.node('Slice', [x, net.ints(0), net.ints(2), net.ints(1)]), 2, 2));
    net.output(net.conv(x, 6, 2));
    const { groups } = await findDependencies(await net.model());
    assert.deepEqual(groups.map(({ id, size }) => [id, size]), [[x, 2], [`${x}#2`, 4]]);
  });

  it('tell heads, hidden sizes and neurons apart, and which are not exact', async () => {
    const net = new Net();
    let x = net.node('LayerNormalization', [net.dense(net.input([1, 5, 3]), 3, 8), net.positive(8), net.weight(8)], { axis: int(-1) });
    const heads = (): string => net.node('Transpose', [net.node('Reshape', [net.dense(x, 8, 8), net.ints(1, 5, 4, 2)])], { perm: ints([0, 2, 1, 3]) });
    const scores = net.node('Softmax', [net.node('MatMul', [heads(), net.node('Transpose', [heads()], { perm: ints([0, 1, 3, 2]) })])], { axis: int(-1) });
    const mixed = net.node('Transpose', [net.node('MatMul', [scores, heads()])], { perm: ints([0, 2, 1, 3]) });
    x = net.node('Add', [x, net.dense(net.node('Reshape', [mixed, net.ints(1, 5, 8)]), 8, 8)]);
    net.output(net.dense(net.node('Relu', [net.dense(x, 8, 12)]), 12, 2));
    const { groups } = await findDependencies(await net.model());
    assert.deepEqual(groups.map(({ kind, size, exact }) => [kind, size, exact]), [['hidden', 8, false], ['heads', 4, true], ['neurons', 12, true]]);
  });
});

describe('what stays', () => {
  const around = async (build: (net: Net, x: string) => void): Promise<Dependencies> => {
    const net = new Net({ '': 21, 'com.microsoft': 1, other: 1 });
    build(net, net.conv(net.input([1, 3, 4, 4]), 3, 6));
    return findDependencies(await net.model());
  };

  it('is what an unknown operator touches', async () => {
    const found = await around((net, x) => net.output(net.conv(net.node('Mystery', [x], {}, 'other'), 6, 2)));
    assert.deepEqual(sizes(found), []);
    assert.deepEqual(reasons(found)[0], 'lock.unknown');
  });

  it('is what is normalized by Softmax, chosen by TopK or used by a graph output', async () => {
    const softmax = await around((net, x) => net.output(net.conv(net.node('Softmax', [x], { axis: int(1) }), 6, 2)));
    assert.deepEqual([sizes(softmax), reasons(softmax)[0]], [[], 'lock.competes']);
    const topK = await around((net, x) => {
      const [best = ''] = net.several('TopK', [x, net.ints(2)], 2, { axis: int(1) });
      net.output(net.conv(best, 2, 2));
    });
    assert.deepEqual([sizes(topK), reasons(topK)[0]], [[], 'lock.indexed']);
    const shown = await around((net, x) => {
      net.output(x);
      net.output(net.conv(x, 6, 2));
    });
    assert.deepEqual([sizes(shown), reasons(shown)], [[], ['lock.output', 'lock.output']]);
  });

  it('is what meets an input of the model', async () => {
    const added = await around((net, x) => net.output(net.conv(net.node('Add', [x, net.input([1, 6, 4, 4])]), 6, 2)));
    assert.deepEqual([sizes(added), reasons(added)[0]], [[], 'lock.input']);
  });

  it('is a vocabulary, but not the width of its embeddings', async () => {
    const net = new Net();
    net.output(net.dense(net.node('Gather', [net.weight(9, 4), net.input([1, 5], 'int64')]), 4, 2));
    const { groups } = await findDependencies(await net.model());
    assert.deepEqual(groups.map(({ size, kind, weights }) => [size, kind, weights[0]?.axis]), [[4, 'hidden', 1]]);
  });

  it('is a weight in fewer than 8 bits', async () => {
    const net = new Net();
    const packed = net.add(tensorFrom('q', { type: 'int4', dims: [4, 6], data: new Uint8Array(12) }));
    const scale = net.add(tensorFrom('s', { type: 'float32', dims: [], data: Float32Array.of(0.1) }));
    net.output(net.dense(net.node('MatMul', [net.input([1, 4]), net.node('DequantizeLinear', [packed, scale])]), 6, 2));
    assert.deepEqual(reasons(await findDependencies(await net.model()))[0], 'lock.stored');
  });

  it('is all of a key-value head that every query shares, but not the query heads', async () => {
    const net = new Net({ '': 23 }, 11);
    const x = net.input([1, 5, 6]);
    const project = (width: number): string => net.node('MatMul', [x, net.weight(6, width)]);
    net.output(net.dense(net.node('Attention', [project(12), project(3), project(3)], { q_num_heads: int(4), kv_num_heads: int(1) }), 12, 3));
    const found = await findDependencies(await net.model());
    assert.deepEqual([sizes(found), reasons(found)], [[4], ['lock.single', 'lock.single', 'lock.output']]);
  });
});

describe('axes of a reshaped tensor', () => {
  it('are matched from both ends, with open sizes in between', () => {
    const short = (runs: ReturnType<typeof matchDims>): unknown => runs.map(({ inputs, outputs, factors }) => [inputs, outputs, factors]);
    assert.deepEqual(short(matchDims(['N', 12, 4], ['N', 3, 4, 4])), [[[0], [0], []], [[1], [1, 2], [3, 4]], [[2], [3], [4]]]);
    assert.deepEqual(short(matchDims([null, 64], ['N', 16, 64])), [[[0], [0, 1], undefined], [[1], [2], [64]]]);
    assert.deepEqual(short(matchDims([null, 6], [null, 2, 3])), [[[0], [0], []], [[1], [1, 2], [2, 3]]]);
    assert.deepEqual(short(matchDims([6, 4], [4, 6])), [[[0, 1], [0, 1], undefined]]);
    assert.deepEqual(short(matchDims([6, 4], [2, 12])), [[[0, 1], [0, 1], [2, 3, 4]]]);
  });
});

withAssets('dependency groups of real models', function () {
  this.timeout(20_000);
  after(closeAssets);

  it('hold the heads and neurons of every transformer layer, and one hidden size', async () => {
    const { groups } = await findDependencies(await openAsset('models/sst2-transformer.onnx'));
    const of = (kind: string): readonly number[] => groups.filter((group) => group.kind === kind).map(({ size }) => size);
    assert.deepEqual(of('heads'), [4, 4, 4, 4]);
    assert.deepEqual(of('hidden'), [128]);
    assert.equal(of('neurons').length, 5);
  });

  it('tie the stream of a residual network, padded shortcuts included', async () => {
    const { groups } = await findDependencies(await openAsset('models/resnet20-cifar10.onnx'));
    // The streams of 16, 32 and 64 channels hang together where shortcuts pass them on; the rest of the wider ones is padding.
    assert.deepEqual(groups.filter(({ layers }) => layers.filter(({ role }) => role === 'produces').length > 1).map(({ size }) => size), [16, 16, 32]);
  });

  it('lock what a branch uses, with its node', async () => {
    const { locked } = await findDependencies(await openAsset('models/silero_vad_half.onnx'));
    assert.deepEqual(locked[0]?.lock, { code: 'lock.subgraph', params: { node: '/decoder/If', op: 'If' } });
  });
});
