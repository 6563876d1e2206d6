// MAC formulas by hand, one case an operator family, and MACs through loops and function calls.

import assert from 'node:assert/strict';
import { lookInto, macsOf, peakActivationBytes } from '../../../src/engine/analysis/costGraph';
import { int, ints, string } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { DataType } from '../../../src/engine/ir/dataTypes';
import type { Attribute, FunctionDefinition, Model, Node } from '../../../src/engine/ir/model';
import { inferShapes } from '../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../src/engine/ir/tensors';

type Operand = readonly number[] | { readonly type: DataType; readonly shape: readonly number[] } | { readonly elements: readonly number[] } | undefined;

async function macs(op: string, operands: readonly Operand[], attributes: Readonly<Record<string, Attribute>> = {}, domain = '', opset = 21): Promise<number | null> {
  const names = operands.map((operand, index) => (operand === undefined ? '' : `i${index}`));
  const node = makeNode(op, names, ['y'], attributes, { domain });
  const graph = makeGraph({
    nodes: [node], outputs: [],
    inputs: operands.flatMap((operand, index) => {
      if (operand === undefined || 'elements' in operand) return [];
      return [makeValue(`i${index}`, 'type' in operand ? operand.type : 'float32', 'type' in operand ? operand.shape : operand)];
    }),
    initializers: operands.flatMap((operand, index) => (operand !== undefined && 'elements' in operand
      ? [tensorFrom(`i${index}`, { type: 'int64', dims: operand.elements.length === 1 ? [] : [operand.elements.length], data: BigInt64Array.from(operand.elements, BigInt) })] : [])),
  });
  return nodeMacs(makeModel(graph, { '': opset, 'com.microsoft': 1, 'ai.onnx.ml': 5, 'ai.onnx.preview': 1 }), node);
}

async function nodeMacs(model: Model, node: Node): Promise<number | null> {
  const shapes = await inferShapes(model);
  return macsOf(node, shapes, lookInto(shapes, model.graph));
}

const floats = (count: number): Attribute => ({ kind: 'floats', value: Array<number>(count).fill(1) });
const heads = { q_num_heads: int(4), kv_num_heads: int(2) };

