// The law of surgery for matrices: factors of full rank give what MatMul, Gemm and embeddings gave, whatever is between the stored
// numbers and the node, and whoever shares them.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, ints } from '../../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../../src/engine/ir/build';
import type { DataType } from '../../../../../src/engine/ir/dataTypes';
import { elementCount, type Model, type Node, type Tensor } from '../../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { writerOf } from '../../../../../src/engine/data/preprocess/cast';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { seededRandom } from '../../../../../src/engine/random';
import { assertSameOutputs } from '../../../../support/models';
import { testRuntime } from '../../../../support/passContext';
import { decomposed, fullRank } from './surgerySupport';

const random = seededRandom(3);

function stored(name: string, dims: readonly number[], type: DataType = 'float32'): Tensor {
  const writer = writerOf(type, elementCount(dims), name);
  for (let at = 0; at < elementCount(dims); at += 1) writer.set(at, random() - 0.3);
  return tensorFrom(name, { type, dims, data: writer.data });
}

function modelOf(nodes: readonly Node[], input: readonly number[], initializers: readonly Tensor[], type: DataType = 'float32', irVersion = 8): Model {
  const outputs = nodes.flatMap((node) => node.outputs).filter((name) => name.startsWith('y'));
  return makeModel(makeGraph({ nodes, inputs: [makeValue('x', type, input)], outputs: outputs.map((name) => makeValue(name, type === 'int64' ? 'float32' : type, null)), initializers }), { '': 17 }, irVersion);
}

const size = fc.integer({ min: 1, max: 7 });

