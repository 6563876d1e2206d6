// A residual network for small images (He 2016, "Deep Residual Learning", section 4.2), built node by node: what a model
// made with the library looks like. Its weights are zeros; training with `initialise` draws the first ones.

import { int, ints } from '../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { elementCount, type Model, type Node, type Tensor } from '../../src/engine/ir/model';
import { tensorFrom } from '../../src/engine/ir/tensors';

export interface ResNetOptions {
  readonly channels: number;
  /** Height and width. */
  readonly size: number;
  readonly classes: number;
  /** Residual blocks of each of the three stages: 3 make ResNet-20. */
  readonly blocks?: number;
  /** Channels of the first stage; the others have twice and four times as many. */
  readonly width?: number;
}

/** Input `input` [batch, channels, size, size], output `logits` [batch, classes]; 272k parameters by default. */
export function resnet({ channels, size, classes, blocks = 3, width = 16 }: ResNetOptions): Model {
  const net = new Layers();
  let from = width;
  let x = net.relu(net.norm(net.conv('input', 'stem.conv', channels, width, 3, 1), 'stem.norm', width));
  for (const [stage, to] of [width, 2 * width, 4 * width].entries()) {
    for (let block = 0; block < blocks; block += 1) {
      x = residual(net, x, `stage${stage + 1}.${block}`, from, to, stage > 0 && block === 0 ? 2 : 1);
      from = to;
    }
  }
  const features = net.add('Flatten', [net.add('GlobalAveragePool', [x], 'pool')], 'features', { axis: int(1) });
  net.add('Gemm', [features, net.weight('head.weight', [classes, from]), net.weight('head.bias', [classes])], 'logits', { transB: int(1) });
  return makeModel(makeGraph({
    name: 'resnet',
    nodes: net.nodes,
    inputs: [makeValue('input', 'float32', ['batch', channels, size, size])],
    outputs: [makeValue('logits', 'float32', ['batch', classes])],
    initializers: net.weights,
  }));
}

/** relu(x + norm(conv(relu(norm(conv(x)))))), with a 1 x 1 convolution beside it where the shape changes. */
function residual(net: Layers, x: string, name: string, from: number, to: number, stride: number): string {
  const first = net.relu(net.norm(net.conv(x, `${name}.conv1`, from, to, 3, stride), `${name}.norm1`, to));
  const second = net.norm(net.conv(first, `${name}.conv2`, to, to, 3, 1), `${name}.norm2`, to);
  const shortcut = from === to ? x : net.norm(net.conv(x, `${name}.shortcut`, from, to, 1, stride), `${name}.shortcutNorm`, to);
  return net.relu(net.add('Add', [second, shortcut], `${name}.sum`));
}

/** Nodes in order, and the weights they read. */
class Layers {
  readonly nodes: Node[] = [];
  readonly weights: Tensor[] = [];

  add(op: string, inputs: readonly string[], output: string, attributes: Parameters<typeof makeNode>[3] = {}): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes, { name: output }));
    return output;
  }

  weight(name: string, dims: readonly number[], value = 0): string {
    this.weights.push(tensorFrom(name, { type: 'float32', dims, data: new Float32Array(elementCount(dims)).fill(value) }));
    return name;
  }

  /** Without bias: the shift of the norm that follows is one. */
  conv(x: string, name: string, from: number, to: number, kernel: number, stride: number): string {
    const pad = (kernel - 1) / 2;
    return this.add('Conv', [x, this.weight(`${name}.weight`, [to, from, kernel, kernel])], name,
      { kernel_shape: ints([kernel, kernel]), strides: ints([stride, stride]), pads: ints([pad, pad, pad, pad]) });
  }

  norm(x: string, name: string, width: number): string {
    const statistics = [this.weight(`${name}.scale`, [width], 1), this.weight(`${name}.bias`, [width]), this.weight(`${name}.mean`, [width]), this.weight(`${name}.variance`, [width], 1)];
    return this.add('BatchNormalization', [x, ...statistics], name);
  }

  relu(x: string): string {
    return this.add('Relu', [x], `${x}.relu`);
  }
}
