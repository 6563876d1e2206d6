// Surgery at every kind of operator: half of all units of a small graph go, and the outputs are those of the graph with
// these units zeroed. The numbers say how many units each group has.

import assert from 'node:assert/strict';
import { float, int, ints, string } from '../../../../../src/engine/ir/attributes';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { halved, Net } from '../../../../support/pruning';

/** Float32 sums in another order. */
const TOLERANCE = 2e-5;

interface Case {
  readonly title: string;
  /** Sizes of the groups, in the order of their layers. */
  readonly groups: readonly number[];
  readonly opsets?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  build(net: Net): void;
}

const microsoft = { '': 21, 'com.microsoft': 1 };

const cases: readonly Case[] = [
  {
    title: 'a residual block with BatchNormalization', groups: [8, 6],
    build(net) {
      const norm = (x: string, size: number): string => net.node('BatchNormalization', [x, net.positive(size), net.weight(size), net.weight(size), net.positive(size)]);
      const x = net.node('Relu', [norm(net.conv(net.input([1, 3, 5, 5]), 3, 8), 8)]);
      const y = norm(net.conv(net.node('Relu', [norm(net.conv(x, 8, 6), 6)]), 6, 8, { kernel: 3 }), 8);
      net.output(net.conv(net.node('Add', [x, y]), 8, 2));
    },
  },
  {
    title: 'depthwise convolutions, one and two filters a channel', groups: [6],
    build(net) {
      const x = net.conv(net.conv(net.input([1, 3, 5, 5]), 3, 6), 6, 6, { kernel: 3, group: 6 });
      net.output(net.conv(net.node('Relu', [net.conv(x, 6, 12, { kernel: 3, group: 6 })]), 12, 2));
    },
  },
  {
    title: 'grouped convolutions keep their number of groups', groups: [4, 3],
    build(net) {
      const x = net.conv(net.conv(net.input([1, 3, 5, 5]), 3, 8), 8, 6, { group: 2, kernel: 3 });
      net.output(net.conv(x, 6, 2));
    },
  },
  {
    title: 'a channel shuffle between grouped convolutions', groups: [8, 4, 4],
    build(net) {
      let x = net.conv(net.conv(net.input([1, 3, 4, 4]), 3, 16), 16, 16, { group: 2 });
      x = net.node('Reshape', [x, net.ints(1, 2, 8, 4, 4)]);
      x = net.node('Reshape', [net.node('Transpose', [x], { perm: ints([0, 2, 1, 3, 4]) }), net.ints(1, 16, 4, 4)]);
      net.output(net.conv(net.conv(x, 16, 8, { group: 2 }), 8, 2));
    },
  },
  {
    title: 'transposed convolutions: plain, grouped, depthwise', groups: [6, 4, 4],
    build(net) {
      let x = net.conv(net.input([1, 3, 4, 4]), 3, 6);
      x = net.node('ConvTranspose', [x, net.weight(6, 8, 2, 2), net.weight(8)], { strides: ints([2, 2]) });
      x = net.node('ConvTranspose', [x, net.weight(8, 4, 2, 2), net.weight(8)], { group: int(2) });
      x = net.node('ConvTranspose', [x, net.weight(8, 1, 2, 2)], { group: int(8) });
      net.output(net.conv(x, 8, 2));
    },
  },
  {
    title: 'squeeze and excitation', groups: [8, 4],
    build(net) {
      const x = net.node('Relu', [net.conv(net.input([1, 3, 5, 5]), 3, 8)]);
      const gate = net.node('HardSigmoid', [net.conv(net.node('Relu', [net.conv(net.node('GlobalAveragePool', [x]), 8, 4)]), 4, 8)]);
      net.output(net.conv(net.node('Mul', [x, gate]), 8, 2));
    },
  },
  {
    title: 'Concat, Split of unequal parts, Slice', groups: [6, 4, 2, 2],
    build(net) {
      const x = net.input([1, 3, 4, 4]);
      const joined = net.node('Concat', [net.conv(x, 3, 6), net.conv(x, 3, 8)], { axis: int(1) });
      const [a = '', b = ''] = net.several('Split', [joined, net.ints(10, 4)], 2, { axis: int(1) });
      const c = net.node('Slice', [b, net.ints(1), net.ints(3), net.ints(1)]);
      net.output(net.conv(net.node('Concat', [net.node('Sigmoid', [a]), c], { axis: int(1) }), 12, 2));
    },
  },
  {
    title: 'a gate from two halves of a convolution (Split without sizes)', groups: [6],
    build(net) {
      const [a = '', b = ''] = net.several('Split', [net.conv(net.input([1, 3, 4, 4]), 3, 12)], 2, { axis: int(1), num_outputs: int(2) });
      net.output(net.conv(net.node('Mul', [a, net.node('Sigmoid', [b])]), 6, 2));
    },
  },
  {
    title: 'a shortcut that pads channels', groups: [4, 8, 4],
    build(net) {
      const x = net.conv(net.input([1, 3, 4, 4]), 3, 4);
      const padded = net.node('Pad', [x, net.ints(0, 2, 0, 0, 0, 2, 0, 0)]);
      const y = net.conv(net.node('Relu', [net.conv(x, 4, 8)]), 8, 8);
      net.output(net.conv(net.node('Add', [padded, y]), 8, 2));
    },
  },
  {
    title: 'blocks of positions to channels and back', groups: [3, 4, 6],
    build(net) {
      let x = net.node('DepthToSpace', [net.conv(net.input([1, 3, 4, 4]), 3, 12)], { blocksize: int(2) });
      x = net.node('DepthToSpace', [net.conv(x, 3, 16)], { blocksize: int(2), mode: string('CRD') });
      x = net.node('SpaceToDepth', [net.conv(x, 4, 6)], { blocksize: int(2) });
      net.output(net.conv(x, 24, 2));
    },
  },
  {
    title: 'Flatten, Reshape and a matrix in the other order', groups: [5, 7, 6],
    build(net) {
      const flat = net.node('Flatten', [net.conv(net.input([1, 3, 4, 4]), 3, 5)]);
      const x = net.node('Relu', [net.node('Gemm', [flat, net.weight(7, 80), net.weight(7)], { transB: int(1) })]);
      const y = net.node('Reshape', [net.dense(x, 7, 6), net.ints(1, 6, 1)]);
      net.output(net.node('MatMul', [net.weight(2, 6), y]));
    },
  },
  {
    title: 'weights behind Reshape and Transpose', groups: [4, 5],
    build(net) {
      const x = net.node('Reshape', [net.conv(net.input([1, 3, 3, 3]), 3, 4), net.ints(1, 36)]);
      const y = net.node('MatMul', [x, net.node('Reshape', [net.weight(4, 3, 3, 5), net.ints(36, 5)])]);
      net.output(net.node('MatMul', [y, net.node('Transpose', [net.weight(2, 5)], { perm: ints([1, 0]) })]));
    },
  },
  {
    title: 'channels last, Resize to sizes, pooling', groups: [6],
    build(net) {
      const x = net.node('MaxPool', [net.conv(net.input([1, 3, 6, 6]), 3, 6)], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
      const y = net.node('Resize', [x, '', '', net.ints(1, 6, 5, 5)], { mode: string('nearest') });
      const last = net.node('Add', [net.node('Transpose', [y], { perm: ints([0, 2, 3, 1]) }), net.weight(6)]);
      net.output(net.conv(net.node('Transpose', [last], { perm: ints([0, 3, 1, 2]) }), 6, 2));
    },
  },
  ...(['LSTM', 'GRU', 'RNN'] as const).map((op): Case => ({
    title: `${op}, both directions, with a first state`, groups: [6],
    build(net) {
      const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op];
      const optional = op === 'LSTM' ? [net.weight(2, 1, 6), net.weight(2, 18)] : [];
      const [y = ''] = net.several(op, [net.input([3, 1, 4]), net.weight(2, gates * 6, 4), net.weight(2, gates * 6, 6), net.weight(2, gates * 12), '', net.weight(2, 1, 6), ...optional], 1,
        { hidden_size: int(6), direction: string('bidirectional') });
      const both = net.node('Reshape', [net.node('Transpose', [y], { perm: ints([0, 2, 1, 3]) }), net.ints(0, 0, -1)]);
      net.output(net.node('MatMul', [both, net.weight(12, 2)]));
    },
  })),
  {
    title: 'attention from one packed projection', groups: [4],
    build(net) {
      const x = net.input([2, 5, 6]);
      const packed = net.node('Reshape', [net.dense(x, 6, 3 * 4 * 2), net.ints(2, 5, 3, 4, 2)]);
      const moved = net.node('Transpose', [packed], { perm: ints([2, 0, 3, 1, 4]) });
      const [q = '', k = '', v = ''] = [0, 1, 2].map((at) => net.node('Squeeze', [net.node('Slice', [moved, net.ints(at), net.ints(at + 1), net.ints(0)]), net.ints(0)]));
      const scores = net.node('Softmax', [net.node('MatMul', [q, net.node('Transpose', [k], { perm: ints([0, 1, 3, 2]) })])], { axis: int(-1) });
      const mixed = net.node('Transpose', [net.node('MatMul', [scores, v])], { perm: ints([0, 2, 1, 3]) });
      net.output(net.dense(net.node('Reshape', [mixed, net.ints(0, 0, 8)]), 8, 3));
    },
  },
  {
    title: 'grouped queries: keys and values repeated by Expand', groups: [2],
    build(net) {
      const x = net.input([2, 5, 6]);
      const heads = (count: number): string => net.node('Transpose', [net.node('Reshape', [net.dense(x, 6, count * 3), net.ints(2, 5, count, 3)])], { perm: ints([0, 2, 1, 3]) });
      const repeated = (y: string): string =>
        net.node('Reshape', [net.node('Expand', [net.node('Unsqueeze', [y, net.ints(2)]), net.ints(2, 2, 2, 5, 3)]), net.ints(2, 4, 5, 3)]);
      const [q, k, v] = [heads(4), repeated(heads(2)), repeated(heads(2))];
      const scores = net.node('Softmax', [net.node('MatMul', [q, net.node('Transpose', [k], { perm: ints([0, 1, 3, 2]) })])], { axis: int(-1) });
      const mixed = net.node('Transpose', [net.node('MatMul', [scores, v])], { perm: ints([0, 2, 1, 3]) });
      net.output(net.dense(net.node('Reshape', [mixed, net.ints(2, 5, 12)]), 12, 3));
    },
  },
  {
    title: 'fused Attention of com.microsoft', groups: [4], opsets: microsoft,
    build(net) {
      const y = net.node('Attention', [net.input([2, 5, 6]), net.weight(6, 24), net.weight(24)], { num_heads: int(4) }, 'com.microsoft');
      net.output(net.dense(y, 8, 3));
    },
  },
  {
    title: 'fused Attention with widths of its own', groups: [2], opsets: microsoft,
    build(net) {
      const y = net.node('Attention', [net.input([2, 5, 6]), net.weight(6, 28), net.weight(28)], { num_heads: int(2), qkv_hidden_sizes: ints([8, 8, 12]) }, 'com.microsoft');
      net.output(net.dense(y, 12, 3));
    },
  },
  {
    title: 'fused MultiHeadAttention with biases', groups: [4], opsets: microsoft,
    build(net) {
      const x = net.input([2, 5, 6]);
      const project = (): string => net.node('MatMul', [x, net.weight(6, 8)]);
      const y = net.node('MultiHeadAttention', [project(), project(), project(), net.weight(24)], { num_heads: int(4) }, 'com.microsoft');
      net.output(net.dense(y, 8, 3));
    },
  },
  {
    title: 'fused GroupQueryAttention, packed and not, with RotaryEmbedding', groups: [2, 6, 2], opsets: microsoft,
    build(net) {
      const lengths = net.add(tensorFrom('lengths', { type: 'int32', dims: [2], data: Int32Array.of(4, 4) }));
      const total = net.add(tensorFrom('total', { type: 'int32', dims: [1], data: Int32Array.of(5) }));
      const angles = (name: string): string => net.add(tensorFrom(name, { type: 'float32', dims: [8, 4], data: Float32Array.from({ length: 32 }, (_, at) => Math.cos(at)) }));
      const [cos, sin] = [angles('cos'), angles('sin')];
      const positions = net.add(tensorFrom('positions', { type: 'int64', dims: [2, 5], data: BigInt64Array.from([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], BigInt) }));
      const counts = { num_heads: int(4), kv_num_heads: int(2) };
      const fused = (inputs: readonly string[]): string => net.several('GroupQueryAttention', inputs, 3, counts, 'com.microsoft')[0] ?? '';
      const x = net.input([2, 5, 6]);
      const packed = fused([net.dense(x, 6, (4 + 2 * 2) * 8), '', '', '', '', lengths, total]);
      const y = net.dense(packed, 32, 6);
      const turned = (width: number, heads: number): string =>
        net.node('RotaryEmbedding', [net.dense(y, 6, width), positions, cos, sin], { num_heads: int(heads) }, 'com.microsoft');
      net.output(net.dense(fused([turned(32, 4), turned(16, 2), net.dense(y, 6, 16), '', '', lengths, total]), 32, 3));
    },
  },
  {
    title: 'fused normalizations of embeddings and of sums', groups: [8, 12], opsets: microsoft,
    build(net) {
      const ids = (): string => net.input([2, 5], 'int32');
      const [x = ''] = net.several('EmbedLayerNormalization', [ids(), ids(), net.weight(9, 8), net.weight(6, 8), net.weight(2, 8), net.positive(8), net.weight(8)], 2, {}, 'com.microsoft');
      const y = net.node('BiasGelu', [net.node('MatMul', [x, net.weight(8, 12)]), net.weight(12)], {}, 'com.microsoft');
      const sum = [net.node('FusedMatMul', [y, net.weight(8, 12)], { transB: int(1) }, 'com.microsoft'), x, net.positive(8), net.weight(8), net.weight(8)];
      const normal = net.node('SkipLayerNormalization', sum, {}, 'com.microsoft');
      net.output(net.dense(net.node('SimplifiedLayerNormalization', [normal, net.positive(8)], { axis: int(-1) }), 8, 2));
    },
  },
  {
    title: 'a fused convolution with a sum', groups: [6, 5], opsets: microsoft,
    build(net) {
      const x = net.conv(net.input([1, 3, 4, 4]), 3, 6);
      const y = net.conv(x, 6, 5);
      net.output(net.conv(net.node('FusedConv', [y, net.weight(6, 5, 1, 1), net.weight(6), x], { activation: string('Relu') }, 'com.microsoft'), 6, 2));
    },
  },
  {
    title: 'Attention of opset 23 with grouped queries', groups: [2], opsets: { '': 23 }, irVersion: 11,
    build(net) {
      const x = net.input([2, 5, 6]);
      const project = (width: number): string => net.node('MatMul', [x, net.weight(6, width)]);
      const y = net.node('Attention', [project(12), project(6), project(6)], { q_num_heads: int(4), kv_num_heads: int(2) });
      net.output(net.dense(y, 12, 3));
    },
  },
  {
    title: 'embeddings that are the output layer too', groups: [6],
    build(net) {
      const table = net.weight(10, 6);
      const x = net.node('Add', [net.node('Gather', [table, net.input([1, 4], 'int64')]), net.node('Slice', [net.weight(8, 6), net.ints(0), net.ints(4), net.ints(0)])]);
      const y = net.node('LayerNormalization', [x, net.positive(6), net.weight(6)], { axis: int(-1) });
      net.output(net.node('MatMul', [y, net.node('Transpose', [table], { perm: ints([1, 0]) })]));
    },
  },
  {
    title: 'normalizations: group, instance, root mean square', groups: [4, 6, 6],
    opsets: { '': 23 }, irVersion: 11,
    build(net) {
      let x = net.node('GroupNormalization', [net.conv(net.input([1, 3, 4, 4]), 3, 8), net.positive(8), net.weight(8)], { num_groups: int(2), epsilon: float(1e-3) });
      x = net.node('InstanceNormalization', [net.conv(x, 8, 6), net.positive(6), net.weight(6)]);
      x = net.node('Transpose', [net.conv(x, 6, 6)], { perm: ints([0, 2, 3, 1]) });
      x = net.node('RMSNormalization', [x, net.positive(6)], { axis: int(-1) });
      net.output(net.dense(x, 6, 2));
    },
  },
  {
    title: 'a group normalization written out', groups: [2],
    build(net) {
      const x = net.conv(net.input([1, 3, 4, 4]), 3, 8);
      const cut = net.node('Reshape', [x, net.ints(0, 2, -1)]);
      const one = net.add(tensorFrom('one', { type: 'float32', dims: [2], data: Float32Array.of(1, 1) }));
      const none = net.add(tensorFrom('none', { type: 'float32', dims: [2], data: Float32Array.of(0, 0) }));
      const y = net.node('Reshape', [net.node('InstanceNormalization', [cut, one, none]), net.ints(1, 8, 4, 4)]);
      net.output(net.conv(y, 8, 2));
    },
  },
  {
    title: 'Einsum as attention: heads, the size of queries and keys, the size of values', groups: [4, 3, 3, 5],
    build(net) {
      const x = net.input([2, 5, 6]);
      const project = (): string => net.node('Einsum', [x, net.weight(6, 4, 3)], { equation: string('bsi,ihd->bhsd') });
      const scores = net.node('Softmax', [net.node('Einsum', [project(), project()], { equation: string('bhsd,bhtd->bhst') })], { axis: int(-1) });
      const mixed = net.node('Einsum', [scores, project(), net.weight(4, 3, 5)], { equation: string('bhst,bhtd,hdo->bso') });
      net.output(net.dense(mixed, 5, 2));
    },
  },
  {
    title: 'PRelu, Tile, Gather of fixed channels', groups: [1, 2, 2],
    build(net) {
      const x = net.node('PRelu', [net.conv(net.input([1, 3, 4, 4]), 3, 5), net.weight(5, 1, 1)]);
      const y = net.node('Gather', [x, net.ints(4, 0, -4, 0)], { axis: int(1) });
      net.output(net.conv(net.node('Tile', [y, net.ints(1, 2, 1, 1)]), 8, 2));
    },
  },
  {
    title: 'weights shared by two convolutions', groups: [6],
    build(net) {
      const x = net.conv(net.input([1, 3, 4, 4]), 3, 6);
      const shared = net.weight(6, 6, 1, 1);
      const y = net.node('Conv', [net.node('Relu', [net.node('Conv', [x, shared])]), shared]);
      net.output(net.conv(y, 6, 2));
    },
  },
  {
    title: 'scales and zero points of channels', groups: [6],
    build(net) {
      const weights = net.add(tensorFrom('q', { type: 'int8', dims: [6, 3, 1, 1], data: Int8Array.from({ length: 18 }, (_, at) => (at * 37) % 200 - 100) }));
      const zero = net.add(tensorFrom('z', { type: 'int8', dims: [6], data: new Int8Array(6) }));
      const scaled = net.node('DequantizeLinear', [weights, net.positive(6), zero], { axis: int(0) });
      net.output(net.conv(net.node('Conv', [net.input([1, 3, 4, 4]), scaled]), 6, 2));
    },
  },
  {
    title: 'attention whose head size is computed from the width of its projections', groups: [4],
    build(net) {
      const x = net.input([2, 5, 6]);
      const width = (tensor: string): string => net.node('Gather', [net.node('Shape', [tensor]), net.ints(2)], { axis: int(0) });
      const heads = (perm: readonly number[]): string => {
        const flat = net.dense(x, 6, 12);
        const shape = net.node('Concat', [net.ints(0, 0, 4), net.node('Div', [width(flat), net.ints(4)])], { axis: int(0) });
        return net.node('Transpose', [net.node('Reshape', [flat, shape])], { perm: ints([...perm]) });
      };
      const [q, k, v] = [heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])];
      const mixed = net.node('Transpose', [net.node('MatMul', [net.node('Softmax', [net.node('MatMul', [q, k])], { axis: int(-1) }), v])], { perm: ints([0, 2, 1, 3]) });
      net.output(net.dense(net.node('Reshape', [mixed, net.ints(0, 0, 12)]), 12, 4));
    },
  },
  {
    title: 'Slice, Expand and Reshape of what stays, by the size of what shrinks', groups: [6, 6],
    build(net) {
      const h = net.node('Relu', [net.dense(net.input([5, 4]), 4, 6)]);
      const size = net.node('Gather', [net.node('Shape', [h]), net.ints(1)], { axis: int(0) });
      const half = net.node('Slice', [net.dense(h, 6, 12), net.ints(0), size, net.ints(1)]);
      const wide = net.node('Expand', [net.weight(1, 1), net.node('Concat', [net.ints(1), size], { axis: int(0) })]);
      net.output(net.node('Reshape', [net.node('Add', [half, wide]), net.node('Concat', [size, net.ints(5)], { axis: int(0) })]));
    },
  },
  {
    title: 'a reduction over channels beside them', groups: [6],
    build(net) {
      const x = net.conv(net.input([1, 3, 4, 4]), 3, 6);
      const centred = net.node('Sub', [x, net.node('ReduceMean', [x, net.ints(1)], { keepdims: int(1) })]);
      net.output(net.conv(centred, 6, 2));
    },
  },
];

describe('surgery at operators', () => {
  for (const one of cases) {
    it(one.title, async () => {
      const { groups } = one;
      const net = new Net(one.opsets, one.irVersion);
      one.build(net);
      const { dependencies, difference, effect } = await halved(await net.model());
      assert.deepEqual(dependencies.groups.map(({ size }) => size), groups);
      assert.ok(difference <= TOLERANCE, `differs by ${difference}`);
      assert.ok(effect > 1e-3, `the test sees nothing: ${effect}`);
    });
  }
});
