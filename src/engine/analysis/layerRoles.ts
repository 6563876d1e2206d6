// What part each operator plays when nodes are grouped into layers. An operator that is not named here does real work:
// it makes a layer of its own.

import { intAttribute } from '../ir/attributes';
import { isDefaultDomain, type Node } from '../ir/model';

/**
 * `anchor`: makes a layer. `follower`: cheap, goes with the layer of its data input 0. `elementwise`: goes with its
 * layer when all its inputs come from one, and makes a layer where two meet. `normalization`: goes with the linear layer
 * before it, else makes one. `reduction`: makes a layer, and takes along what combines its result with its input (a
 * LayerNormalization or Softmax written out). `prologue`: goes with the layer that uses its result. `lookup`: a table of
 * weights makes a layer, anything else follows.
 */
export type LayerRole = 'anchor' | 'follower' | 'elementwise' | 'normalization' | 'reduction' | 'prologue' | 'lookup';

const members = {
  follower: [
    'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand', 'Tile', 'Identity', 'Cast', 'CastLike', 'BitCast',
    'Slice', 'Split', 'Pad', 'DepthToSpace', 'SpaceToDepth', 'Shape', 'Size', 'Dropout', 'QuantizeLinear', 'DequantizeLinear',
    'Constant', 'ConstantOfShape', 'Range', 'EyeLike', 'Trilu', 'GatherND', 'GatherElements', 'ReverseSequence',
    'SequenceAt', 'SequenceConstruct', 'SequenceLength', 'SplitToSequence', 'Optional', 'OptionalGetElement', 'OptionalHasElement',
    'ReorderInput', 'ReorderOutput',
    'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BitwiseNot', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp',
    'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'IsInf', 'IsNaN', 'LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'PRelu',
    'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt',
    'Swish', 'Tan', 'Tanh', 'ThresholdedRelu', 'QuickGelu', 'FastGelu', 'BiasGelu', 'QLinearSigmoid', 'QLinearLeakyRelu',
  ],
  elementwise: [
    'Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Sum', 'Mean', 'Max', 'Min', 'Where', 'And', 'Or', 'Xor', 'Equal', 'Greater',
    'GreaterOrEqual', 'Less', 'LessOrEqual', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'Concat', 'SwiGLU',
    'QLinearAdd', 'QLinearMul', 'QLinearConcat', 'QLinearWhere', 'BiasAdd',
  ],
  normalization: ['BatchNormalization'],
  reduction: [
    'ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceLogSum',
    'ReduceLogSumExp', 'ReduceSumSquare',
  ],
  prologue: ['DynamicQuantizeLinear'],
  lookup: ['Gather'],
} as const satisfies Partial<Record<LayerRole, readonly string[]>>;

const roles = new Map<string, LayerRole>(Object.entries(members).flatMap(([role, operators]) =>
  operators.map((operator) => [operator, role as keyof typeof members] as const)));

const knownDomains = new Set(['com.microsoft', 'com.microsoft.nchwc']);

export function roleOf(node: Node): LayerRole {
  if (!isDefaultDomain(node.domain) && !knownDomains.has(node.domain)) return 'anchor';
  const role = roles.get(node.opType) ?? 'anchor';
  // A reduction that drops its axes ends in a smaller tensor (pooling): its result does not meet its input again.
  return role === 'reduction' && intAttribute(node, 'keepdims', 1) === 0 ? 'anchor' : role;
}

const linear = new Set([
  'Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'FusedConv', 'FusedGemm', 'FusedMatMul', 'ConvInteger', 'MatMulInteger',
  'QLinearConv', 'QLinearMatMul', 'QGemm', 'DeformConv', 'MatMulNBits', 'NhwcConv', 'NhwcFusedConv',
]);

/** Whether a BatchNormalization after the node can be folded into it. */
export function isLinear(node: Node): boolean {
  return linear.has(node.opType);
}
