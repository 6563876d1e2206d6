import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, ints } from '../../../../../src/engine/ir/attributes';
import type { Model, Node } from '../../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import { sparseMasks, sparseTensors } from '../../../../../src/engine/passes/prune/weights/masks';
import type { WeightsOptions } from '../../../../../src/engine/passes/prune/weights/options';
import { floats, node, samples, small } from '../../quantize/staticSupport';
import { decodedCopy } from '../../../../support/models';
import { pruned, valuesOf, zerosIn } from './support';

const conv = (input: string, weight: string, output: string, attributes: Parameters<typeof node>[3] = {}): Node => node('Conv', [input, weight], [output], attributes);
const methods = ['magnitude', 'wanda', 'sparsegpt'] as const;

describe('prune.weights', () => {
  const layers: readonly [string, Node, readonly number[], readonly number[]][] = [
    ['Conv', conv('x', 'w', 'y', { pads: ints([1, 1, 1, 1]) }), [6, 8, 3, 3], [8, 5, 5]],
    ['Conv in groups', conv('x', 'w', 'y', { group: int(2) }), [6, 4, 3, 1], [8, 5, 5]],
    ['ConvTranspose', node('ConvTranspose', ['x', 'w'], ['y'], { strides: ints([2, 2]) }), [8, 5, 2, 2], [8, 4, 4]],
    ['Gemm', node('Gemm', ['x', 'w'], ['y']), [12, 7], [12]],
    ['Gemm with transposed weights', node('Gemm', ['x', 'w'], ['y'], { transB: int(1) }), [7, 12], [12]],
    ['MatMul', node('MatMul', ['x', 'w'], ['y']), [12, 7], [5, 12]],
  ];
  for (const [title, linear, dims, shape] of layers) {
    const model = (): Model => small({ nodes: [linear], constants: { w: floats(dims) }, shape: ['N', ...shape] });

    it(`${title}: exactly the share asked for, by every method`, async () => {
      for (const method of methods) {
        for (const sparsity of [0.25, 0.5, 0.9]) {
          const { model: after, forms } = await pruned(model(), { method, sparsity }, samples(6, shape));
          const values = await valuesOf(after, 'w');
          assert.equal(zerosIn(values), Math.round(sparsity * values.length), `${method} ${sparsity}`);
          assert.equal(forms.get('y')?.code, 'form.sparse');
        }
      }
    });

    it(`${title}: two of every four neighbouring input channels, by every method`, async () => {
      const axis = title.startsWith('ConvTranspose') || title === 'Gemm' || title === 'MatMul' ? 0 : 1;
      const stride = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
      const size = dims[axis] ?? 1;
      for (const method of methods) {
        const { model: after, forms } = await pruned(model(), { method, pattern: '2:4' }, samples(6, shape));
        const values = await valuesOf(after, 'w');
        assert.equal(forms.get('y')?.text, '2:4 zeros');
        for (let index = 0; index < values.length; index += 1) {
          if (Math.floor(index / stride) % size % 4 !== 0) continue;
          assert.equal(zerosIn([0, 1, 2, 3].map((step) => values[index + step * stride] ?? NaN)), 2, `${method}: group at ${index}`);
        }
      }
    });
  }

  it('magnitude takes the smallest of a layer, and of the whole model with scope global', async () => {
    const model = small({
      nodes: [node('Gemm', ['x', 'a'], ['h']), node('Gemm', ['h', 'b'], ['y'])], shape: ['N', 2],
      constants: { a: { type: 'float32', dims: [2, 2], data: Float32Array.of(1, -2, 3, -4) }, b: { type: 'float32', dims: [2, 2], data: Float32Array.of(-10, 20, 30, 40) } },
    });
    const each = await pruned(model);
    assert.deepEqual([await valuesOf(each.model, 'a'), await valuesOf(each.model, 'b')], [[0, 0, 3, -4], [0, 0, 30, 40]]);
    const all = await pruned(model, { scope: 'global', sparsity: 5 / 8 });
    assert.deepEqual([await valuesOf(all.model, 'a'), await valuesOf(all.model, 'b')], [[0, 0, 0, 0], [0, 20, 30, 40]]);
    assert.deepEqual([all.forms.get('h')?.text, all.forms.get('y')?.text], ['100 % zeros', '25 % zeros']);
  });

  it('magnitude: more zeros contain those of fewer, so that the error never falls', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w: floats([9, 7]) }, shape: ['N', 9] });
    await fc.assert(fc.asyncProperty(fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), async (one, other) => {
      const [fewer, more] = await Promise.all([Math.min(one, other), Math.max(one, other)].map(async (sparsity) => valuesOf((await pruned(model, { sparsity })).model, 'w')));
      fewer?.forEach((value, index) => assert.ok(value !== 0 || more?.[index] === 0));
    }), { numRuns: 20 });
  });

  it('Wanda goes by weight times norm of its input, output by output', async () => {
    const w = floats([12, 5]);
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w }, shape: ['N', 12] });
    const data = samples(10, [12], (values) => values.forEach((value, index) => { values[index] = value * (1 + index); }));
    const { inputs: { x } } = await (data.splits.get('train') as NonNullable<ReturnType<typeof data.splits.get>>).read(0, 10);
    const norms = Array.from({ length: 12 }, (_, input) => Math.hypot(...Array.from({ length: 10 }, (_unused, sample) => Number(x?.data[sample * 12 + input]))));
    const values = await valuesOf((await pruned(model, { method: 'wanda' }, data)).model, 'w');
    for (let output = 0; output < 5; output += 1) {
      const order = norms.map((norm, input) => ({ input, score: Math.abs(Number(w.data[input * 5 + output])) * norm })).sort((a, b) => a.score - b.score);
      order.forEach(({ input }, rank) => assert.equal(values[input * 5 + output] === 0, rank < 6, `output ${output}, input ${input}`));
    }
  });

  it('finds weights behind Reshape, Transpose and Cast and in Constant nodes, and keeps to the right axis', async () => {
    const stored = floats([4, 2, 6]);
    const model = small({
      // [4, 2, 6] -> [2, 6, 4] -> [12, 4]: inputs are the pairs (second, third), outputs the first axis.
      nodes: [
        node('Transpose', ['w'], ['t'], { perm: ints([1, 2, 0]) }), node('Reshape', ['t', 'shape'], ['r']), node('MatMul', ['x', 'r'], ['h']),
        node('Constant', [], ['c'], { value: { kind: 'tensor', value: tensorFrom('c', floats([4, 8], 5)) } }), node('Gemm', ['h', 'c'], ['y']),
      ],
      constants: { w: stored, shape: { type: 'int64', dims: [2], data: BigInt64Array.of(12n, 4n) } }, shape: ['N', 12],
    });
    for (const method of methods) {
      const { model: after } = await pruned(model, { method, pattern: '1:4' }, samples(6, [12]));
      const values = await valuesOf(after, 'w');
      for (let start = 0; start < values.length; start += 4) assert.equal(zerosIn(values.slice(start, start + 4)), 1, `${method} at ${start}`);
      assert.equal(zerosIn(await valuesOf(after, 'c')), 8);
      assert.deepEqual(sparseTensors(after), ['c', 'w']);
    }
  });

  it('takes the kernel of a Conv from its weights as the node sees them', async () => {
    // Stored with the channels last, as TensorFlow does, and no kernel_shape.
    const model = small({ nodes: [node('Transpose', ['w'], ['t'], { perm: ints([3, 2, 0, 1]) }), conv('x', 't', 'y')], constants: { w: floats([3, 2, 4, 5]) }, shape: ['N', 4, 6, 6] });
    for (const method of methods) {
      const values = await valuesOf((await pruned(model, { method, pattern: '2:4' }, samples(4, [4, 6, 6]))).model, 'w');
      for (let place = 0; place < 6; place += 1) {
        for (let output = 0; output < 5; output += 1) assert.equal(zerosIn([0, 1, 2, 3].map((input) => values[(place * 4 + input) * 5 + output] ?? NaN)), 2);
      }
    }
  });

  it('keeps float16, and a weight that two layers share is pruned once', async () => {
    const model = small({ nodes: [node('Cast', ['w'], ['f'], { to: int(1) }), node('MatMul', ['x', 'f'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'f'], ['y'])], constants: {}, shape: ['N', 4] });
    const bits = Uint16Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? 0x3c00 : 0xbc00) + index);
    model.graph.initializers.set('w', tensorFrom('w', { type: 'float16', dims: [4, 4], data: bits }));
    for (const method of methods) {
      const { model: after, forms } = await pruned(model, { method }, samples(6, [4]));
      const tensor = after.graph.initializers.get('w');
      assert.ok(tensor);
      assert.equal(tensor.type, 'float16');
      assert.equal(zerosIn(await valuesOf(after, 'w')), 8);
      assert.deepEqual([forms.get('h')?.text, forms.get('y')?.text], ['50 % zeros', '50 % zeros']);
      if (method !== 'sparsegpt') ((await readTensor(tensor)).data as Uint16Array).forEach((value, index) => assert.ok(value === 0 || value === bits[index]));
    }
  });

  it('leaves biases, embeddings, activations, and layers it cannot prune, and says why', async () => {
    const model = small({
      nodes: [
        node('MatMul', ['left', 'x'], ['a']), node('MatMul', ['a', 'tied'], ['b']), node('Gather', ['tied', 'id'], ['g']), node('Add', ['b', 'g'], ['c']),
        node('Mul', ['base', 'base'], ['made']), node('MatMul', ['c', 'made'], ['d']), node('Gemm', ['d', 'w', 'bias'], ['e']),
        node('MatMul', ['e', 'also'], ['f']), node('Add', ['f', 'also'], ['h']), node('MatMul', ['h', 'h'], ['y']),
      ],
      constants: {
        left: floats([4, 4]), tied: floats([4, 4], 2), base: floats([4, 4], 3), w: floats([4, 4], 4), also: floats([4, 4], 6), bias: floats([4], 5),
        id: { type: 'int64', dims: [], data: BigInt64Array.of(1n) },
      },
      shape: [4, 4],
    });
    const { model: after, findings, forms } = await pruned(model);
    for (const name of ['left', 'tied', 'base', 'bias', 'also']) assert.equal(zerosIn(await valuesOf(after, name)), 0, name);
    assert.equal(zerosIn(await valuesOf(after, 'w')), 8);
    assert.deepEqual([...forms.keys()], ['e']);
    const kept = findings.filter(({ code }) => code === 'finding.layerNotPruned').map(({ params }) => [params['layer'], params['why']]);
    assert.deepEqual(kept, [['a', 'why.leftWeight'], ['b', 'why.embedding'], ['d', 'why.weightComputed'], ['f', 'why.usedOtherwise']]);
  });

  it('leaves first and depthwise convolutions unless asked, and layers that a pattern does not fit', async () => {
    const model = small({
      nodes: [conv('x', 'first', 'a'), conv('a', 'deep', 'b', { group: int(4) }), conv('b', 'last', 'y')],
      constants: { first: floats([4, 3, 1, 1]), deep: floats([4, 1, 3, 3]), last: floats([2, 4, 3, 3]) },
    });
    const whys = async (options: Partial<WeightsOptions>): Promise<unknown[]> =>
      (await pruned(model, options)).findings.filter(({ code }) => code === 'finding.layerNotPruned').map(({ params }) => [params['layer'], params['why']]);
    assert.deepEqual(await whys({ everyLayer: false }), [['a', 'why.firstOrDepthwise'], ['b', 'why.firstOrDepthwise']]);
    assert.deepEqual(await whys({}), []);
    assert.deepEqual(await whys({ pattern: '2:4' }), [['a', 'why.patternChannels'], ['b', 'why.patternChannels']]);
    assert.deepEqual(await whys({ ignore: ['y'] }), [['y', 'why.ignored']]);
  });

  it('tells the size after compression and that there is no speed', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'w'], ['y'])], constants: { w: floats([64, 64]) }, shape: ['N', 64] });
    const { findings: [size, speed] } = await pruned(model, { sparsity: 0.75 });
    assert.equal(size?.code, 'finding.sparseSize');
    assert.deepEqual([size.params['zeros'], size.params['total'], size.params['share'], size.params['measured']], [3072, 4096, '75 %', '16.4 kB']);
    assert.match(String(size.params['ratio']), /^(2[5-9]|3[0-9])/);
    assert.deepEqual([speed?.severity, speed?.code, speed?.params['provider']], ['warning', 'finding.sparseSpeed', 'cpu']);
  });

  it('writes down which tensors are sparse, so that masks are found again', async () => {
    const model = small({ nodes: [node('Gemm', ['x', 'a'], ['h']), node('Gemm', ['h', 'b'], ['y'])], constants: { a: floats([4, 4]), b: floats([4, 4], 2) }, shape: ['N', 4] });
    assert.deepEqual(sparseTensors(model), []);
    const once = await pruned(model, { ignore: ['y'] });
    const twice = await decodedCopy((await pruned(once.model, { ignore: ['h'], sparsity: 0.25 })).model);
    assert.deepEqual(sparseTensors(twice), ['a', 'b']);
    const masks = await sparseMasks(twice);
    for (const [name, zeros] of [['a', 8], ['b', 4]] as const) {
      assert.deepEqual([...(masks.get(name) ?? [])], (await valuesOf(twice, name)).map((value) => (value === 0 ? 0 : 1)));
      assert.equal(masks.get(name)?.filter((kept) => kept === 0).length, zeros);
    }
    twice.graph.initializers.delete('a');
    assert.deepEqual(sparseTensors(twice), ['b']);
    for (const text of ['{', '3', '["b", 4]']) {
      twice.metadata.set('decant.sparse', text);
      assert.deepEqual(sparseTensors(twice), text.startsWith('[') ? ['b'] : []);
    }
  });
});
