import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, ints, string } from '../../../../src/engine/ir/attributes';
import { inspectModel } from '../../../../src/engine/analysis/inspect';
import { makeValue } from '../../../../src/engine/ir/build';
import { indexGraph } from '../../../../src/engine/ir/graphIndex';
import { type Model, type Node, isOp } from '../../../../src/engine/ir/model';
import { requireSplit } from '../../../../src/engine/data/dataset';
import { readNumbers } from '../../../../src/engine/ir/tensors';
import type { StaticOptions } from '../../../../src/engine/passes/quantize/options';
import type { NdArray } from '../../../../src/engine/ports';
import { outputErrors } from '../../../../src/engine/report/outputError';
import { outputsOf } from '../../../support/models';
import { testRuntime } from '../../../support/passContext';
import { find, floats, node, operators, quantized, sampleShape, samples, type Small, small } from './staticSupport';

const vector64 = (...values: number[]): NdArray => ({ type: 'int64', dims: [values.length], data: BigInt64Array.from(values.map(BigInt)) });
const conv = (input: string, output: string, weight: string, bias?: string) =>
  node('Conv', [input, weight, ...(bias === undefined ? [] : [bias])], [output], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) });

/** Operators between two layers: nodes from `h` [N, 4, 8, 8] (and `i` of the same shape) to `k`, and what must stand for them. */
interface Case {
  readonly nodes: readonly Node[];
  readonly becomes: string;
  readonly constants?: Readonly<Record<string, NdArray>>;
  /** The layer after it, from `k` to `y`; default a Conv of 4 channels. */
  readonly layer?: Node;
  readonly opset?: number;
}

const shapes = { to: vector64(0, 4, 4, 16), starts: vector64(1), ends: vector64(4), axes: vector64(2), index: vector64(3, 1, 0, 2), twice: vector64(1, 1, 2, 1), expanded: vector64(1, 4, 8, 8), sizes: { type: 'float32' as const, dims: [4], data: Float32Array.of(1, 1, 2, 2) }, extra: vector64(0, 0, 1, 1, 0, 0, 1, 1), five: vector64(1), last: vector64(2, 3), line: vector64(0, 4, 64) };

