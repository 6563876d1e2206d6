import assert from 'node:assert/strict';
import { float, int, ints, string } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { elementCount, type Model, type Node } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { initialise, type InitialisationScheme } from '../../../src/engine/train/initialise';
import { withAssets } from '../../support/assets';
import { closeAssets, openAsset } from '../../support/models';

/** A model over `input` whose weights are zeros of the given shapes. */
function model(nodes: readonly Node[], weights: Readonly<Record<string, readonly number[]>>, input: readonly number[], opset = 22): Model {
  const initializers = Object.entries(weights).map(([name, dims]) =>
    tensorFrom(name, { type: 'float32', dims, data: new Float32Array(elementCount(dims)).fill(7) }));
  return makeModel(makeGraph({ nodes, inputs: [makeValue('x', 'float32', input)], outputs: [makeValue('y', 'float32', null)], initializers }), { '': opset });
}

async function drawn(made: Model, seed = 1, scheme: InitialisationScheme = 'auto'): Promise<(name: string) => Float32Array> {
  const parameters = [...made.graph.initializers.values()].map(({ name, dims }) => ({ name, dims }));
  const values = await initialise(made, parameters, seed, scheme);
  return (name) => values.get(name) ?? assert.fail(`no values for ${name}`);
}

function moments(values: Float32Array): { readonly mean: number; readonly deviation: number; readonly largest: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { mean, deviation, largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
}

function near(found: number, expected: number, share: number): void {
  assert.ok(Math.abs(found - expected) <= share * expected, `${found} is not within ${share * 100} % of ${expected}`);
}

const constant = (values: Float32Array, value: number): void => assert.ok(values.every((found) => found === value), `not all are ${value}`);

describe('initialise', () => {
  it('draws Kaiming before rectifiers, with fans of the convolution at hand, and Xavier elsewhere', async () => {
    const values = await drawn(model([
      makeNode('Conv', ['x', 'w1', 'b1'], ['c1']),
      makeNode('LeakyRelu', ['c1'], ['a1'], { alpha: float(0.5) }),
      makeNode('Conv', ['a1', 'w2'], ['c2'], { group: int(64) }),
      makeNode('BatchNormalization', ['c2', 'scale', 'shift', 'mean', 'variance'], ['n2']),
      makeNode('Clip', ['n2'], ['a2']),
      makeNode('Conv', ['a2', 'w3'], ['c3']),
      makeNode('Tanh', ['c3'], ['a3']),
      makeNode('Conv', ['a3', 'w4'], ['y']),
    ], { w1: [64, 16, 5, 5], b1: [64], w2: [64, 1, 7, 7], scale: [64], shift: [64], mean: [64], variance: [64], w3: [96, 64, 3, 3], w4: [8, 96, 3, 3] }, [1, 16, 32, 32]));
    near(moments(values('w1')).deviation, Math.sqrt(2 / (1.25 * 16 * 25)), 0.02);
    near(moments(values('w2')).deviation, Math.sqrt(2 / 49), 0.05);
    const bound = Math.sqrt(6 / (64 * 9 + 96 * 9));
    near(moments(values('w3')).largest, bound, 0.01);
    near(moments(values('w3')).deviation, bound / Math.sqrt(3), 0.02);
    // The last layer: uniform within 1 / sqrt(fan in).
    near(moments(values('w4')).largest, 1 / Math.sqrt(96 * 9), 0.01);
    for (const name of ['b1', 'shift', 'mean']) constant(values(name), 0);
    for (const name of ['scale', 'variance']) constant(values(name), 1);
  });

  it('reads fans through transposes, of matrices on either side and of Einsum', async () => {
    const values = await drawn(model([
      makeNode('Transpose', ['w1'], ['w1t'], { perm: ints([1, 0]) }),
      makeNode('MatMul', ['x', 'w1t'], ['m1']),
      makeNode('Add', ['m1', 'b1'], ['s1']),
      makeNode('Relu', ['s1'], ['a1']),
      makeNode('Gemm', ['a1', 'w2', 'b2'], ['g2'], { transB: int(1) }),
      makeNode('Relu', ['g2'], ['a2']),
      makeNode('Einsum', ['a2', 'w3'], ['e3'], { equation: string('bi,io->bo') }),
      makeNode('Relu', ['e3'], ['a3']),
      makeNode('MatMul', ['a3', 'w4'], ['y']),
    ], { w1: [40, 300], b1: [40], w2: [80, 40], b2: [80], w3: [80, 100], w4: [100, 5] }, [4, 300]));
    near(moments(values('w1')).deviation, Math.sqrt(2 / 300), 0.03);
    near(moments(values('w2')).deviation, Math.sqrt(2 / 40), 0.05);
    near(moments(values('w3')).deviation, Math.sqrt(2 / 80), 0.05);
    near(moments(values('w4')).largest, 1 / Math.sqrt(100), 0.02);
    for (const name of ['b1', 'b2']) constant(values(name), 0);
  });

  it('is the same for the same seed, another for another, and each weight by its name alone', async () => {
    const one = model([makeNode('Gemm', ['x', 'w1'], ['h']), makeNode('Gemm', ['h', 'w2'], ['y'])], { w1: [8, 8], w2: [8, 8] }, [2, 8]);
    const [first, again, other] = [await drawn(one, 5), await drawn(one, 5), await drawn(one, 6)];
    assert.deepEqual(first('w1'), again('w1'));
    assert.notDeepEqual(first('w1'), other('w1'));
    assert.notDeepEqual(first('w1'), first('w2'));
    const alone = await initialise(one, [{ name: 'w2', dims: [8, 8] }], 5);
    assert.deepEqual(alone.get('w2'), first('w2'));
    assert.deepEqual([...alone.keys()], ['w2']);
  });

  it('takes one scheme for all matrices when told', async () => {
    const one = model([makeNode('Gemm', ['x', 'w1'], ['h']), makeNode('Gemm', ['h', 'w2'], ['y'])], { w1: [64, 64], w2: [64, 64] }, [2, 64]);
    const truncated = moments((await drawn(one, 1, 'truncatedNormal'))('w1'));
    assert.ok(truncated.largest <= 0.04 && truncated.largest > 0.038, `${truncated.largest}`);
    near(moments((await drawn(one, 1, 'kaiming'))('w2')).deviation, Math.sqrt(2 / 64), 0.05);
    near(moments((await drawn(one, 1, 'xavier'))('w2')).largest, Math.sqrt(6 / 128), 0.01);
  });

  withAssets('on real models', () => {
    after(closeAssets);

    it('gives tables, norms and matrices of a transformer what is theirs', async () => {
      const made = await openAsset('models/sst2-transformer.onnx');
      const parameters = [...made.graph.initializers.values()].filter(({ type, dims }) => type === 'float32' && elementCount(dims) > 1);
      const values = await initialise(made, parameters, 1);
      assert.deepEqual(parameters.filter(({ name }) => !values.has(name)).map(({ name }) => name), []);
      const tables = parameters.filter(({ dims }) => dims.length === 2 && (dims[0] ?? 0) > 512);
      assert.ok(tables.length > 0);
      for (const { name } of tables) assert.ok(moments(values.get(name) ?? new Float32Array()).largest <= 0.04, name);
      for (const { name, dims } of parameters.filter((parameter) => parameter.dims.length === 1)) {
        const first = values.get(name)?.[0];
        assert.ok(first === 0 || first === 1, `${name} [${dims.join()}] begins with ${first}`);
      }
      for (const node of made.graph.nodes.filter(({ opType }) => opType === 'LayerNormalization')) {
        constant(values.get(node.inputs[1] ?? '') ?? new Float32Array(), 1);
        constant(values.get(node.inputs[2] ?? '') ?? new Float32Array(), 0);
      }
    });

    it('sets running statistics back', async () => {
      const made = await openAsset('models/resnet20-cifar10.onnx');
      const parameters = [...made.graph.initializers.values()].filter(({ type, dims }) => type === 'float32' && dims.length > 0);
      const values = await initialise(made, parameters, 3);
      const means = made.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization').map(({ inputs }) => inputs[3] ?? '');
      assert.ok(means.length >= 19, `${means.length}`);
      for (const name of means) constant(values.get(name) ?? assert.fail(name), 0);
    });
  });
});
