// Which layers can be decomposed, what stands in the way of the others, and the numbers of their kernels.

import assert from 'node:assert/strict';
import { EngineError } from '../../../../../src/engine/error';
import { float, int, ints, string } from '../../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../../src/engine/ir/build';
import { cloneModel } from '../../../../../src/engine/ir/clone';
import { type Attribute, elementCount, type Model, type Node, type Tensor } from '../../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import type { NdArray } from '../../../../../src/engine/ports';
import type { Factor } from '../../../../../src/engine/passes/decompose/factors';
import { findDecomposable, readKernels } from '../../../../../src/engine/passes/decompose/surgery/layers';
import { originsWith } from '../../../../../src/engine/passes/decompose/surgery/origins';
import { replaceLayer } from '../../../../../src/engine/passes/decompose/surgery/replace';
import { decomposed, exactFactors } from './surgerySupport';

/** 0, 1, 2, ... */
function counted(name: string, dims: readonly number[]): Tensor {
  return tensorFrom(name, { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, (_, at) => at) });
}

function numbers(name: string, array: Omit<NdArray, 'dims'>): Tensor {
  return tensorFrom(name, { ...array, dims: [(array.data as ArrayLike<number>).length] });
}

function modelOf(nodes: readonly Node[], input: readonly number[], initializers: readonly Tensor[], outputs: readonly string[] = ['y']): Model {
  return makeModel(makeGraph({ nodes, inputs: [makeValue('x', 'float32', input)], outputs: outputs.map((name) => makeValue(name, 'float32', null)), initializers }), { '': 17, 'com.microsoft': 1 }, 8);
}

async function refusals(nodes: readonly Node[], input: readonly number[], initializers: readonly Tensor[], outputs?: readonly string[]): Promise<string[]> {
  const { layers, refused } = await findDecomposable(modelOf(nodes, input, initializers, outputs), () => false);
  assert.deepEqual(layers, []);
  return refused.map(({ node, why }) => `${node.opType}: ${why}`);
}

const conv = (inputs: readonly string[], output: string, attributes: Readonly<Record<string, Attribute>> = {}): Node => makeNode('Conv', inputs, [output], attributes);

describe('decomposable layers', () => {
  it('are convolutions of any rank and groups, matrices and embeddings', async () => {
    const nodes = [conv(['x', 'w'], 'a', { group: int(2) }), makeNode('ConvTranspose', ['a', 't'], ['b']), makeNode('GlobalAveragePool', ['b'], ['p']), makeNode('Flatten', ['p'], ['f']), makeNode('Gemm', ['f', 'm'], ['y'])];
    const { layers, refused } = await findDecomposable(modelOf(nodes, [1, 4, 9, 9], [counted('w', [6, 2, 3, 2]), counted('t', [6, 5, 2, 2]), counted('m', [5, 7])]), () => false);
    assert.deepEqual(refused, []);
    assert.deepEqual(layers.map(({ id, kind, groups, shape: { outputs, inputs, kernel } }) => [id, kind, groups, outputs, inputs, kernel]), [
      ['a', 'conv', 2, 3, 2, [3, 2]], ['b', 'convTranspose', 1, 5, 6, [2, 2]], ['y', 'matrix', 1, 7, 5, []],
    ]);
  });

  it('have kernels row by row: outputs, inputs, places; those of ConvTranspose with places turned around', async () => {
    const nodes = [conv(['x', 'w'], 'a', { group: int(2) }), makeNode('ConvTranspose', ['a', 't'], ['y'])];
    const model = modelOf(nodes, [1, 4, 9], [counted('w', [2, 2, 3]), counted('t', [2, 2, 2])]);
    const [plain, spreading] = (await findDecomposable(model, () => false)).layers;
    assert.ok(plain !== undefined && spreading !== undefined);
    assert.deepEqual((await readKernels(model, plain)).map(({ data }) => [...data]), [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
    // Stored [inputs, outputs, places]: input 0 gives output 0 the places 0 and 1, and output 1 the places 2 and 3.
    assert.deepEqual((await readKernels(model, spreading)).map(({ data }) => [...data]), [[1, 0, 5, 4, 3, 2, 7, 6]]);
  });

  it('are left alone when ignored, with all who share their weights', async () => {
    const nodes = [makeNode('MatMul', ['x', 'w'], ['h'], {}, { name: 'first' }), makeNode('MatMul', ['h', 'w'], ['y'], {}, { name: 'second' })];
    const { layers, refused } = await findDecomposable(modelOf(nodes, [2, 4], [counted('w', [4, 4])]), ({ name }) => name === 'second');
    assert.deepEqual([layers.length, refused.map(({ node, why }) => [node.name, why])], [0, [['first', 'why.ignored'], ['second', 'why.ignored']]]);
  });

  it('have no NaN and no infinite weights', async () => {
    const model = modelOf([makeNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'broken' })], [2, 2], [tensorFrom('w', { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, Infinity, 4) })]);
    const [layer] = (await findDecomposable(model, () => false)).layers;
    assert.ok(layer !== undefined);
    await assert.rejects(readKernels(model, layer), (error: unknown) => error instanceof EngineError && error.code === 'weightsNotFinite' && error.node === 'broken');
  });
});