const cases: Readonly<Record<string, Case>> = {
  Add: { nodes: [node('Add', ['h', 'i'], ['k'])], becomes: 'QLinearAdd' },
  Mul: { nodes: [node('Mul', ['h', 'i'], ['k'])], becomes: 'QLinearMul' },
  Concat: { nodes: [node('Concat', ['h', 'i'], ['k'], { axis: int(2) })], becomes: 'QLinearConcat' },
  AveragePool: { nodes: [node('AveragePool', ['h'], ['k'], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) })], becomes: 'QLinearAveragePool' },
  GlobalAveragePool: { nodes: [node('GlobalAveragePool', ['h'], ['k'])], becomes: 'QLinearGlobalAveragePool' },
  LeakyRelu: { nodes: [node('LeakyRelu', ['h'], ['k'], { alpha: float(0.2) })], becomes: 'QLinearLeakyRelu' },
  Sigmoid: { nodes: [node('Sigmoid', ['h'], ['k'])], becomes: 'QLinearSigmoid' },
  Softmax: { nodes: [node('Softmax', ['h'], ['k'], { axis: int(1) })], becomes: 'QLinearSoftmax' },
  MaxPool: { nodes: [node('MaxPool', ['h'], ['k'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) })], becomes: 'MaxPool' },
  Reshape: { nodes: [node('Reshape', ['h', 'to'], ['k'])], becomes: 'Reshape' },
  Transpose: { nodes: [node('Transpose', ['h'], ['k'], { perm: ints([0, 1, 3, 2]) })], becomes: 'Transpose' },
  Slice: { nodes: [node('Slice', ['h', 'starts', 'ends', 'axes'], ['k'])], becomes: 'Slice' },
  Gather: { nodes: [node('Gather', ['h', 'index'], ['k'], { axis: int(1) })], becomes: 'Gather' },
  Tile: { nodes: [node('Tile', ['h', 'twice'], ['k'])], becomes: 'Tile' },
  Expand: { nodes: [node('GlobalAveragePool', ['h'], ['g']), node('Expand', ['g', 'expanded'], ['k'])], becomes: 'Expand' },
  Pad: { nodes: [node('Pad', ['h', 'extra'], ['p']), node('MaxPool', ['p'], ['k'], { kernel_shape: ints([1, 1]) })], becomes: 'Pad' },
  Resize: { nodes: [node('Resize', ['h', '', 'sizes'], ['k'], { mode: string('nearest') })], becomes: 'Resize' },
  Squeeze: { nodes: [node('GlobalAveragePool', ['h'], ['g']), node('Squeeze', ['g', 'last'], ['k'])], becomes: 'Squeeze', layer: node('Gemm', ['k', 'm'], ['y'], { transB: int(1) }) },
  'Conv of three axes, Unsqueeze': { nodes: [node('Unsqueeze', ['h', 'five'], ['k'])], becomes: 'Unsqueeze', layer: node('Conv', ['k', 'deep', 'c'], ['y'], { kernel_shape: ints([3, 3, 3]) }) },
  'Conv of one axis': { nodes: [node('Reshape', ['h', 'line'], ['k'])], becomes: 'Reshape', layer: node('Conv', ['k', 'row', 'c'], ['y'], { kernel_shape: ints([3]), strides: ints([2]) }) },
  'Conv of groups': { nodes: [conv('h', 'k', 'v')], becomes: 'QLinearConv', layer: node('Conv', ['k', 'one', 'c'], ['y'], { kernel_shape: ints([3, 3]), group: int(4), auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }) },
  DepthToSpace: { nodes: [node('DepthToSpace', ['h'], ['k'], { blocksize: int(2) })], becomes: 'DepthToSpace', layer: conv('k', 'y', 'one') },
  Split: { nodes: [node('Split', ['h'], ['s', 't'], { axis: int(2) }), node('Add', ['s', 't'], ['k'])], becomes: 'Split' },
  'Gemm with a bias': { nodes: [node('GlobalAveragePool', ['h'], ['g']), node('Flatten', ['g'], ['k'])], becomes: 'QGemm', layer: node('Gemm', ['k', 'm', 'n'], ['y'], { transB: int(1), alpha: float(0.5), beta: float(2) }) },
  'Gemm without': { nodes: [node('GlobalAveragePool', ['h'], ['g']), node('Flatten', ['g'], ['k'])], becomes: 'QGemm', layer: node('Gemm', ['k', 'm'], ['y'], { transB: int(1) }) },
  'MatMul of more axes': { nodes: [node('Transpose', ['h'], ['k'], { perm: ints([0, 2, 3, 1]) })], becomes: 'MatMulIntegerToFloat', layer: node('MatMul', ['k', 'mt'], ['y']) },
  'MatMul before another layer': { nodes: [node('Transpose', ['h'], ['t'], { perm: ints([0, 2, 3, 1]) }), node('MatMul', ['t', 'mt'], ['k'])], becomes: 'QLinearMatMul', layer: node('MatMul', ['k', 'back'], ['y']) },
  'Gemm before another layer': { nodes: [node('GlobalAveragePool', ['h'], ['g']), node('Flatten', ['g'], ['f']), node('Gemm', ['f', 'm', 'n'], ['k'], { transB: int(1) })], becomes: 'QGemm', layer: node('Gemm', ['k', 'back'], ['y']) },
};