/** Expected numbers as the products they come from. */
const rows: readonly (readonly [title: string, expected: number | null, op: string, operands: readonly Operand[], attributes?: Readonly<Record<string, Attribute>>, domain?: string, opset?: number])[] = [
  ['Conv, grouped', 1 * 8 * 5 * 5 * (2 * 3 * 3), 'Conv', [[1, 4, 5, 5], [8, 2, 3, 3]], { group: int(2), pads: ints([1, 1, 1, 1]) }],
  ['ConvTranspose', 1 * 4 * 5 * 5 * (6 * 2 * 2), 'ConvTranspose', [[1, 4, 5, 5], [4, 6, 2, 2]]],
  ['Gemm, A transposed', 3 * 5 * 7, 'Gemm', [[7, 3], [7, 5]], { transA: int(1) }],
  ['MatMul, batched', 2 * 3 * 5 * 4, 'MatMul', [[2, 3, 4], [4, 5]]],
  ['Einsum', 2 * 3 * 4 * 5, 'Einsum', [[2, 3, 4], [2, 4, 5]], { equation: string('bij,bjk->bik') }],
  ['LSTM, both ways', 7 * 2 * 2 * 4 * 6 * (3 + 6), 'LSTM', [[7, 2, 3], [2, 24, 3], [2, 24, 6]], { direction: string('bidirectional'), hidden_size: int(6) }],
  ['DynamicQuantizeLSTM', 7 * 2 * 1 * 4 * 6 * (3 + 6), 'DynamicQuantizeLSTM', [[7, 2, 3], { type: 'int8', shape: [1, 3, 24] }, { type: 'int8', shape: [1, 6, 24] }], { hidden_size: int(6) }, 'com.microsoft'],
  ['Attention, past', 1 * 4 * 5 * (7 + 3) * (8 + 8), 'Attention', [[1, 4, 5, 8], [1, 2, 7, 8], [1, 2, 7, 8], undefined, [1, 2, 3, 8], [1, 2, 3, 8]], {}, '', 23],
  ['FlexAttention', 1 * 4 * 5 * 7 * (8 + 16), 'FlexAttention', [[1, 4, 5, 8], [1, 2, 7, 8], [1, 2, 7, 16]], {}, 'ai.onnx.preview'],
  ['LinearAttention, gated delta', 2 * 6 * 8 * 16 * (4 + 2 * 2), 'LinearAttention', [[2, 6, 32], [2, 6, 16], [2, 6, 32]], heads, '', 27],
  ['LinearAttention, linear', 2 * 6 * 8 * 16 * (4 + 2), 'LinearAttention', [[2, 6, 32], [2, 6, 16], [2, 6, 32]], { ...heads, update_rule: string('linear') }, '', 27],
  ['com.microsoft Attention', 2 * 5 * 8 * 24 + 2 * 5 * 5 * (8 + 8), 'Attention', [[2, 5, 8], [8, 24], [24]], { num_heads: int(2) }, 'com.microsoft'],
  ['QAttention', 2 * 5 * 8 * 24 + 2 * 5 * 5 * (8 + 8), 'QAttention', [{ type: 'uint8', shape: [2, 5, 8] }, { type: 'int8', shape: [8, 24] }, [24], [], []], { num_heads: int(2) }, 'com.microsoft'],
  ['MultiHeadAttention', 2 * 5 * 7 * (8 + 8), 'MultiHeadAttention', [[2, 5, 8], [2, 7, 8], [2, 7, 8]], { num_heads: int(2) }, 'com.microsoft'],
  ['MultiHeadAttention, keys by head', 2 * 5 * 7 * (8 + 8), 'MultiHeadAttention', [[2, 5, 8], [2, 2, 7, 4], [2, 2, 7, 4]], { num_heads: int(2) }, 'com.microsoft'],
  ['GroupQueryAttention', 1 * 5 * (5 + 3) * 2 * 16, 'GroupQueryAttention', [[1, 5, 16], [1, 5, 8], [1, 5, 8], [1, 2, 3, 4], [1, 2, 3, 4]], { num_heads: int(4), kv_num_heads: int(2) }, 'com.microsoft'],
  ['MatMulNBits', 5 * 64 * 32, 'MatMulNBits', [[5, 64], { type: 'uint8', shape: [32, 2, 16] }, [64]], { K: int(64), N: int(32) }, 'com.microsoft'],
  ['MoE', 5 * 2 * (8 * 16 + 16 * 8), 'MoE', [[5, 8], [5, 4], [4, 8, 16], undefined, [4, 16, 8]], { k: int(2) }, 'com.microsoft'],
  ['QMoE, 4 bits', 5 * 2 * (16 * 8 + 8 * 16), 'QMoE', [[5, 8], [5, 4], { type: 'uint8', shape: [4, 16, 4] }, [4, 16], undefined, { type: 'uint8', shape: [4, 8, 8] }, [4, 8]], { k: int(2) }, 'com.microsoft'],
  ['DFT of 16 points', 3 * 2 * 16 * 4, 'DFT', [[3, 16, 1]], { axis: int(1) }, '', 17],
  ['DFT along an axis given as input', 3 * 5 * 2 * 8 * 3, 'DFT', [[3, 8, 5, 2], undefined, { elements: [1] }], {}, '', 20],
  ['STFT', 1 * 5 * 2 * 8 * 3, 'STFT', [[1, 24, 1], { elements: [4] }, undefined, { elements: [8] }]],
  ['Det of 4 by 4', 2 * (9 + 4 + 1), 'Det', [[2, 4, 4]]],
  ['Inverse of 4 by 4', 2 * 4 ** 3, 'Inverse', [[2, 4, 4]], {}, 'com.microsoft'],
  ['LinearRegressor', 5 * 6, 'LinearRegressor', [[5, 3]], { coefficients: floats(6), targets: int(2) }, 'ai.onnx.ml'],
  ['SVMRegressor', 5 * 12, 'SVMRegressor', [[5, 3]], { support_vectors: floats(12) }, 'ai.onnx.ml'],
  ['CDist', 5 * 3 * 7, 'CDist', [[5, 3], [7, 3]], {}, 'com.microsoft'],
  ['an elementwise operator', 0, 'Mul', [[2, 3], [2, 3]]],
  ['pooling', 0, 'MaxPool', [[1, 1, 4, 4]], { kernel_shape: ints([2, 2]) }],
  ['what depends on data', null, 'LongformerAttention', [[1, 4, 8], [8, 24], [24], [1, 4], [8, 24], [24], { type: 'int32', shape: [1, 4] }], { num_heads: int(2), window: int(2) }, 'com.microsoft'],
  ['what nobody knows', null, 'Anything', [[1]], {}, 'org.example'],
];

