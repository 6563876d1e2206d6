// Small networks with every kind of block, for tests of finding and of removing them.

import { float, int, ints } from '../../../../../src/engine/ir/attributes';
import type { Model } from '../../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { Net } from '../../../../support/pruning';

export const WIDTH = 4;

export function norm(net: Net, x: string, width = WIDTH): string {
  return net.node('LayerNormalization', [x, net.positive(width), net.weight(width)], { axis: int(-1), epsilon: float(1e-5) });
}

/** (x - mean) / sqrt(mean of squares + epsilon) * scale + bias, as exporters write it below opset 17. */
export function writtenNorm(net: Net, x: string, width = WIDTH): string {
  const mean = (y: string): string => net.node('ReduceMean', [y, net.ints(-1)]);
  const centered = net.node('Sub', [x, mean(x)]);
  const variance = net.node('Add', [mean(net.node('Mul', [centered, centered])), bound(net, 1e-5)]);
  const normal = net.node('Div', [centered, net.node('Sqrt', [variance])]);
  return net.node('Add', [net.node('Mul', [normal, net.positive(width)]), net.weight(width)]);
}

export function scaled(net: Net, x: string, width = WIDTH): string {
  return net.node('BatchNormalization', [x, net.positive(width), net.weight(width), net.weight(width), net.positive(width)]);
}

/** relu(x + conv(relu(conv(x)))) */
export function postActivated(net: Net, x: string): string {
  return net.node('Relu', [net.node('Add', [branch(net, x), x])]);
}

/** x + conv(relu(bn(x))) */
export function preActivated(net: Net, x: string): string {
  return net.node('Add', [x, net.conv(net.node('Relu', [scaled(net, x)]), WIDTH, WIDTH, { kernel: 3 })]);
}

/** x + 1x1(clip(3x3 depthwise(clip(1x1(x))))) of MobileNetV2 */
export function inverted(net: Net, x: string): string {
  const clip = (y: string): string => net.node('Clip', [y, bound(net, 0), bound(net, 6)]);
  const wide = clip(net.conv(x, WIDTH, 3 * WIDTH));
  return net.node('Add', [x, net.conv(clip(net.conv(wide, 3 * WIDTH, 3 * WIDTH, { kernel: 3, group: 3 * WIDTH })), 3 * WIDTH, WIDTH)]);
}

/** relu(conv(x) + branch): half the size, twice the channels */
export function projected(net: Net, x: string): string {
  const shortcut = scaled(net, net.conv(x, WIDTH, 2 * WIDTH, { stride: 2 }), 2 * WIDTH);
  const main = net.conv(net.node('Relu', [net.conv(x, WIDTH, 2 * WIDTH, { kernel: 3, stride: 2 })]), 2 * WIDTH, 2 * WIDTH, { kernel: 3 });
  return net.node('Relu', [net.node('Add', [main, shortcut])]);
}

/** As `projected`, the shortcut every other pixel and zeros for the new channels (option A of He 2015). */
export function cropped(net: Net, x: string): string {
  const every = net.node('Slice', [x, net.ints(0, 0), net.ints(8, 8), net.ints(2, 3), net.ints(2, 2)]);
  const shortcut = net.node('Pad', [every, net.ints(0, WIDTH / 2, 0, 0, 0, WIDTH / 2, 0, 0)]);
  const main = net.conv(net.node('Relu', [net.conv(x, WIDTH, 2 * WIDTH, { kernel: 3, stride: 2 })]), 2 * WIDTH, 2 * WIDTH, { kernel: 3 });
  return net.node('Relu', [net.node('Add', [main, shortcut])]);
}

export function branch(net: Net, x: string): string {
  return net.conv(net.node('Relu', [net.conv(x, WIDTH, WIDTH, { kernel: 3 })]), WIDTH, WIDTH, { kernel: 3 });
}