describe('layers that cannot be decomposed are named with the reason', () => {
  const cases: readonly (readonly [string, readonly Node[], readonly number[], readonly Tensor[], readonly string[], (readonly string[])?])[] = [
    ['weights computed from inputs', [conv(['x', 'x'], 'y')], [3, 3, 3, 3], [], ['Conv: why.weightNotConstant']],
    ['weights computed from stored numbers', [makeNode('Mul', ['w', 'w'], ['v']), makeNode('MatMul', ['x', 'v'], ['y'])], [2, 4], [counted('w', [4, 3])], ['MatMul: why.weightComputed']],
    ['weights on the left', [makeNode('MatMul', ['w', 'x'], ['y'])], [4, 2], [counted('w', [3, 4])], ['MatMul: why.leftWeight']],
    ['stacks of matrices', [makeNode('MatMul', ['x', 'w'], ['y'])], [2, 2, 4], [counted('w', [2, 4, 3])], ['MatMul: why.weightRank']],
    ['inputs that Gemm transposes', [makeNode('Gemm', ['x', 'w'], ['y'], { transA: int(1), alpha: float(2) })], [4, 2], [counted('w', [4, 3])], ['Gemm: why.transposedInput']],
    ['a stated size of the output', [makeNode('ConvTranspose', ['x', 'w'], ['y'], { output_shape: ints([8]) })], [1, 2, 4], [counted('w', [2, 2, 3])], ['ConvTranspose: why.outputShape']],
    ['fused operators', [makeNode('FusedConv', ['x', 'w'], ['y'], { activation: string('Relu') }, { domain: 'com.microsoft' })], [1, 2, 4, 4], [counted('w', [2, 2, 3, 3])], ['FusedConv: why.fusedOperator']],
    ['weights that are used otherwise', [makeNode('MatMul', ['x', 'w'], ['h']), makeNode('Add', ['h', 'w'], ['y'])], [4, 4], [counted('w', [4, 4])], ['MatMul: why.usedOtherwise']],
    ['weights that are an output', [makeNode('MatMul', ['x', 'w'], ['y']), makeNode('Identity', ['w'], ['y2'])], [4, 4], [counted('w', [4, 4])], ['MatMul: why.usedOtherwise'], ['y', 'y2']],
    ['kernels that are shared by unlike layers', [conv(['x', 'w'], 'h', { pads: ints([1, 1]) }), conv(['h', 'w'], 'y', { group: int(2) })], [1, 2, 8], [counted('w', [4, 2, 3])], ['Conv: why.sharedUnlike', 'Conv: why.sharedUnlike']],
    ['integer products', [makeNode('MatMulInteger', ['x', 'w'], ['y'])], [2, 4], [tensorFrom('w', { type: 'int8', dims: [4, 3], data: new Int8Array(12) })], ['MatMulInteger: why.quantizedWeight']],
    ['quantized weights', [makeNode('DequantizeLinear', ['w', 's'], ['v']), makeNode('MatMul', ['x', 'v'], ['y'])], [2, 4],
      [tensorFrom('w', { type: 'int8', dims: [4, 3], data: new Int8Array(12) }), numbers('s', { type: 'float32', data: Float32Array.of(1) })], ['MatMul: why.quantizedWeight']],
  ];
  for (const [title, nodes, input, initializers, wanted, outputs] of cases) {
    it(title, async () => { assert.deepEqual(await refusals(nodes, input, initializers, outputs), wanted); });
  }

  it('but products of activations are no layers', async () => {
    assert.deepEqual(await refusals([makeNode('MatMul', ['x', 'x'], ['y'])], [4, 4], []), []);
  });

  it('and weights that a subgraph reads too stay', async () => {
    const branch = makeGraph({ nodes: [makeNode('Identity', ['w'], ['inner'])], inputs: [], outputs: [makeValue('inner', 'float32', null)] });
    const choice = makeNode('If', ['flag'], ['y2'], { then_branch: { kind: 'graph', value: branch }, else_branch: { kind: 'graph', value: branch } });
    const flag = tensorFrom('flag', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    const relu = makeNode('Relu', ['y'], ['z']);
    assert.deepEqual(await refusals([makeNode('MatMul', ['x', 'w'], ['y']), relu, choice], [2, 4], [counted('w', [4, 3]), flag], ['z']), ['MatMul: why.usedOtherwise']);
  });
});

describe('replacing a layer', () => {
  const nodes = [conv(['x', 'w', 'b'], 'y', { kernel_shape: ints([3, 3]), strides: ints([2, 1]), pads: ints([1, 0, 1, 2]), group: int(1) })];
  const build = (): Model => modelOf([{ ...(nodes[0] as Node), name: 'conv1', docString: 'said', metadata: new Map([['key', 'value']]) }], [1, 2, 8, 8], [counted('w', [3, 2, 3, 3]), counted('b', [3])]);

  it('shares out attributes, and leaves bias, name and notes to the last node', async () => {
    const { model, added } = await decomposed(build(), (kernel) => exactFactors(kernel));
    const shown = model.graph.nodes.map(({ name, inputs, outputs, attributes }) => [name, inputs, outputs, Object.fromEntries([...attributes].map(([key, attribute]) => [key, attribute.kind === 'ints' || attribute.kind === 'int' ? attribute.value.toString() : attribute.kind]))]);
    assert.deepEqual(shown, [
      ['conv1/factor1', ['x', 'conv1/factor1/weight'], ['conv1/factor1/output'], { group: '1', kernel_shape: '1,1' }],
      ['conv1/factor2', ['conv1/factor1/output', 'conv1/factor2/weight'], ['conv1/factor2/output'], { group: '1', kernel_shape: '3,3', strides: '2,1', pads: '1,0,1,2' }],
      ['conv1', ['conv1/factor2/output', 'conv1/factor3/weight', 'b'], ['y'], { group: '1', kernel_shape: '1,1' }],
    ]);
    assert.deepEqual([model.graph.nodes[2]?.docString, model.graph.nodes[2]?.metadata.get('key')], ['said', 'value']);
    assert.deepEqual([...added], [['conv1/factor1/output', 'y'], ['conv1/factor2/output', 'y']]);
  });

  it('does not take names that are there', async () => {
    const model = build();
    model.graph.nodes.push(makeNode('Relu', ['y'], ['conv1/factor1/output'], {}, { name: 'conv1/factor1' }));
    const { model: result } = await decomposed(model, (kernel) => exactFactors(kernel));
    assert.deepEqual(result.graph.nodes.map(({ name, outputs: [output] }) => [name, output]), [
      ['conv1/factor1_2', 'conv1/factor1_2/output'], ['conv1/factor2', 'conv1/factor2/output'], ['conv1', 'y'], ['conv1/factor1', 'conv1/factor1/output'],
    ]);
  });

  it('gives factors the origins of the layer', async () => {
    const { model, added } = await decomposed(build(), (kernel) => exactFactors(kernel));
    const origins = originsWith(model, new Map([['y', ['conv', 'norm']]]), added);
    assert.deepEqual([...origins], [['conv1/factor1/output', ['conv', 'norm']], ['conv1/factor2/output', ['conv', 'norm']], ['y', ['conv', 'norm']]]);
    assert.equal(originsWith(model, new Map(), added).size, 0);
  });

  it('refuses factors that do not fit, and leaves the model as it is', async () => {
    const model = build();
    const [layer] = (await findDecomposable(model, () => false)).layers;
    assert.ok(layer !== undefined);
    const [kernel] = await readKernels(model, layer);
    assert.ok(kernel !== undefined);
    const [first, middle, last] = exactFactors(kernel) as [Factor, Factor, Factor];
    const clone = cloneModel(model);
    for (const wrong of [[], [[first, middle, last], [first, middle, last]], [[middle]], [[first, last]], [[first, middle, { ...last, axes: [0] }]]]) {
      assert.throws(() => replaceLayer(clone, layer, wrong), /do not fit layer y/u);
    }
    const huge = { ...last, kernel: { ...last.kernel, data: last.kernel.data.map(() => 1e300) } };
    assert.throws(() => replaceLayer(clone, layer, [[first, middle, huge]]), (error: unknown) => error instanceof EngineError && error.code === 'factorsNotFinite' && error.params['layer'] === 'conv1');
    assert.deepEqual(clone, model);
  });
});