function modelOf({ nodes, constants = {}, layer = conv('k', 'y', 'v', 'c'), opset = 13 }: Case, seed: number): Model {
  const weights = {
    w: floats([4, 3, 3, 3], seed), b: floats([4], seed + 1), u: floats([4, 3, 3, 3], seed + 2), v: floats([4, 4, 3, 3], seed + 3), c: floats([4], seed + 4), one: floats([4, 1, 3, 3], seed + 5),
    m: floats([96, 4], seed + 6), n: floats([96], seed + 7), mt: floats([4, 96], seed + 8), back: floats([96, 6], seed + 9), deep: floats([4, 1, 3, 3, 3], seed + 10), row: floats([4, 4, 3], seed + 11),
  };
  const parts: Small = { nodes: [conv('x', 'h', 'w', 'b'), conv('x', 'i', 'u'), ...nodes, layer], constants: { ...weights, ...shapes, ...constants }, opset };
  return small(withoutUnused(parts));
}

function withoutUnused({ nodes, constants, ...rest }: Small): Small {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const kept = nodes.filter(({ outputs }) => outputs.some((output) => output === 'y' || read.has(output)));
  const used = new Set(kept.flatMap(({ inputs }) => inputs));
  return { ...rest, nodes: kept, constants: Object.fromEntries(Object.entries(constants).filter(([name]) => used.has(name))) };
}

/** Both forms round alike, so that they differ by a step of a tensor here and there, which the layers after it spread. */
async function assertSameAsPairs(float: Model, options: Partial<StaticOptions>): Promise<Model> {
  const pairs = await quantized(float, options);
  const integers = await quantized(float, { ...options, format: 'qoperator' });
  const inputs = { x: floats([2, ...sampleShape], 77) };
  const wanted = (await outputsOf(pairs.model, inputs))['y'] as NdArray;
  for (const optimization of ['disabled', 'all'] as const) {
    const found = (await outputsOf(integers.model, inputs, { optimization }))['y'] as NdArray;
    assert.deepEqual(found.dims, wanted.dims);
    const { mean, largest } = distance(wanted.data as Float32Array, found.data as Float32Array);
    assert.ok(mean < 0.002 && largest < 0.03, `${optimization}: mean ${mean}, largest ${largest} of the range`);
  }
  assert.deepEqual([...integers.forms], [...pairs.forms]);
  const signed = options.activations === 's8' ? ['finding.signedIntegers'] : [];
  assert.deepEqual(integers.findings.map(({ code }) => code), [...pairs.findings.map(({ code }) => code), ...signed]);
  return integers.model;
}

/** Mean and largest difference as shares of the range of values. */
function distance(wanted: Float32Array, found: Float32Array): { readonly mean: number; readonly largest: number } {
  const differences = wanted.map((value, index) => Math.abs(value - (found[index] ?? Number.NaN)));
  const range = wanted.reduce((most, value) => Math.max(most, value), 0) - wanted.reduce((least, value) => Math.min(least, value), 0);
  return { mean: differences.reduce((sum, value) => sum + value, 0) / differences.length / range, largest: differences.reduce((most, value) => Math.max(most, value), 0) / range };
}

/** Types of activations and weights that kernels take together. */
const types = fc.constantFrom(...([['u8', 's8'], ['u8', 'u8'], ['s8', 's8']] as const));

const weights = { w: floats([4, 3, 3, 3]), b: floats([4], 2), v: floats([4, 4, 3, 3], 3), c: floats([4], 4) };
/** What `inspectModel` asks of a file, for a model that has none. */
const inspected = { path: 'model.onnx', bytes: 0, dims: { N: 1 } };
const integers = (model: Model, options: Partial<StaticOptions> = {}) => quantized(model, { format: 'qoperator', ...options });

