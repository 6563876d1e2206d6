// Recognises models that hold quantized operators already.

import { EngineError } from '../../error';
import { type Model, type Node, nodeLabel } from '../../ir/model';

const integerOperators: ReadonlySet<string> = new Set([
  'QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger',
  // com.microsoft
  'MatMulNBits', 'QGemm', 'QAttention', 'QMoE', 'DynamicQuantizeMatMul', 'MatMulIntegerToFloat', 'MatMulInteger16', 'DynamicQuantizeLSTM', 'QEmbedLayerNormalization', 'GatherBlockQuantized',
]);

export function isQuantizedOperator(node: Node): boolean {
  return integerOperators.has(node.opType) || node.opType.startsWith('QLinear');
}

/** @throws EngineError `alreadyQuantized` */
export function refuseQuantized(model: Model): void {
  const quantized = model.graph.nodes.filter(isQuantizedOperator);
  const [first] = quantized;
  if (first !== undefined) throw new EngineError('alreadyQuantized', { count: quantized.length, node: nodeLabel(first) }, { node: nodeLabel(first) });
}
