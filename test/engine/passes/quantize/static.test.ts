import assert from 'node:assert/strict';
import { float, int, ints } from '../../../../src/engine/ir/attributes';
import { indexGraph } from '../../../../src/engine/ir/graphIndex';
import { type Model, isOp, opsetOf } from '../../../../src/engine/ir/model';
import { makeGraph, makeValue } from '../../../../src/engine/ir/build';
import type { NdArray } from '../../../../src/engine/ports';
import { outputsOf, relativeDifference, sqnr } from '../../../support/models';
import { dequantization, find, floats, node, operators, quantized, sampleShape, samples, small } from './staticSupport';

const conv = (input: string, output: string, weight: string, bias?: string) =>
  node('Conv', [input, weight, ...(bias === undefined ? [] : [bias])], [output], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) });

const scalar = (value: number): NdArray => ({ type: 'float32', dims: [], data: Float32Array.of(value) });
const vector64 = (...values: number[]): NdArray => ({ type: 'int64', dims: [values.length], data: BigInt64Array.from(values.map(BigInt)) });
const weights = { w: floats([4, 3, 3, 3]), b: floats([4], 2), v: floats([4, 4, 3, 3], 3), c: floats([4], 4) };

/** Conv, Relu, Conv: the plain chain. */
const chain = (): Model => small({ nodes: [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), conv('r', 'y', 'v', 'c')], constants: weights });

/** Loads with optimizations off and on, gives the same there within a step of the output, and stays near the float model. */
async function assertFaithful(before: Model, after: Model, decibels: number, inputs: Record<string, NdArray> = { x: floats([2, ...sampleShape], 77) }): Promise<void> {
  const expected = await outputsOf(before, inputs);
  const plain = await outputsOf(after, inputs);
  const optimized = await outputsOf(after, inputs, { optimization: 'all' });
  assert.deepEqual(Object.keys(plain), Object.keys(expected));
  for (const [name, array] of Object.entries(expected)) {
    assert.equal(plain[name]?.type, 'float32');
    assert.ok(sqnr(array, plain[name]) >= decibels, `${name}: ${sqnr(array, plain[name])} dB`);
    assert.ok(relativeDifference(plain[name], optimized[name] as NdArray) < 0.02, `${name} differs with optimizations`);
  }
}

function assertWellFormed(model: Model): void {
  const index = indexGraph(model.graph);
  for (const name of model.graph.initializers.keys()) assert.ok(index.uses(name).length > 0, `orphan ${name}`);
  const made = new Set([...model.graph.initializers.keys(), ...model.graph.inputs.map(({ name }) => name)]);
  const names = new Set<string>();
  for (const one of model.graph.nodes) {
    for (const input of one.inputs) assert.ok(input === '' || made.has(input), `${input} is used before it is made`);
    for (const output of one.outputs) {
      assert.ok(!made.has(output), `${output} is made twice`);
      made.add(output);
    }
    if (one.name !== '') assert.ok(!names.has(one.name), `two nodes ${one.name}`);
    names.add(one.name);
    if (isOp(one, 'QuantizeLinear')) assert.equal(index.uses(one.inputs[0] ?? '').filter(({ node: other }) => isOp(other, 'QuantizeLinear')).length, 1, 'one pair a tensor');
  }
}

