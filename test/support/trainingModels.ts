// Small models with seeded weights for what the asset models have not: recurrent layers, transposed convolution, upsampling.
// PyTorch has the same operators (bench/oracles/gradients.py), so that whole gradients can be compared.

import { int, ints, string } from '../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { elementCount, type Attribute, type Model, type Node } from '../../src/engine/ir/model';
import { tensorFrom } from '../../src/engine/ir/tensors';
import type { NdArray } from '../../src/engine/ports';
import { seededRandom } from '../../src/engine/random';

/** Nodes one after the other, each with weights of its own. */
class Chain {
  readonly nodes: Node[] = [];
  readonly constants = new Map<string, NdArray>();
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Uniform in +-1/sqrt(fan): what keeps the size of values through a layer. */
  weight(name: string, dims: readonly number[], fan: number): string {
    const bound = 1 / Math.sqrt(fan);
    return this.floats(name, dims, Array.from({ length: elementCount(dims) }, () => (2 * this.random() - 1) * bound));
  }

  floats(name: string, dims: readonly number[], values: readonly number[]): string {
    this.constants.set(name, { type: 'float32', dims, data: Float32Array.from(values) });
    return name;
  }

  ints(name: string, values: readonly number[]): string {
    this.constants.set(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  add(op: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, Attribute>> = {}): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes, { name: output }));
    return output;
  }

  model(input: string, dims: readonly (number | string)[], output: string, classes: number): Model {
    return makeModel(makeGraph({
      nodes: this.nodes,
      inputs: [makeValue(input, 'float32', dims)],
      outputs: [makeValue(output, 'float32', ['N', classes])],
      initializers: [...this.constants].map(([name, array]) => tensorFrom(name, array)),
    }));
  }
}

/** 49 frames of 10 features each (kws12-mfcc49x10): LayerNormalization, LSTM in both directions, GRU, Gemm. */
export function recurrentClassifier(seed = 1): Model {
  const [frames, features, lstm, gru, classes] = [49, 10, 12, 16, 12];
  const net = new Chain(seed);
  const unstacked = net.add('Reshape', ['fingerprint', net.ints('frames', [0, frames, features])], 'sequence');
  const normal = net.add('LayerNormalization', [unstacked, net.floats('norm.weight', [features], Array<number>(features).fill(1)), net.floats('norm.bias', [features], Array<number>(features).fill(0))], 'normal', { axis: int(-1) });
  const timeFirst = net.add('Transpose', [normal], 'timeFirst', { perm: ints([1, 0, 2]) });
  const both = net.add('LSTM', [timeFirst, net.weight('lstm.W', [2, 4 * lstm, features], features), net.weight('lstm.R', [2, 4 * lstm, lstm], lstm), net.weight('lstm.B', [2, 8 * lstm], lstm)],
    'lstm.Y', { hidden_size: int(lstm), direction: string('bidirectional') });
  const side = net.add('Transpose', [both], 'side', { perm: ints([0, 2, 1, 3]) });
  const joined = net.add('Reshape', [side, net.ints('joined.shape', [0, 0, 2 * lstm])], 'joined');
  net.nodes.push(makeNode('GRU', [joined, net.weight('gru.W', [1, 3 * gru, 2 * lstm], 2 * lstm), net.weight('gru.R', [1, 3 * gru, gru], gru), net.weight('gru.B', [1, 6 * gru], gru)],
    ['', 'gru.last'], { hidden_size: int(gru), linear_before_reset: int(1) }, { name: 'gru' }));
  const last = net.add('Squeeze', ['gru.last', net.ints('first', [0])], 'last');
  net.add('Gemm', [last, net.weight('head.weight', [classes, gru], gru), net.weight('head.bias', [classes], gru)], 'logits', { transB: int(1) });
  return net.model('fingerprint', ['N', frames * features], 'logits', classes);
}

/** Images of 28 x 28: convolutions down, ConvTranspose and Resize (nearest, linear) up, PRelu, MaxPool, AveragePool, Gemm. */
export function upsamplingClassifier(seed = 2): Model {
  const [width, classes] = [8, 10];
  const net = new Chain(seed);
  const conv = (input: string, name: string, from: number, to: number, stride: number, groups = 1): string =>
    net.add('Conv', [input, net.weight(`${name}.weight`, [to, from / groups, 3, 3], (9 * from) / groups), net.weight(`${name}.bias`, [to], 9 * from)], name,
      { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), strides: ints([stride, stride]), group: int(groups) });
  const down = net.add('PRelu', [conv('input', 'down', 1, width, 2), net.floats('slope', [width, 1, 1], Array.from({ length: width }, (_, index) => 0.05 * index))], 'down.act');
  const up = net.add('ConvTranspose', [down, net.weight('up.weight', [width, width, 3, 3], 9 * width), net.weight('up.bias', [width], 9 * width)], 'up',
    { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), strides: ints([2, 2]), output_padding: ints([1, 1]) });
  const again = net.add('MaxPool', [conv(net.add('HardSwish', [up], 'up.act'), 'again', width, width, 2, 4)], 'pooled', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const nearest = net.add('Resize', [again, '', net.floats('double', [4], [1, 1, 2, 2])], 'nearest',
    { mode: string('nearest'), coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') });
  const linear = net.add('Resize', [conv(nearest, 'between', width, width, 1), '', net.floats('more', [4], [1, 1, 2, 1.5])], 'linear', { mode: string('linear') });
  const pooled = net.add('AveragePool', [net.add('Relu', [linear], 'linear.act')], 'averaged', { kernel_shape: ints([4, 3]), strides: ints([4, 3]) });
  const flat = net.add('Flatten', [pooled], 'flat');
  const inner = width * 7 * 7;
  net.add('Gemm', [flat, net.weight('head.weight', [classes, inner], inner), net.weight('head.bias', [classes], inner)], 'logits', { transB: int(1) });
  return net.model('input', ['N', 1, 28, 28], 'logits', classes);
}
