// MobileNetV2 and BERT-base from the tables of their papers, with weights that are made at run time (ConstantOfShape): a
// few KB each, for counting, not for running.

import { float, int, ints } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Attribute, Model, Node, Tensor } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';

const zero: Attribute = { kind: 'tensor', value: tensorFrom('', { type: 'float32', dims: [1], data: Float32Array.of(0) }) };

/** Nodes in order; names of tensors are made from the number of nodes so far. */
class Builder {
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];

  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = `${op.toLowerCase()}_${this.nodes.length}`;
    this.nodes.push(makeNode(op, inputs, [output], attributes, { name: `${op}_${this.nodes.length}` }));
    return output;
  }

  shape(dims: readonly number[]): string {
    const name = `shape_${this.initializers.length}`;
    this.initializers.push(tensorFrom(name, { type: 'int64', dims: [dims.length], data: BigInt64Array.from(dims, BigInt) }));
    return name;
  }

  scalar(value: number): string {
    const name = `number_${this.initializers.length}`;
    this.initializers.push(tensorFrom(name, { type: 'float32', dims: [], data: Float32Array.of(value) }));
    return name;
  }

  weight(...dims: number[]): string {
    return this.node('ConstantOfShape', [this.shape(dims)], { value: zero });
  }
}

/** Expansion t, output channels c, repeats n, first stride s (Sandler et al. 2018, table 2). */
const bottlenecks: readonly (readonly [t: number, c: number, n: number, s: number])[] = [
  [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1],
];

/** Input [1, 3, 224, 224], 1000 classes, batch normalization folded into the convolutions' biases. */
export function mobileNetV2(): Model {
  const b = new Builder();
  const conv = (x: string, from: number, to: number, kernel: number, stride: number, group = 1): string =>
    b.node('Conv', [x, b.weight(to, from / group, kernel, kernel), b.weight(to)], {
      group: int(group), strides: ints([stride, stride]), pads: ints(Array<number>(4).fill((kernel - 1) / 2)), kernel_shape: ints([kernel, kernel]),
    });
  const relu6 = (x: string): string => b.node('Clip', [x, low, six]);
  const low = b.scalar(0);
  const six = b.scalar(6);
  let channels = 32;
  let x = relu6(conv('image', 3, channels, 3, 2));
  for (const [t, c, n, s] of bottlenecks) {
    for (let repeat = 0; repeat < n; repeat++) {
      const stride = repeat === 0 ? s : 1;
      const wide = channels * t;
      let y = t === 1 ? x : relu6(conv(x, channels, wide, 1, 1));
      y = relu6(conv(y, wide, wide, 3, stride, wide));
      y = conv(y, wide, c, 1, 1);
      x = stride === 1 && channels === c ? b.node('Add', [x, y]) : y;
      channels = c;
    }
  }
  const last = 1280;
  x = b.node('GlobalAveragePool', [relu6(conv(x, channels, last, 1, 1))]);
  x = b.node('Flatten', [x], { axis: int(1) });
  const y = b.node('Gemm', [x, b.weight(1000, last), b.weight(1000)], { transB: int(1) });
  return finish(b, [makeValue('image', 'float32', [1, 3, 224, 224])], y);
}

/** Devlin et al. 2018: 12 layers, hidden 768, 12 heads, intermediate 3072, vocabulary 30522. */
const bert = { layers: 12, hidden: 768, heads: 12, inner: 3072, words: 30_522, positions: 512, segments: 2 };

/** Input ids [1, 128], as exporters write it: products, additions and Erf; LayerNormalization as one operator. */
export function bertBase(length = 128): Model {
  const b = new Builder();
  const { hidden, heads, inner } = bert;
  const size = hidden / heads;
  const dense = (x: string, from: number, to: number): string => b.node('Add', [b.node('MatMul', [x, b.weight(from, to)]), b.weight(to)]);
  const normalize = (x: string): string => b.node('LayerNormalization', [x, b.weight(hidden), b.weight(hidden)], { axis: int(-1), epsilon: float(1e-12) });
  const split = (x: string, order: readonly number[]): string =>
    b.node('Transpose', [b.node('Reshape', [x, b.shape([1, length, heads, size])])], { perm: ints(order) });
  const gelu = (x: string): string => {
    const erf = b.node('Erf', [b.node('Div', [x, b.scalar(Math.SQRT2)])]);
    return b.node('Mul', [b.node('Mul', [x, b.node('Add', [erf, b.scalar(1)])]), b.scalar(0.5)]);
  };
  const embedded = b.node('Add', [
    b.node('Add', [b.node('Gather', [b.weight(bert.words, hidden), 'ids']), b.node('Gather', [b.weight(bert.segments, hidden), 'segments'])]),
    b.node('Slice', [b.weight(bert.positions, hidden), b.shape([0]), b.shape([length]), b.shape([0])]),
  ]);
  let x = normalize(embedded);
  for (let layer = 0; layer < bert.layers; layer++) {
    const q = split(dense(x, hidden, hidden), [0, 2, 1, 3]);
    const k = split(dense(x, hidden, hidden), [0, 2, 3, 1]);
    const v = split(dense(x, hidden, hidden), [0, 2, 1, 3]);
    const scores = b.node('Softmax', [b.node('Div', [b.node('MatMul', [q, k]), b.scalar(Math.sqrt(size))])], { axis: int(-1) });
    const mixed = b.node('Transpose', [b.node('MatMul', [scores, v])], { perm: ints([0, 2, 1, 3]) });
    const attended = dense(b.node('Reshape', [mixed, b.shape([1, length, hidden])]), hidden, hidden);
    x = normalize(b.node('Add', [x, attended]));
    x = normalize(b.node('Add', [x, dense(gelu(dense(x, hidden, inner)), inner, hidden)]));
  }
  const first = b.node('Reshape', [b.node('Slice', [x, b.shape([0]), b.shape([1]), b.shape([1])]), b.shape([1, hidden])]);
  const pooled = b.node('Tanh', [b.node('Gemm', [first, b.weight(hidden, hidden), b.weight(hidden)], { transB: int(1) })]);
  return finish(b, [makeValue('ids', 'int64', [1, length]), makeValue('segments', 'int64', [1, length])], pooled);
}

function finish(b: Builder, inputs: readonly ReturnType<typeof makeValue>[], output: string): Model {
  return makeModel(makeGraph({ nodes: b.nodes, initializers: b.initializers, inputs, outputs: [makeValue(output, 'float32', null)] }), { '': 17 }, 8);
}
