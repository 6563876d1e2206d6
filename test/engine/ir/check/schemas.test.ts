// The operator schemas: every operator and version that the opset history knows, and known entries in full.

import assert from 'node:assert/strict';
import { operatorHistory } from '../../../../src/engine/ir/opsets/history';
import { firstOpset, newestKnownOpset, schemaOf } from '../../../../src/engine/ir/schemas/index';
import { standardOperators } from '../../../../src/engine/ir/shapes/operators';

/** The last opset of the history. */
const HISTORY_OPSET = 25;

describe('operator schemas', () => {
  it('have every version of the opset history', () => {
    for (const [name, history] of Object.entries(operatorHistory)) {
      const found = new Set<number>();
      for (let opset = 1; opset <= HISTORY_OPSET; opset++) {
        const schema = schemaOf('', name, opset);
        if (schema !== undefined && !schema.deprecated) found.add(schema.sinceVersion);
      }
      // The history leaves out versions that only say "deprecated", and those that experimental operators had before.
      assert.deepEqual(history.filter((version) => !found.has(version)), history.filter((version) => schemaOf('', name, version)?.deprecated), name);
      assert.equal(firstOpset('ai.onnx', name), history[0]);
    }
  });

  it('have every operator with a shape rule', () => {
    for (const name of standardOperators) assert.ok(firstOpset('', name) !== undefined, name);
  });

  it('give the version that holds at an opset', () => {
    assert.equal(schemaOf('', 'Add', 13)?.sinceVersion, 13);
    assert.equal(schemaOf('', 'Add', 12)?.sinceVersion, 7);
    assert.equal(schemaOf('', 'Gelu', 19), undefined);
    assert.equal(schemaOf('', 'Add', 1000)?.sinceVersion, 14);
    assert.equal(schemaOf('', 'toString', 21), undefined);
    assert.ok((newestKnownOpset('') ?? 0) >= HISTORY_OPSET);
    assert.equal(newestKnownOpset('example'), undefined);
  });

  it('say parameters, types and attributes', () => {
    const resize = schemaOf('', 'Resize', 13);
    assert.deepEqual(resize?.inputs.map(({ name, type, option }) => [name, type, option]), [
      ['X', 'T1', 'single'], ['roi', 'T2', 'optional'], ['scales', 'tensor(float)', 'optional'], ['sizes', 'tensor(int64)', 'optional'],
    ]);
    assert.deepEqual([...resize?.typeConstraints.get('T2') ?? []].sort(), ['tensor(double)', 'tensor(float)', 'tensor(float16)']);
    assert.deepEqual(resize?.attributes.get('cubic_coeff_a'), { name: 'cubic_coeff_a', kind: 'float', required: false, default: -0.75 });
    assert.deepEqual(resize?.attributes.get('mode'), { name: 'mode', kind: 'string', required: false, default: 'nearest' });
    const loop = schemaOf('', 'Loop', 21);
    assert.deepEqual(loop?.inputCount, { least: 2, most: Infinity });
    assert.deepEqual(loop.attributes.get('body'), { name: 'body', kind: 'graph', required: true });
    assert.equal(loop.inputs.at(-1)?.homogeneous, false);
    assert.equal(schemaOf('', 'Upsample', 10)?.deprecated, true);
    assert.ok(schemaOf('', 'If', 16)?.typeConstraints.get('V')?.has('optional(seq(tensor(float)))'));
  });

  it('know the operators that the tools of onnxruntime write', () => {
    const names = [
      'QLinearAdd', 'QLinearMul', 'QLinearConcat', 'QLinearSigmoid', 'QLinearAveragePool', 'QLinearGlobalAveragePool', 'QLinearSoftmax', 'QLinearLeakyRelu', 'QLinearWhere',
      'QGemm', 'QAttention', 'MatMulNBits', 'MatMulBnb4', 'FusedMatMul', 'FusedConv', 'FusedGemm', 'Gelu', 'FastGelu', 'BiasGelu', 'QuickGelu', 'Attention',
      'MultiHeadAttention', 'GroupQueryAttention', 'RotaryEmbedding', 'SkipLayerNormalization', 'SkipSimplifiedLayerNormalization', 'EmbedLayerNormalization',
      'DynamicQuantizeMatMul', 'MatMulIntegerToFloat', 'DynamicQuantizeLSTM', 'QuantizeLinear', 'DequantizeLinear', 'NhwcMaxPool', 'GatherBlockQuantized',
    ];
    for (const name of names) assert.equal(schemaOf('com.microsoft', name, 1)?.definedBy, 'onnxruntime', name);
    assert.equal(schemaOf('com.microsoft.nchwc', 'ReorderInput', 1)?.name, 'ReorderInput');
    assert.equal(schemaOf('ai.onnx.ml', 'TreeEnsembleClassifier', 3)?.sinceVersion, 3);
    assert.equal(schemaOf('ai.onnx.preview.training', 'Adam', 1)?.outputs[0]?.option, 'variadic');
  });
});
