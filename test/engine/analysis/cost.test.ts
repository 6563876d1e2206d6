import assert from 'node:assert/strict';
import { int, string } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { readModel } from '../../../src/engine/ir/codec';
import type { Attribute, Node, Tensor, ValueInfo } from '../../../src/engine/ir/model';
import { inferShapes } from '../../../src/engine/ir/shapes/index';
import { storedBytes, tensorFrom } from '../../../src/engine/ir/tensors';
import { costOf, type ModelCost } from '../../../src/engine/analysis/cost';
import { findLayers } from '../../../src/engine/analysis/layers';
import { bindInputs } from '../../../src/engine/analysis/openDims';
import { nodeFiles } from '../../../src/runtime/files';
import { assetPath, withAssets } from '../../support/assets';

const weights = (name: string, dims: readonly number[]): Tensor =>
  tensorFrom(name, { type: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) });

async function cost(nodes: readonly Node[], inputs: readonly ValueInfo[], output: string, initializers: readonly Tensor[] = []): Promise<ModelCost> {
  const graph = makeGraph({ nodes, inputs, outputs: [{ name: output }], initializers });
  const shapes = await inferShapes(makeModel(graph, { '': 21, 'com.microsoft': 1 }));
  return costOf(graph, findLayers(graph, shapes), shapes);
}

const input = (dims: readonly (number | string)[], name = 'x'): ValueInfo => makeValue(name, 'float32', dims);

/** Worked out by hand from the convention of costMacs.ts. */
const products: readonly (readonly [title: string, node: Node, inputs: readonly ValueInfo[], macs: number | null])[] = [
  ['Conv', makeNode('Conv', ['x', 'w'], ['y']), [input([1, 4, 6, 6]), input([8, 4, 3, 3], 'w')], 4 * 4 * 8 * 4 * 9],
  ['grouped Conv', makeNode('Conv', ['x', 'w'], ['y'], { group: int(4) }), [input([2, 4, 6, 6]), input([8, 1, 3, 3], 'w')], 2 * 4 * 4 * 8 * 9],
  ['ConvTranspose', makeNode('ConvTranspose', ['x', 'w'], ['y']), [input([1, 3, 5, 5]), input([3, 2, 2, 2], 'w')], 75 * 8],
  ['Gemm', makeNode('Gemm', ['x', 'w'], ['y'], { transA: int(1) }), [input([7, 2]), input([7, 3], 'w')], 2 * 3 * 7],
  ['batched MatMul', makeNode('MatMul', ['x', 'w'], ['y']), [input([4, 2, 5]), input([4, 5, 3], 'w')], 4 * 2 * 5 * 3],
  ['LSTM', makeNode('LSTM', ['x', 'w', 'r'], ['y'], { direction: string('bidirectional') }), [input([9, 2, 4]), input([2, 12, 4], 'w'), input([2, 12, 3], 'r')], 9 * 2 * 2 * 4 * 3 * (4 + 3)],
  ['GRU', makeNode('GRU', ['x', 'w', 'r'], ['y']), [input([9, 2, 4]), input([1, 9, 4], 'w'), input([1, 9, 3], 'r')], 9 * 2 * 3 * 3 * 7],
  ['Einsum', makeNode('Einsum', ['x', 'w'], ['y'], { equation: string('bid,bjd->bij') }), [input([2, 3, 5]), input([2, 4, 5], 'w')], 2 * 3 * 4 * 5],
  ['MatMulNBits', makeNode('MatMulNBits', ['x', 'w'], ['y'], { K: int(64), N: int(16) }, { domain: 'com.microsoft' }), [input([3, 64]), makeValue('w', 'uint8', [16, 2, 16])], 3 * 64 * 16],
  ['Relu', makeNode('Relu', ['x'], ['y']), [input([3])], 0],
  ['Conv of an open size', makeNode('Conv', ['x', 'w'], ['y']), [input([1, 4, 'H', 6]), input([8, 4, 3, 3], 'w')], null],
  ['an unknown operator', makeNode('Secret', ['x'], ['y'], {}, { domain: 'org.example' }), [input([3])], null],
];