describe('quantize.static in QOperator form', () => {
  for (const [name, one] of Object.entries(cases)) {
    it(`${name}: gives what pairs give, on uint8 and int8, with optimizations and without`, async function () {
      this.timeout(20_000);
      await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), types, fc.boolean(), async (seed, [activations, weights], perChannel) => {
        const model = await assertSameAsPairs(modelOf(one, seed), { activations, weights, perChannel });
        assert.ok((operators(model)[one.becomes] ?? 0) > 0, JSON.stringify(operators(model)));
        const others = model.graph.nodes.filter((other) => isOp(other, 'DequantizeLinear'));
        assert.deepEqual(others.map(({ outputs }) => outputs[0]).filter((output) => output !== 'y'), [], 'nothing is dequantized on the way');
      }), { numRuns: 8, seed: 7 });
    });
  }

  it('gives codes the names of the tensors they stand for, and keeps outputs float under theirs', async () => {
    const chain = small({ nodes: [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), conv('r', 'y', 'v', 'c')], constants: weights });
    chain.graph.valueInfo.set('r', makeValue('r', 'float32', ['N', 4, 8, 8]));
    const { model, origins } = await integers(chain);
    assert.deepEqual(model.graph.nodes.map(({ opType, outputs }) => [opType, outputs[0]]), [['QuantizeLinear', 'x_q'], ['QLinearConv', 'r'], ['QLinearConv', 'y_q'], ['DequantizeLinear', 'y']]);
    assert.deepEqual([...origins], [['x_q', ['h']], ['r', ['h', 'r']], ['y_q', ['y']], ['y', ['y']]]);
    assert.equal(model.graph.valueInfo.has('r'), false, 'it said float32');
    assert.equal(model.opsets.has('com.microsoft'), false, 'QLinearConv is an operator of ONNX');
    const index = indexGraph(model.graph);
    for (const name of model.graph.initializers.keys()) assert.ok(index.uses(name).length > 0, `orphan ${name}`);
    const first = find(model, 'QLinearConv');
    const zero = model.graph.initializers.get(first.inputs[5] ?? '');
    assert.deepEqual([zero?.type, zero?.dims, zero && (await readNumbers(zero))], ['int8', [], [0]], 'one zero point for all channels of all weights');
    assert.equal(model.graph.initializers.get(first.inputs[8] ?? '')?.type, 'int32');
  });

  it('imports the domain of onnxruntime where an operator is from there', async () => {
    const residual = small({ nodes: [conv('x', 'h', 'w', 'b'), conv('h', 'i', 'v', 'c'), node('Add', ['h', 'i'], ['a']), conv('a', 'y', 'v', 'c')], constants: weights });
    const { model } = await integers(residual);
    assert.equal(model.opsets.get('com.microsoft'), 1);
    assert.deepEqual(find(model, 'QLinearConv', 1).outputs, ['i']);
    assert.equal(model.graph.nodes.find(({ opType }) => opType === 'QLinearAdd')?.outputs[0], 'a');
  });

  it('keeps a tensor float for readers that have no integer form, and codes for the others', async () => {
    const both = small({
      nodes: [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), node('Exp', ['r'], ['e']), node('Mul', ['e', 'r'], ['z']), conv('r', 'y', 'v', 'c')],
      constants: weights, outputs: ['y', 'z'],
    });
    const { model } = await integers(both);
    assert.equal(find(model, 'Exp').inputs[0], 'r');
    assert.equal(find(model, 'QLinearConv', 1).inputs[0], 'r_q');
    assert.deepEqual(operators(model), { QuantizeLinear: 1, QLinearConv: 2, DequantizeLinear: 2, Exp: 1, Mul: 1 });
    await assertSameAsPairs(both, {});
  });

  it('leaves an operator without an integer form float between its pairs, under its own name', async () => {
    // Two readers of `h`: its Relu cannot be folded, and no kernel moves the zero point of a Relu.
    const unfolded = small({
      nodes: [conv('x', 'h', 'w', 'b'), node('Relu', ['h'], ['r']), node('Add', ['h', 'r'], ['a']), conv('a', 'y', 'v', 'c')], constants: weights,
    });
    const { model, origins } = await integers(unfolded);
    assert.deepEqual(find(model, 'Relu').outputs, ['r']);
    for (const { outputs } of model.graph.nodes) assert.ok((origins.get(outputs[0] ?? '') ?? []).length > 0, outputs[0]);
    await assertSameAsPairs(unfolded, {});
  });

  it('leaves ignored layers float', async () => {
    const chain = small({ nodes: [conv('x', 'h', 'w', 'b'), conv('h', 'i', 'v', 'c'), conv('i', 'y', 'v', 'c')], constants: weights });
    const { model, forms } = await integers(chain, { ignore: ['i'] });
    assert.equal(find(model, 'Conv').inputs[1], 'v');
    assert.equal(forms.get('i')?.code, 'form.float');
    await assertSameAsPairs(chain, { ignore: ['i'] });
  });

  it('does not drop dilations that the integer pooling does not know', async () => {
    const dilated = small({
      nodes: [conv('x', 'h', 'w', 'b'), node('AveragePool', ['h'], ['p'], { kernel_shape: ints([2, 2]), dilations: ints([2, 2]) }), conv('p', 'y', 'v', 'c')],
      constants: weights, opset: 19,
    });
    const { model } = await integers(dilated);
    assert.equal(operators(model)['AveragePool'], 1);
    // With optimizations, onnxruntime 1.30 itself fuses it into a QLinearAveragePool that it then refuses for its `dilations`.
    const inputs = { x: floats([2, ...sampleShape], 77) };
    const [pairs, found] = [await outputsOf((await quantized(dilated)).model, inputs), await outputsOf(model, inputs)];
    assert.ok(distance(pairs['y']?.data as Float32Array, found['y']?.data as Float32Array).largest < 0.03);
  });

  it('is inspected with the same layers, multiplications and parameters as the float model, and said to be quantized', async () => {
    const residual = small({ nodes: [conv('x', 'h', 'w', 'b'), conv('h', 'i', 'v', 'c'), node('Add', ['h', 'i'], ['a']), conv('a', 'y', 'u', 'd')], constants: { ...weights, u: floats([4, 4, 3, 3], 5), d: floats([4], 6) } });
    const { model } = await integers(residual);
    const [before, after] = [await inspectModel(residual, inspected), await inspectModel(model, inspected)];
    const rows = ({ layers }: typeof before) => layers.map(({ macs, parameters }) => [macs, parameters]);
    assert.deepEqual(rows(after), rows(before));
    assert.deepEqual(after.layers.map(({ op, id, type }) => [op, id, type]), [['QLinearConv', 'h', 'int8'], ['QLinearConv', 'i', 'int8'], ['QLinearAdd', 'a', 'uint8'], ['QLinearConv', 'y_q', 'int8']]);
    assert.ok(after.findings.some(({ code }) => code === 'finding.quantized'));
    await assert.rejects(quantized(model), { code: 'alreadyQuantized' });
  });

  it('has the output errors of pairs in a report, layer by layer', async () => {
    const chain = small({
      nodes: [conv('x', 'h', 'w', 'b'), node('MaxPool', ['h'], ['m'], { kernel_shape: ints([2, 2]) }), conv('m', 'i', 'v', 'c'), node('Add', ['m', 'm'], ['n']), node('Concat', ['i', 'n'], ['k'], { axis: int(3) }), conv('k', 'y', 'v', 'c')],
      constants: weights,
    });
    const split = requireSplit(samples(8), 'train');
    const layers = ['h', 'm', 'i', 'n', 'k', 'y'].map((output) => ({ id: output, output }));
    const errorsOf = async (options: Partial<StaticOptions>) => outputErrors(testRuntime, chain, (await quantized(chain, options)).model, layers, split, { samples: 8, batch: 4 });
    const [pairs, found] = [await errorsOf({}), await errorsOf({ format: 'qoperator' })];
    assert.deepEqual([...found.keys()], layers.map(({ id }) => id));
    for (const [id, { sqnrDb }] of found) assert.ok(Math.abs(sqnrDb - (pairs.get(id)?.sqnrDb ?? Number.NaN)) < 0.5, `${id}: ${sqnrDb}`);
  });
});
