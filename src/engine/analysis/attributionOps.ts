// Which operators of an optimised graph stand for which operators of the original one (onnxruntime 1.30, CPU and GPU
// transformers). Only families that change their name are listed; every other operator is a family of its own.

import type { Node } from '../ir/model';

const families: Readonly<Record<string, readonly string[]>> = {
  Conv: ['FusedConv', 'QLinearConv', 'ConvInteger', 'NhwcConv', 'NhwcFusedConv'],
  ConvTranspose: ['ConvTransposeWithDynamicPads', 'QLinearConvTranspose'],
  MatMul: [
    'Gemm', 'FusedMatMul', 'FusedGemm', 'MatMulInteger', 'QLinearMatMul', 'QGemm', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulNBits',
    'MatMulBnb4', 'TransposeMatMul', 'GemmFloat8', 'MatMulFpQ4',
  ],
  LSTM: ['DynamicQuantizeLSTM'],
  Add: ['QLinearAdd', 'Sum', 'BiasAdd'],
  Mul: ['QLinearMul'],
  MaxPool: ['NhwcMaxPool'],
  AveragePool: ['QLinearAveragePool'],
  GlobalAveragePool: ['QLinearGlobalAveragePool', 'NhwcGlobalAveragePool'],
  Concat: ['QLinearConcat'],
  Softmax: ['QLinearSoftmax', 'BiasSoftmax'],
  Sigmoid: ['QLinearSigmoid'],
  LeakyRelu: ['QLinearLeakyRelu'],
  Gelu: ['BiasGelu', 'FastGelu', 'QuickGelu'],
  LayerNormalization: ['SkipLayerNormalization', 'SimplifiedLayerNormalization', 'SkipSimplifiedLayerNormalization'],
  QuantizeLinear: ['DynamicQuantizeLinear'],
};

const familyOfOp = new Map(Object.entries(families).flatMap(([family, ops]) => ops.map((op): [string, string] => [op, family])));

/** `com.microsoft.nchwc:Conv`, `FusedConv` and `QLinearConv` are all of the family `Conv`. */
export function familyOf(opType: string): string {
  return familyOfOp.get(opType) ?? opType;
}

/** Families whose work cannot be told apart once fused: two of them in one kernel make one row. */
const heavy = new Set(['Conv', 'ConvTranspose', 'MatMul', 'LSTM', 'GRU', 'RNN', 'Einsum', 'Attention', 'MultiHeadAttention', 'GroupQueryAttention', 'If', 'Loop', 'Scan']);

export function isHeavy(opType: string): boolean {
  return heavy.has(familyOf(opType));
}

const reorders = new Set(['ReorderInput', 'ReorderOutput', 'MemcpyFromHost', 'MemcpyToHost']);
/** Real work where the original has them, layout conversions where onnxruntime put them in. */
const conversions = new Set(['Transpose', 'Cast']);
const quantizers = new Set(['QuantizeLinear', 'DequantizeLinear']);

/** Operators that onnxruntime alone puts in. */
export function isReorder(node: Node): boolean {
  return reorders.has(node.opType);
}

export function isConversion(node: Node): boolean {
  return conversions.has(node.opType);
}

export function isQuantizer(node: Node): boolean {
  return quantizers.has(familyOf(node.opType));
}

const activations = new Set(['Relu', 'Clip', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSigmoid', 'HardSwish']);

export function isActivation(node: Node): boolean {
  return activations.has(node.opType);
}