/** Attention of two heads over 3 tokens, `x` [N, 3, 4]; the mask is one for all layers. */
export function attention(net: Net, x: string, mask: string): string {
  const heads = (y: string, order: readonly number[]): string => net.node('Transpose', [net.node('Reshape', [y, net.ints(0, 3, 2, 2)])], { perm: ints(order) });
  const [q, k, v] = [heads(net.dense(x, WIDTH, WIDTH), [0, 2, 1, 3]), heads(net.dense(x, WIDTH, WIDTH), [0, 2, 3, 1]), heads(net.dense(x, WIDTH, WIDTH), [0, 2, 1, 3])];
  const scores = net.node('Softmax', [net.node('Add', [net.node('MatMul', [q, k]), mask])], { axis: int(-1) });
  const mixed = net.node('Transpose', [net.node('MatMul', [scores, v])], { perm: ints([0, 2, 1, 3]) });
  return net.dense(net.node('Reshape', [mixed, net.ints(0, 3, WIDTH)]), WIDTH, WIDTH);
}

export function feedForward(net: Net, x: string): string {
  return net.dense(net.node('Relu', [net.dense(x, WIDTH, 3 * WIDTH)]), 3 * WIDTH, WIDTH);
}

/** norm(x + attention(x)), then norm(x + feedForward(x)): BERT */
export function postNormalized(net: Net, x: string, mask: string, normal = norm): string {
  const attended = normal(net, net.node('Add', [x, attention(net, x, mask)]));
  return normal(net, net.node('Add', [attended, feedForward(net, attended)]));
}

export function postWritten(net: Net, x: string, mask: string): string {
  return postNormalized(net, x, mask, writtenNorm);
}

/** x + attention(norm(x)), then x + feedForward(norm(x)): GPT-2, ViT */
export function preNormalized(net: Net, x: string, mask: string): string {
  const attended = net.node('Add', [x, attention(net, norm(net, x), mask)]);
  return net.node('Add', [attended, feedForward(net, norm(net, attended))]);
}

/** A transformer of `layers` on [N, 3, 4] that gives 3 classes. */
export async function transformer(layers: number, layer: typeof postWritten): Promise<Model> {
  const net = new Net();
  const input = net.input(['N', 3, WIDTH]);
  const mask = net.node('Mul', [net.node('ReduceMean', [input, net.ints(1, 2)]), bound(net, -0.1)]);
  const open = net.node('Unsqueeze', [mask, net.ints(3)]);
  let x = layer === postNormalized ? norm(net, input) : net.dense(input, WIDTH, WIDTH);
  for (let at = 0; at < layers; at += 1) x = layer(net, x, open);
  net.output(net.node('Gemm', [net.node('ReduceMean', [layer === postNormalized ? x : norm(net, x), net.ints(1)], { keepdims: int(0) }), net.weight(WIDTH, 3)]));
  return net.model();
}

/** A convolution, the blocks, a classifier of 5; samples are [N, 3, 8, 8]. */
export async function convolutional(blocks: readonly ((net: Net, x: string) => string)[], { first = 'Relu' } = {}): Promise<Model> {
  const net = new Net();
  const stem = net.conv(net.input(['N', 3, 8, 8]), 3, WIDTH, { kernel: 3 });
  const end = blocks.reduce((x, block) => block(net, x), first === '' ? stem : net.node(first, [stem]));
  const width = blocks.some((block) => block === projected || block === cropped) ? 2 * WIDTH : WIDTH;
  net.output(net.node('Gemm', [net.node('Flatten', [net.node('GlobalAveragePool', [end])]), net.weight(width, 5), net.weight(5)]));
  return net.model();
}

function bound(net: Net, value: number): string {
  return net.add(tensorFrom(`bound${value}`, { type: 'float32', dims: [], data: Float32Array.of(value) }));
}

/** The model with its one input called `x`, as the samples of tests have it. */
export function fedByX(model: Model): Model {
  const [input] = model.graph.inputs;
  if (input === undefined) throw new Error('no input');
  for (const node of model.graph.nodes) node.inputs = node.inputs.map((name) => (name === input.name ? 'x' : name));
  model.graph.inputs = [{ ...input, name: 'x' }];
  return model;
}
