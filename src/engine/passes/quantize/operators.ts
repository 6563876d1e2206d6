// What each operator is to static quantization. Decided by what onnxruntime's CPU provider fuses into 8-bit kernels
// when DequantizeLinear and QuantizeLinear stand around the operator (looked up in graphs that 1.32 optimised).

import { intAttribute, stringAttribute } from '../../ir/attributes';
import { type Node, isOp } from '../../ir/model';

/**
 * - `layer`: holds weights (Conv, Gemm, MatMul); what quantization is for.
 * - `compute`: has an 8-bit kernel, ranges of output and inputs differ.
 * - `passThrough`: moves or selects values; works on codes, output has the scale of the input.
 * - `clamp`: Relu and Clip, which the range of the producer can take over.
 */
export type Role = 'layer' | 'compute' | 'passThrough' | 'clamp';

const computeOperators: ReadonlySet<string> = new Set([
  'Add', 'Mul', 'Concat', 'AveragePool', 'GlobalAveragePool', 'LeakyRelu', 'Sigmoid', 'Softmax',
]);

const movingOperators: ReadonlySet<string> = new Set([
  'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice', 'Gather', 'Split', 'Expand', 'Tile', 'DepthToSpace',
  'MaxPool', 'Resize', 'Pad',
]);

/** The role of `node`, or undefined when it stays float. `isZero` tells whether a tensor is a constant 0. */
export function roleOf(node: Node, isZero: (tensor: string) => boolean): Role | undefined {
  if (isOp(node, 'Conv', 'Gemm', 'MatMul')) return 'layer';
  if (isOp(node, 'Relu')) return 'clamp';
  // Only a Clip from 0 up ends where the lowest code can be real 0.
  if (isOp(node, 'Clip')) return isZero(node.inputs[1] ?? '') ? 'clamp' : undefined;
  if (isOp(node, ...computeOperators)) return 'compute';
  if (!isOp(node, ...movingOperators)) return undefined;
  return keepsValues(node, isZero) ? 'passThrough' : undefined;
}

/** Whether every output element is an element of the input (or 0). */
function keepsValues(node: Node, isZero: (tensor: string) => boolean): boolean {
  switch (node.opType) {
    case 'MaxPool':
      return node.outputs.filter((output) => output !== '').length === 1;
    case 'Resize':
      return stringAttribute(node, 'mode', 'nearest') === 'nearest';
    case 'Pad':
      return stringAttribute(node, 'mode', 'constant') !== 'constant' || (node.inputs[2] ?? '') === '' || isZero(node.inputs[2] ?? '');
    default:
      return true;
  }
}

/** Inputs that carry activations: the others are weights, shapes, indices. */
export function activationInputs(node: Node, role: Role): readonly string[] {
  const all = role === 'compute' && isOp(node, 'Add', 'Mul', 'Concat');
  return (all ? node.inputs : node.inputs.slice(0, 1)).filter((input) => input !== '');
}

/** Values of these lie in [0, 1] whatever the data say; 256 codes of 1/256 (checklist). */
export function hasUnitOutput(node: Node): boolean {
  return isOp(node, 'Softmax', 'Sigmoid');
}

/** Output channels of the weight: Conv 0, Gemm by `transB`, MatMul the last of its two. */
export function weightAxis(node: Node): number {
  if (isOp(node, 'Conv')) return 0;
  if (isOp(node, 'Gemm')) return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
  return 1;
}