describe('cost', () => {
  for (const [title, node, inputs, macs] of products) {
    it(`counts MACs: ${title}`, async () => {
      assert.equal((await cost([node], inputs, 'y')).macs, macs);
    });
  }

  it('counts a loop by its rounds and a branch by the costlier one', async () => {
    const subgraph = (nodes: readonly Node[], inputs: readonly ValueInfo[], outputs: readonly string[]): Attribute =>
      ({ kind: 'graph', value: makeGraph({ nodes, inputs, outputs: outputs.map((name) => ({ name })) }) });
    const body = subgraph([makeNode('MatMul', ['s', 'w'], ['t']), makeNode('Identity', ['c'], ['d'])], [makeValue('i', 'int64', []), makeValue('c', 'bool', []), { name: 's' }], ['d', 't']);
    const trips = tensorFrom('n', { type: 'int64', dims: [], data: BigInt64Array.of(5n) });
    const loop = await cost([makeNode('Loop', ['n', '', 'x'], ['y'], { body })], [input([2, 3])], 'y', [trips, weights('w', [3, 3])]);
    assert.equal(loop.macs, 5 * 2 * 3 * 3);
    assert.equal(loop.parameters, 9);
    const branches = {
      then_branch: subgraph([makeNode('MatMul', ['x', 'w'], ['a'])], [], ['a']), else_branch: subgraph([makeNode('Identity', ['x'], ['b'])], [], ['b']),
    };
    const branch = await cost([makeNode('If', ['q'], ['y'], branches)], [input([2, 3]), makeValue('q', 'bool', [])], 'y', [weights('w', [3, 3])]);
    assert.equal(branch.macs, 2 * 3 * 3);
  });

  it('counts a shared tensor once, and no epsilon, shape or scale as a parameter', async () => {
    const scale = weights('s', []);
    const quantized = tensorFrom('q', { type: 'int8', dims: [4, 4], data: new Int8Array(16) });
    const total = await cost([
      makeNode('DequantizeLinear', ['q', 's'], ['w']),
      makeNode('MatMul', ['x', 'w'], ['a']),
      makeNode('MatMul', ['a', 'w'], ['b']),
      makeNode('Add', ['b', 'eps'], ['c']),
      makeNode('Add', ['c', 'bias'], ['d']),
      makeNode('Reshape', ['d', 'target'], ['y']),
    ], [input([2, 4])], 'y', [quantized, scale, weights('eps', [1]), weights('bias', [4]), tensorFrom('target', { type: 'int64', dims: [1], data: BigInt64Array.of(-1n) })]);
    assert.equal(total.parameters, 16 + 4);
    assert.equal(total.weightBytes, 16 + 4 + 4 + 16 + 8);
    assert.deepEqual([...total.layers.values()].map(({ parameters }) => parameters), [16, 4]);
  });

  it('packs 4-bit weights', async () => {
    const int4: Tensor = { name: 'q', type: 'int4', dims: [3, 5], data: { encoding: 'raw', at: { bytes: new Uint8Array(8) } } };
    const total = await cost([makeNode('DequantizeLinear', ['q', 's'], ['w']), makeNode('MatMul', ['x', 'w'], ['y'])], [input([2, 3])], 'y', [int4, weights('s', [])]);
    assert.deepEqual([total.parameters, total.weightBytes], [15, 8 + 4]);
  });

  it('finds the peak of live activations', async () => {
    // x 40, a 40, b 40: at Add x is gone, a and b and their sum are live.
    const nodes = [makeNode('Relu', ['x'], ['a']), makeNode('Neg', ['a'], ['b']), makeNode('Add', ['a', 'b'], ['c']), makeNode('ReduceSum', ['c'], ['y'])];
    assert.equal((await cost(nodes, [input([10])], 'y')).peakActivationBytes, 120);
    assert.equal((await cost(nodes, [input(['N'])], 'y')).peakActivationBytes, null);
  });

  it('adds up what a layer reads and writes', async () => {
    const total = await cost([makeNode('MatMul', ['x', 'w'], ['a']), makeNode('Relu', ['a'], ['y'])], [input([2, 4])], 'y', [weights('w', [4, 3])]);
    assert.deepEqual(total.layers.get('a'), { parameters: 12, weightBytes: 48, macs: 24, activationBytes: 24, bytesMoved: 32 + 48 + 24 });
  });
});

withAssets('costs of known networks', () => {
  /**
   * MACs and parameters at batch 1. Published: ResNet-20 40.55 M (He 2016 as counted by its PyTorch port), ResNet-50
   * 4.089 G and 25,557,032 parameters, VGG-19 19.63 G and 143,667,240, SqueezeNet 1.1 0.349 G and 1,235,496, AlexNet
   * (BVLC, grouped) 60,965,224 parameters. ResNet-50 here also stores 53,120 running statistics.
   */
  const known: readonly (readonly [file: string, macs: number, parameters: number])[] = [
    ['models/resnet20-cifar10.onnx', 40_551_040, 271_098],
    ['models/mnist.onnx', 786_560, 5_994],
    ['topologies/light_resnet50.onnx', 4_089_184_256, 25_557_032 + 53_120],
    ['topologies/light_vgg19.onnx', 19_632_062_464, 143_667_240],
    ['topologies/light_squeezenet.onnx', 349_151_936, 1_235_496],
    ['topologies/light_bvlc_alexnet.onnx', 654_560_384, 60_965_224],
    ['topologies/light_inception_v1.onnx', 1_431_556_352, 6_998_552],
  ];
  for (const [file, macs, parameters] of known) {
    it(file, async () => {
      const model = await readModel(await nodeFiles.open(assetPath(file)), nodeFiles);
      const shapes = await inferShapes(model, bindInputs(model));
      const layers = findLayers(model.graph, shapes);
      const total = costOf(model.graph, layers, shapes);
      for (const source of model.sources) await source.close();
      assert.deepEqual([total.macs, total.parameters], [macs, parameters]);
      const used = new Set(model.graph.nodes.flatMap((node) => node.inputs));
      const unused = [...model.graph.initializers.values()].filter(({ name }) => !used.has(name)).reduce((sum, tensor) => sum + storedBytes(tensor), 0);
      assert.equal([...total.layers.values()].reduce((sum, layer) => sum + layer.weightBytes, unused), total.weightBytes);
    });
  }

  it('ResNet-20 by hand: 19 convolutions and the classifier', () => {
    const stage = (size: number, inputs: number, channels: number): number => size * size * 9 * (inputs * channels + 5 * channels * channels);
    const stem = 32 * 32 * 9 * 3 * 16;
    assert.equal(stem + stage(32, 16, 16) + stage(16, 16, 32) + stage(8, 32, 64) + 64 * 10, 40_551_040);
  });
});