describe('MACs of', () => {
  for (const [title, expected, op, operands, attributes, domain, opset] of rows) {
    it(title, async () => assert.equal(await macs(op, operands, attributes, domain, opset), expected));
  }

  it('a Loop of unknown length are unknown, and those of one that is limited by a constant count every round', async () => {
    const body = makeGraph({
      nodes: [makeNode('MatMul', ['s', 'w'], ['t']), makeNode('Identity', ['go'], ['again'])],
      inputs: [makeValue('i', 'int64', []), makeValue('go', 'bool', []), { name: 's' }], outputs: [{ name: 'again' }, { name: 't' }],
    });
    const loop = makeNode('Loop', ['n', '', 'x'], ['y'], { body: { kind: 'graph', value: body } });
    const inputs = [makeValue('x', 'float32', [2, 3]), makeValue('w', 'float32', [3, 3])];
    const open = makeModel(makeGraph({ nodes: [loop], inputs: [...inputs, makeValue('n', 'int64', [])], outputs: [] }));
    assert.equal(await nodeMacs(open, loop), null);
    const trips = tensorFrom('n', { type: 'int64', dims: [], data: BigInt64Array.of(7n) });
    assert.equal(await nodeMacs(makeModel(makeGraph({ nodes: [loop], inputs, outputs: [], initializers: [trips] })), loop), 7 * 2 * 3 * 3);
  });

  it('a call of a local function are those of its nodes, calls within included', async () => {
    const define = (name: string, nodes: Node[], inputs: string[], outputs: string[]): FunctionDefinition => ({
      name, domain: 'local', overload: '', inputs, outputs, attributes: [], attributeDefaults: new Map(), nodes,
      opsets: new Map([['', 21], ['local', 1]]), valueInfo: new Map(), docString: '', metadata: new Map(),
    });
    const call = makeNode('Twice', ['x', 'w'], ['y'], {}, { domain: 'local' });
    const model = makeModel(makeGraph({ nodes: [call], inputs: [makeValue('x', 'float32', [2, 3]), makeValue('w', 'float32', [3, 3])], outputs: [makeValue('y', 'float32', null)] }), { '': 21, local: 1 });
    model.functions = [
      define('Once', [makeNode('MatMul', ['a', 'b'], ['c'])], ['a', 'b'], ['c']),
      define('Twice', [
        makeNode('Once', ['a', 'b'], ['m'], {}, { domain: 'local' }), makeNode('Relu', ['m'], ['n']), makeNode('Once', ['n', 'b'], ['o'], {}, { domain: 'local' }),
      ], ['a', 'b'], ['o']),
    ];
    assert.equal(await nodeMacs(model, call), 2 * (2 * 3 * 3));
    // x, w, y outside; m and n inside, both live at the Relu.
    assert.equal(peakActivationBytes(model.graph, await inferShapes(model)), 4 * (6 + 9 + 6 + 6 + 6));
  });
});