describe('quantize.static on small graphs', () => {
  it('puts a pair on each activation, folds Relu into the range, and keeps the output float under its name', async () => {
    const { model, forms, origins, findings } = await quantized(chain());
    assertWellFormed(model);
    assert.deepEqual(operators(model), { QuantizeLinear: 3, DequantizeLinear: 7, Conv: 2 });
    assert.deepEqual((await dequantization(model, 'r')).zeros, [0], 'real 0 at the lowest code');
    assert.deepEqual(model.graph.outputs.map(({ name }) => name), ['y']);
    assert.deepEqual([...forms].map(([layer, { code }]) => [layer, code]), [['r', 'form.int8Activations'], ['h', 'form.int8PerChannel'], ['y', 'form.int8PerChannel']]);
    assert.deepEqual(origins.get(find(model, 'Conv').outputs[0] ?? ''), ['h', 'r']);
    for (const one of model.graph.nodes) assert.ok((origins.get(one.outputs[0] ?? '') ?? []).length > 0, one.name);
    assert.deepEqual(findings, []);
    await assertFaithful(chain(), model, 28);
  });

  it('quantizes weights per output channel with the axis written out, bias as int32 with scale input * weight', async () => {
    const { model } = await quantized(chain());
    const first = find(model, 'Conv');
    const input = await dequantization(model, first.inputs[0] ?? '');
    const weight = await dequantization(model, first.inputs[1] ?? '');
    const bias = await dequantization(model, first.inputs[2] ?? '');
    assert.equal(weight.codes?.type, 'int8');
    assert.deepEqual([weight.axis, weight.scales.length, weight.zeros], [0, 4, [0, 0, 0, 0]]);
    assert.deepEqual([bias.codes?.type, bias.axis, bias.zeros], ['int32', 0, []]);
    bias.scales.forEach((scale, channel) => {
      assert.equal(scale, Math.fround((weight.scales[channel] as number) * (input.scales[0] as number)));
      assert.ok(Math.abs(Number(bias.codes?.data[channel]) * scale - (weights.b.data[channel] as number)) <= scale / 2 + 1e-9);
    });
  });

  it('takes the axis of Gemm from transB and folds alpha and beta into the constants', async () => {
    for (const transB of [0, 1]) {
      const gemm = small({
        nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB: int(transB), alpha: float(0.5), beta: float(2) })],
        constants: { w: floats(transB === 1 ? [24, 16] : [16, 24]), b: floats([24], 5) }, shape: ['N', 16],
      });
      const { model } = await quantized(gemm, {}, samples(16, [16]));
      const found = find(model, 'Gemm');
      const weight = await dequantization(model, found.inputs[1] ?? '');
      assert.deepEqual([weight.axis, weight.scales.length], [transB === 1 ? 0 : 1, 24]);
      assert.equal(found.attributes.has('alpha') || found.attributes.has('beta'), false);
      assert.deepEqual(operators(model), { QuantizeLinear: 1, DequantizeLinear: 3, Gemm: 1 }, 'the output needs no rounding');
      await assertFaithful(gemm, model, 30, { x: floats([4, 16], 9) });
    }
  });

  it('takes the last axis of a MatMul weight, and joins its bias when it is a matrix', async () => {
    const matmul = small({
      nodes: [node('MatMul', ['x', 'w'], ['p']), node('Add', ['p', 'b'], ['y'])],
      constants: { w: floats([16, 24]), b: floats([24], 5) }, shape: ['N', 16],
    });
    const { model, origins } = await quantized(matmul, {}, samples(16, [16]));
    const gemm = find(model, 'Gemm');
    assert.equal((await dequantization(model, gemm.inputs[1] ?? '')).axis, 1);
    assert.deepEqual(origins.get('y'), ['p', 'y']);
    await assertFaithful(matmul, model, 30, { x: floats([4, 16], 9) });
    const threeD = small({ nodes: [node('MatMul', ['x', 'w'], ['y'])], constants: { w: floats([16, 24]) }, shape: ['N', 5, 16] });
    const outcome = await quantized(threeD, {}, samples(16, [5, 16]));
    assert.equal((await dequantization(outcome.model, find(outcome.model, 'MatMul').inputs[1] ?? '')).axis, 1);
    await assertFaithful(threeD, outcome.model, 30, { x: floats([4, 5, 16], 9) });
  });

  it('enlarges the weight scale where a bias would overflow int32', async () => {
    const tiny = { ...weights, w: { ...weights.w, data: weights.w.data.map((value, index) => (index < 27 ? value * 1e-12 : value)) }, b: { ...weights.b, data: Float32Array.of(500, 0, 0, 0) } };
    const model = small({ nodes: [conv('x', 'y', 'w', 'b')], constants: tiny });
    const { model: after } = await quantized(model);
    const bias = await dequantization(after, find(after, 'Conv').inputs[2] ?? '');
    assert.ok(Math.abs(Number(bias.codes?.data[0]) * (bias.scales[0] as number) - 500) < 0.01);
    await assertFaithful(model, after, 40);
  });

  it('gives layers that share weight and bias one set of codes where scales agree, and their own where not', async () => {
    const shared = small({
      nodes: [conv('x', 'h', 'w', 'b'), conv('h', 'y', 'w', 'b')],
      constants: { w: floats([3, 3, 3, 3]), b: floats([3], 2) },
    });
    const { model } = await quantized(shared);
    assertWellFormed(model);
    const [first, second] = [find(model, 'Conv', 0), find(model, 'Conv', 1)];
    assert.equal(first.inputs[1], second.inputs[1], 'one weight');
    assert.notEqual(first.inputs[2], second.inputs[2], 'two biases: the inputs have different scales');
    await assertFaithful(shared, model, 28);
  });

  it('keeps Relu where its input has another reader, where the range cannot end at 0, and for symmetric codes', async () => {
    const nodes = [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), conv('r', 's', 'v', 'c'), node('Add', ['h', 's'], ['a']), conv('a', 'y', 'v', 'c')];
    const twice = small({ nodes, constants: weights });
    const { model } = await quantized(twice);
    assert.equal(operators(model)['Relu'], 1);
    await assertFaithful(twice, model, 24);
    const gpu = await quantized(chain(), { activations: 's8' }, samples(16), { target: { provider: 'cuda', wideAccumulation: true } });
    assert.equal(operators(gpu.model)['Relu'], 1);
    assert.deepEqual((await dequantization(gpu.model, 'r')).zeros, [0]);
    await assertFaithful(chain(), gpu.model, 24);
  });

  it('folds Clip from 0 and leaves other Clips', async () => {
    const clip = (low: number): Model => small({
      nodes: [conv('x', 'h', 'w', 'b'), node('Clip', ['h', 'low', 'high'], ['r']), conv('r', 'y', 'v', 'c')],
      constants: { ...weights, low: scalar(low), high: scalar(0.7) },
    });
    const folded = await quantized(clip(0));
    assert.equal(operators(folded.model)['Clip'], undefined);
    assertWellFormed(folded.model);
    await assertFaithful(clip(0), folded.model, 26);
    const kept = await quantized(clip(-0.5));
    assert.equal(operators(kept.model)['Clip'], 1);
    await assertFaithful(clip(-0.5), kept.model, 26);
  });

  it('keeps one scale through operators that only move values, and pads codes with the code of 0', async () => {
    const nodes = [
      conv('x', 'h', 'w', 'b'), node('MaxPool', ['h'], ['m'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
      node('Transpose', ['m'], ['t'], { perm: ints([0, 1, 3, 2]) }), node('Pad', ['t', 'pads'], ['p']),
      // A Pad right before a Conv would become part of it.
      node('MaxPool', ['p'], ['q'], { kernel_shape: ints([1, 1]) }), conv('q', 'y', 'v', 'c'),
    ];
    const moving = small({ nodes, constants: { ...weights, pads: vector64(0, 0, 1, 1, 0, 0, 1, 1) } });
    const { model } = await quantized(moving);
    assertWellFormed(model);
    const scales = await Promise.all(['h', 'm', 'p'].map(async (name) => (await dequantization(model, name)).scaleName));
    assert.deepEqual(new Set(scales).size, 1);
    const pad = find(model, 'Pad');
    assert.equal(model.graph.initializers.get(pad.inputs[2] ?? '')?.type, 'uint8');
    await assertFaithful(moving, model, 26);
  });

  it('gives the inputs of a Concat one scale', async () => {
    const nodes = [conv('x', 'h', 'w', 'b'), conv('x', 'i', 'u', 'b'), node('Concat', ['h', 'i'], ['k'], { axis: int(1) }), conv('k', 'y', 'v8', 'c')];
    const concat = small({ nodes, constants: { ...weights, u: floats([4, 3, 3, 3], 8), v8: floats([4, 8, 3, 3], 9) } });
    const { model } = await quantized(concat);
    const names = await Promise.all(['h', 'i', 'k'].map(async (name) => (await dequantization(model, name)).scaleName));
    assert.equal(new Set(names).size, 1);
    await assertFaithful(concat, model, 26);
  });

  it('gives Softmax 256 codes of 1/256', async () => {
    const nodes = [conv('x', 'h', 'w', 'b'), node('Softmax', ['h'], ['s'], { axis: int(1) }), conv('s', 'y', 'v', 'c')];
    const { model } = await quantized(small({ nodes, constants: weights }));
    const map = await dequantization(model, 's');
    assert.deepEqual([map.scales[0], map.zeros], [1 / 256, [0]]);
  });

  it('quantizes both inputs of a residual Add, and leaves what follows the last layer float', async () => {
    const nodes = [
      conv('x', 'h', 'w', 'b'), conv('h', 'i', 'v', 'c'), node('Add', ['h', 'i'], ['a']), conv('a', 'o', 'v', 'c'),
      node('Sigmoid', ['o'], ['g']), node('Mul', ['g', 'o'], ['y']),
    ];
    const residual = small({ nodes, constants: weights });
    const { model } = await quantized(residual);
    const add = find(model, 'Add');
    assert.deepEqual(add.inputs, ['h', 'i']);
    for (const input of add.inputs) assert.ok(model.graph.nodes.some((one) => isOp(one, 'DequantizeLinear') && one.outputs[0] === input));
    const index = indexGraph(model.graph);
    assert.ok(!isOp(index.uses('g')[0]?.node ?? add, 'QuantizeLinear'));
    await assertFaithful(residual, model, 24);
  });

  it('keeps layers float, says why, and quantizes the rest', async () => {
    const nodes = [
      conv('x', 'h', 'w', 'b'), node('GlobalAveragePool', ['h'], ['g']), node('Flatten', ['g'], ['f']),
      node('Gemm', ['f', 'small'], ['d']), node('Reshape', ['d', 'to'], ['e']), node('Conv', ['h', 'v', 'e'], ['y'], { kernel_shape: ints([3, 3]) }),
    ];
    const dynamicBias = small({ nodes, constants: { ...weights, small: floats([4, 4], 6), to: vector64(4) }, shape: [1, ...sampleShape] });
    const { model, findings, forms } = await quantized(dynamicBias);
    assert.deepEqual(findings.map(({ params }) => params['why']), ['why.tiny', 'why.biasNotConstant']);
    assert.equal(forms.get('y')?.code, 'form.float');
    assert.equal(forms.get('h')?.code, 'form.int8PerChannel');
    assert.equal(find(model, 'Conv', 1).inputs[1], 'v');
  });

  it('passes subgraphs through with the tensors they capture', async () => {
    const branch = (operator: string) => makeGraph({ nodes: [node(operator, ['r'], [`${operator}_out`])], inputs: [], outputs: [makeValue(`${operator}_out`, 'float32', null)] });
    const condition = node('If', ['flag'], ['y'], { then_branch: { kind: 'graph', value: branch('Neg') }, else_branch: { kind: 'graph', value: branch('Abs') } });
    const nodes = [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), node('ReduceMax', ['x'], ['top'], { keepdims: int(0) }), node('Greater', ['top', 'zero'], ['flag']), condition];
    const captured = small({ nodes, constants: { ...weights, zero: scalar(0) } });
    const { model } = await quantized(captured);
    assertWellFormed(model);
    await assertFaithful(captured, model, 26);
  });

  it('finds names that value_info has not taken either', async () => {
    const model = chain();
    model.graph.valueInfo.set('w_q', makeValue('w_q', 'float32', null));
    model.graph.valueInfo.set('r_q', makeValue('r_q', 'float32', null));
    const { model: after } = await quantized(model, { });
    assertWellFormed(after);
    await assertFaithful(chain(), after, 26);
  });

  it('uses 7 bits for a target without wide accumulation, where the sums would saturate', async () => {
    const avx2 = { target: { provider: 'cpu', wideAccumulation: false } };
    const reduced = await quantized(chain(), {}, samples(16), avx2);
    assert.equal(reduced.forms.get('h')?.code, 'form.int7PerChannel');
    const { codes } = await dequantization(reduced.model, find(reduced.model, 'Conv').inputs[1] ?? '');
    assert.equal(Math.max(...Array.from(codes?.data as Int8Array, Math.abs)), 64);
    for (const options of [{ reduceRange: false }, { activations: 's8' }, { weights: 'u8' }] as const) {
      assert.equal((await quantized(chain(), options, samples(16), avx2)).forms.get('h')?.code, 'form.int8PerChannel');
    }
  });

  it('makes every pair of types and grains that kernels take', async () => {
    for (const options of [{ weights: 'u8' }, { activations: 's8' }, { perChannel: false }, { calibration: 'minmax' }, { calibration: 'percentile' }] as const) {
      const { model } = await quantized(chain(), options);
      await assertFaithful(chain(), model, 25);
    }
    await assert.rejects(quantized(chain(), { weights: 'u8', activations: 's8' }), { code: 'invalidOption' });
  });

  it('raises the opset to 13 and the IR version to 7', async () => {
    const old = small({ ...chainParts(), opset: 11 });
    old.irVersion = 6;
    const { model } = await quantized(old);
    assert.equal(opsetOf(model), 13);
    assert.equal(model.irVersion, 7);
    await assertFaithful(old, model, 26);
  });

  it('never edits the model it was given', async () => {
    const model = chain();
    const before = JSON.stringify(model.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs]));
    await quantized(model);
    assert.equal(JSON.stringify(model.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs])), before);
    assert.deepEqual([...model.graph.initializers.keys()], Object.keys(weights));
  });
});

function chainParts() {
  return { nodes: [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), conv('r', 'y', 'v', 'c')], constants: weights };
}