describe('surgery on matrices', function () {
  this.timeout(30_000);
  const products = matrixProducts(testRuntime, 2);
  after(() => products.release());
  const svd = fullRank('svd', products);

  it('keeps MatMul with inputs of any rank, in every float type', async () => {
    await fc.assert(fc.asyncProperty(size, size, fc.array(size, { maxLength: 3 }), fc.constantFrom<DataType>('float32', 'float64', 'float16'), async (inputs, outputs, before, type) => {
      const model = modelOf([makeNode('MatMul', ['x', 'w'], ['y'])], [...before, inputs], [stored('w', [inputs, outputs], type)], type);
      const { model: result } = await decomposed(model, svd);
      assert.deepEqual(result.graph.nodes.map(({ opType }) => opType), ['MatMul', 'MatMul']);
      assert.deepEqual([...result.graph.initializers.values()].map((tensor) => tensor.type), [type, type]);
      // What binary16 computes is compared behind a Cast, below.
      if (type !== 'float16') await assertSameOutputs(model, result, type === 'float64' ? 1e-12 : 1e-5);
    }), { numRuns: 60 });
  });

  it('keeps Gemm with its bias, transB, alpha and beta', async () => {
    const options = fc.record({ transB: fc.constantFrom(undefined, 0, 1), alpha: fc.constantFrom(undefined, 0.5, -2), beta: fc.constantFrom(undefined, 0.25), bias: fc.constantFrom<readonly number[] | undefined>(undefined, [1], [0]) });
    await fc.assert(fc.asyncProperty(size, size, size, options, async (rows, inputs, outputs, { transB, alpha, beta, bias }) => {
      const attributes = { ...(transB !== undefined && { transB: int(transB) }), ...(alpha !== undefined && { alpha: float(alpha) }), ...(beta !== undefined && { beta: float(beta) }) };
      const extra = bias === undefined ? [] : [stored('b', [bias[0] === 1 ? 1 : outputs])];
      const node = makeNode('Gemm', ['x', 'w', ...extra.map(({ name }) => name)], ['y'], attributes, { name: 'fc' });
      const model = modelOf([node], [rows, inputs], [stored('w', transB === 1 ? [outputs, inputs] : [inputs, outputs]), ...extra]);
      const { model: result } = await decomposed(model, svd);
      assert.deepEqual(result.graph.nodes.map(({ opType, name }) => [opType, name]), [['MatMul', 'fc/factor1'], ['Gemm', 'fc']]);
      await assertSameOutputs(model, result, 1e-5);
    }), { numRuns: 60 });
  });

  it('keeps embeddings', async () => {
    await fc.assert(fc.asyncProperty(size, size, fc.array(size, { maxLength: 3 }), async (entries, width, dims) => {
      const model = modelOf([makeNode('Gather', ['table', 'x'], ['y'], { axis: int(0) }, { name: 'words' })], dims, [stored('table', [entries, width])], 'int64');
      const { model: result, layers } = await decomposed(model, svd);
      assert.deepEqual(layers.map(({ kind, shape }) => [kind, shape]), [['embedding', { outputs: width, inputs: entries, kernel: [] }]]);
      assert.deepEqual(result.graph.nodes.map(({ opType, name }) => [opType, name]), [['Gather', 'words/factor1'], ['MatMul', 'words']]);
      const data = BigInt64Array.from({ length: elementCount(dims) }, (_, at) => BigInt(at % entries) - (at % 2 === 0 ? 0n : BigInt(entries)));
      await assertSameOutputs(model, result, 1e-5, { x: { type: 'int64', dims, data } });
    }), { numRuns: 30 });
  });

  it('takes a table that is the output layer too apart once, and turns its factors for the other side', async () => {
    for (const output of ['MatMul', 'Gemm', 'Gemm turned'] as const) {
      const nodes = [
        makeNode('Gather', ['table', 'x'], ['rows'], {}, { name: 'words' }),
        makeNode('Relu', ['rows'], ['h']),
        ...(output === 'Gemm' ? [] : [makeNode('Transpose', ['table'], ['turned'], { perm: ints([1, 0]) })]),
        output === 'MatMul' ? makeNode('MatMul', ['h', 'turned'], ['y'], {}, { name: 'head' }) : makeNode('Gemm', ['h', output === 'Gemm' ? 'table' : 'turned'], ['y'], output === 'Gemm' ? { transB: int(1), alpha: float(2) } : {}, { name: 'head' }),
      ];
      const model = modelOf(nodes, [5], [stored('table', [11, 4])], 'int64');
      const { model: result, layers, added } = await decomposed(model, svd);
      assert.deepEqual(layers.map(({ kind, nodes: own, turned }) => [kind, own.length, [...turned]]), [['embedding', 2, ['y']]]);
      assert.deepEqual([...result.graph.initializers].map(([name, { dims }]) => [name, dims]), [['words/factor1/weight', [11, 4]], ['words/factor2/weight', [4, 4]]]);
      assert.deepEqual([...new Set(added.values())].sort(), ['rows', 'y']);
      await assertSameOutputs(model, result, 1e-5, { x: { type: 'int64', dims: [5], data: BigInt64Array.of(0n, 10n, 3n, -1n, 7n) } });
    }
  });

  it('shares factors again among nodes that shared the weight', async () => {
    const nodes = [makeNode('MatMul', ['x', 'w'], ['h']), makeNode('Relu', ['h'], ['r']), makeNode('Gemm', ['r', 'w', 'b'], ['y'])];
    const model = modelOf(nodes, [3, 4], [stored('w', [4, 4]), stored('b', [4])]);
    const { model: result, layers } = await decomposed(model, svd);
    assert.equal(layers.length, 1);
    assert.deepEqual([...result.graph.initializers.keys()].sort(), ['b', 'h/factor1/weight', 'h/factor2/weight']);
    assert.deepEqual(result.graph.nodes.map(({ opType, outputs }) => [opType, ...outputs]), [
      ['MatMul', 'h/factor1/output'], ['MatMul', 'h'], ['Relu', 'r'], ['MatMul', 'y/factor1/output'], ['Gemm', 'y'],
    ]);
    await assertSameOutputs(model, result, 1e-5);
  });

  it('shares kernels among convolutions with strides and pads of their own', async () => {
    const nodes = [
      makeNode('Conv', ['x', 'w', 'b'], ['h'], { pads: ints([1, 1, 1, 1]) }, { name: 'one' }),
      makeNode('Conv', ['h', 'w'], ['y'], { strides: ints([2, 1]), dilations: ints([1, 2]) }, { name: 'other' }),
    ];
    const model = modelOf(nodes, [1, 3, 9, 9], [stored('w', [3, 3, 3, 3]), stored('b', [3])]);
    for (const method of ['svd', 'spatial', 'tucker', 'cp'] as const) {
      const { model: result, layers } = await decomposed(model, fullRank(method, products));
      assert.deepEqual(layers.map(({ nodes: own }) => own.length), [2]);
      assert.equal(result.graph.initializers.size, result.graph.nodes.length / 2 + 1);
      await assertSameOutputs(model, result, 1e-5);
    }
  });

  it('sees through Constant nodes, views and casts, and leaves none of them behind', async () => {
    const half = stored('half', [5, 6], 'float16');
    const nodes = [
      makeNode('Constant', [], ['c'], { value: { kind: 'tensor', value: half } }),
      makeNode('Cast', ['c'], ['single'], { to: int(1) }),
      makeNode('Transpose', ['single'], ['w']),
      makeNode('MatMul', ['x', 'w'], ['y']),
    ];
    const model = modelOf(nodes, [2, 6], []);
    const { model: result } = await decomposed(model, svd);
    assert.deepEqual(result.graph.nodes.map(({ opType }) => opType), ['Cast', 'Cast', 'MatMul', 'MatMul']);
    assert.deepEqual([...result.graph.initializers.values()].map(({ type }) => type), ['float16', 'float16']);
    // The factors are rounded to the 11 bits of binary16.
    await assertSameOutputs(model, result, 5e-3);
  });

  it('frees models before IR 4 of the weight that was an input', async () => {
    const weight = stored('w', [4, 3]);
    const model = modelOf([makeNode('MatMul', ['x', 'w'], ['y'])], [2, 4], [weight], 'float32', 3);
    model.graph.inputs.push(makeValue('w', 'float32', weight.dims));
    const { model: result } = await decomposed(model, svd);
    assert.equal(result.irVersion, 4);
    assert.deepEqual(result.graph.inputs.map(({ name }) => name), ['x']);
    await assertSameOutputs(model, result, 1e-5);
  });

  it('keeps the name of an output of the model', async () => {
    const model = modelOf([makeNode('MatMul', ['x', 'w'], ['y1']), makeNode('Relu', ['y1'], ['y2'])], [2, 4], [stored('w', [4, 3])]);
    const { model: result } = await decomposed(model, svd);
    assert.deepEqual(result.graph.outputs.map(({ name }) => name), ['y1', 'y2']);
    await assertSameOutputs(model, result, 1e-5);
  });
});
