import assert from 'node:assert/strict';
import { int, ints } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { readModel } from '../../../src/engine/ir/codec';
import type { Graph, Node, Tensor } from '../../../src/engine/ir/model';
import { inferShapes } from '../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { findLayers, type Layer } from '../../../src/engine/analysis/layers';
import { nodeFiles } from '../../../src/runtime/files';
import { assetPath, withAssets } from '../../support/assets';

const weights = (name: string, dims: readonly number[]): Tensor =>
  tensorFrom(name, { type: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) });
const bytes = (name: string, dims: readonly number[]): Tensor =>
  tensorFrom(name, { type: 'int8', dims, data: new Int8Array(dims.reduce((a, b) => a * b, 1)) });
const integers = (name: string, values: readonly number[]): Tensor =>
  tensorFrom(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });

async function layersOf(nodes: readonly Node[], initializers: readonly Tensor[], output: string, input = makeValue('x', 'float32', [1, 3, 8, 8])): Promise<Layer[]> {
  const graph = makeGraph({ nodes, inputs: [input], outputs: [{ name: output }], initializers });
  return findLayers(graph, await inferShapes(makeModel(graph)));
}

const outline = (layers: readonly Layer[]): unknown[] => layers.map(({ id, op, nodes }) => [id, op, nodes.map((node) => node.outputs[0])]);

const norm = ['scale', 'shift', 'mean', 'variance'];
const statistics = norm.map((name) => weights(name, [4]));

describe('layers', () => {
  it('take along bias, normalization and activation', async () => {
    const layers = await layersOf([
      makeNode('Conv', ['x', 'w'], ['c']),
      makeNode('BatchNormalization', ['c', ...norm], ['n']),
      makeNode('Relu', ['n'], ['r']),
      makeNode('MaxPool', ['r'], ['p'], { kernel_shape: ints([2, 2]) }),
    ], [weights('w', [4, 3, 3, 3]), ...statistics], 'p');
    assert.deepEqual(outline(layers), [['c', 'Conv', ['c', 'n', 'r']], ['p', 'MaxPool', ['p']]]);
    assert.deepEqual(layers[0]?.weights, ['w', ...norm]);
    assert.deepEqual([layers[0]?.inputs, layers[0]?.outputs], [['x'], ['r']]);
  });

  it('let two branches meet in a layer of its own, and an activation that meets itself stay', async () => {
    const layers = await layersOf([
      makeNode('Conv', ['x', 'w'], ['a']),
      makeNode('Sigmoid', ['a'], ['s']),
      makeNode('Mul', ['a', 's'], ['swish']),
      makeNode('Conv', ['x', 'v'], ['b']),
      makeNode('Add', ['swish', 'b'], ['sum']),
      makeNode('Relu', ['sum'], ['y']),
    ], [weights('w', [4, 3, 1, 1]), weights('v', [4, 3, 1, 1])], 'y');
    assert.deepEqual(outline(layers), [['a', 'Conv', ['a', 's', 'swish']], ['b', 'Conv', ['b']], ['sum', 'Add', ['sum', 'y']]]);
  });

  it('keep a BatchNormalization that follows no linear layer apart', async () => {
    const layers = await layersOf([
      makeNode('MaxPool', ['x'], ['p'], { kernel_shape: ints([2, 2]) }),
      makeNode('BatchNormalization', ['p', ...norm], ['n']),
      makeNode('Relu', ['n'], ['y']),
    ], statistics, 'y');
    assert.deepEqual(outline(layers), [['p', 'MaxPool', ['p']], ['n', 'BatchNormalization', ['n', 'y']]]);
  });

  it('have the same ids once they are quantized with QDQ', async () => {
    const float = await layersOf([
      makeNode('Conv', ['x', 'w'], ['c']), makeNode('Relu', ['c'], ['r']), makeNode('Conv', ['r', 'v'], ['d']),
    ], [weights('w', [4, 3, 3, 3]), weights('v', [2, 4, 1, 1])], 'd');
    const scale = weights('s', []);
    const zero = bytes('z', []);
    const pair = (from: string, to: string): Node[] => [
      makeNode('QuantizeLinear', [from, 's', 'z'], [`${from}_q`]), makeNode('DequantizeLinear', [`${from}_q`, 's', 'z'], [to]),
    ];
    const quantized = await layersOf([
      ...pair('x', 'x_dq'),
      makeNode('DequantizeLinear', ['w_q', 's', 'z'], ['w_dq']),
      makeNode('Conv', ['x_dq', 'w_dq'], ['c']),
      makeNode('Relu', ['c'], ['r']),
      ...pair('r', 'r_dq'),
      makeNode('DequantizeLinear', ['v_q', 's', 'z'], ['v_dq']),
      makeNode('Conv', ['r_dq', 'v_dq'], ['d']),
    ], [bytes('w_q', [4, 3, 3, 3]), bytes('v_q', [2, 4, 1, 1]), scale, zero], 'd');
    assert.deepEqual(quantized.map(({ id }) => id), float.map(({ id }) => id));
    assert.deepEqual(quantized.map((layer) => layer.weights), [['w_q'], ['v_q']]);
    assert.deepEqual(outline(quantized)[0], ['c', 'Conv', ['x_q', 'x_dq', 'w_dq', 'c', 'r', 'r_q', 'r_dq']]);
  });

  it('keep dynamic quantization with the product it is for', async () => {
    const layers = await layersOf([
      makeNode('MatMul', ['x', 'w'], ['a']),
      makeNode('DynamicQuantizeLinear', ['a'], ['q', 'sx', 'zx']),
      makeNode('MatMulInteger', ['q', 'v_q', 'zx'], ['m']),
      makeNode('Cast', ['m'], ['f'], { to: int(1) }),
      makeNode('Mul', ['sx', 's'], ['scale']),
      makeNode('Mul', ['f', 'scale'], ['g']),
      makeNode('Add', ['g', 'b'], ['y']),
    ], [weights('w', [8, 4]), bytes('v_q', [4, 5]), weights('s', []), weights('b', [5])], 'y');
    assert.deepEqual(outline(layers), [['a', 'MatMul', ['a']], ['m', 'MatMulInteger', ['q', 'm', 'f', 'scale', 'g', 'y']]]);
    assert.deepEqual(layers[1]?.weights, ['v_q', 'b']);
  });

  it('are one layer for a LayerNormalization written out', async () => {
    const layers = await layersOf([
      makeNode('MatMul', ['x', 'w'], ['a']),
      makeNode('ReduceMean', ['a', 'last'], ['mu']),
      makeNode('Sub', ['a', 'mu'], ['d']),
      makeNode('Mul', ['d', 'd'], ['d2']),
      makeNode('ReduceMean', ['d2', 'last'], ['var']),
      makeNode('Add', ['var', 'eps'], ['e']),
      makeNode('Sqrt', ['e'], ['sd']),
      makeNode('Div', ['d', 'sd'], ['n']),
      makeNode('Mul', ['n', 'gamma'], ['y']),
    ], [weights('w', [8, 4]), integers('last', [-1]), weights('eps', []), weights('gamma', [4])], 'y');
    assert.deepEqual(layers.map(({ id, nodes }) => [id, nodes.length]), [['a', 1], ['mu', 8]]);
    assert.deepEqual(layers[1]?.weights, ['gamma']);
  });

  it('leave shape arithmetic to the node that uses it, and it connects nothing', async () => {
    const layers = await layersOf([
      makeNode('Conv', ['x', 'w'], ['c']),
      makeNode('Shape', ['x'], ['shape']),
      makeNode('Gather', ['shape', 'zero'], ['batch']),
      makeNode('Concat', ['batch', 'rest'], ['target'], { axis: int(0) }),
      makeNode('MaxPool', ['c'], ['p'], { kernel_shape: ints([2, 2]) }),
      makeNode('Reshape', ['p', 'target'], ['y']),
    ], [weights('w', [4, 3, 1, 1]), integers('zero', [0]), integers('rest', [-1])], 'y');
    assert.deepEqual(outline(layers), [['c', 'Conv', ['c']], ['p', 'MaxPool', ['shape', 'batch', 'target', 'p', 'y']]]);
    assert.deepEqual(layers[1]?.inputs, ['c']);
  });

  it('make no row of constants that nothing uses', async () => {
    const constant = makeNode('Constant', [], ['left'], { value_float: { kind: 'float', value: 6 } });
    const layers = await layersOf([makeNode('Conv', ['x', 'w'], ['c']), constant, makeNode('MaxPool', ['c'], ['y'], { kernel_shape: ints([2, 2]) })], [weights('w', [4, 3, 1, 1])], 'y');
    assert.deepEqual(outline(layers), [['c', 'Conv', ['c']], ['y', 'MaxPool', ['left', 'y']]]);
  });

  it('exist for a graph without any work', async () => {
    const layers = await layersOf([makeNode('Relu', ['x'], ['a']), makeNode('Neg', ['a'], ['y'])], [], 'y');
    assert.deepEqual(outline(layers), [['a', 'Relu', ['a', 'y']]]);
  });
});

withAssets('layers of real models', () => {
  const load = async (file: string): Promise<{ graph: Graph; layers: Layer[] }> => {
    const model = await readModel(await nodeFiles.open(assetPath(file)), nodeFiles);
    const layers = findLayers(model.graph, await inferShapes(model));
    for (const source of model.sources) await source.close();
    return { graph: model.graph, layers };
  };

  for (const file of ['models/mnist.onnx', 'models/resnet20-cifar10.onnx', 'models/silero_vad_half.onnx', 'models/sst2-transformer.onnx',
    'models/fast_v2_1.onnx', 'models/version-RFB-320.onnx', 'topologies/light_densenet121.onnx', 'topologies/light_shufflenet.onnx']) {
    it(`${file}: every node is in exactly one layer, and ids are unique`, async () => {
      const { graph, layers } = await load(file);
      const nodes = layers.flatMap((layer) => layer.nodes);
      assert.equal(nodes.length, graph.nodes.length);
      assert.equal(new Set(nodes).size, graph.nodes.length);
      assert.equal(new Set(layers.map(({ id }) => id)).size, layers.length);
    });
  }

  it('mnist: weights behind Reshape belong to the product', async () => {
    const { layers } = await load('models/mnist.onnx');
    assert.deepEqual(layers.map(({ op }) => op), ['Conv', 'MaxPool', 'Conv', 'MaxPool', 'MatMul']);
    assert.deepEqual(layers.at(-1)?.weights, ['Parameter193', 'Parameter194']);
  });

  it('resnet20: 19 convolutions, 9 additions, pooling and the classifier', async () => {
    const { layers } = await load('models/resnet20-cifar10.onnx');
    const count = (op: string): number => layers.filter((layer) => layer.op === op).length;
    assert.deepEqual([count('Conv'), count('Add'), count('GlobalAveragePool'), count('Gemm'), layers.length], [19, 9, 1, 1, 30]);
  });

  it('ch_ppocr: weights in Constant nodes are found', async () => {
    const { layers } = await load('models/ch_ppocr_mobile_v2.0_cls_infer.onnx');
    const convolutions = layers.filter(({ op }) => op === 'Conv');
    assert.ok(convolutions.length > 50);
    assert.ok(convolutions.every((layer) => layer.weights.length > 0));
  });
});
