// Fused operators of onnxruntime's own domain, by decomposition into standard ones. Operators that are not here are refused.

import { attention, groupQueryAttention, multiHeadAttention, rotaryEmbedding } from '../microsoft/attention';
import { fusedConv, fusedGemm, fusedMatMul } from '../microsoft/fused';
import { biasGelu, biasSplitGelu, embedLayerNormalization, fastGelu, groupNorm, quickGelu, skipLayerNormalization } from '../microsoft/normalization';
import { matMulNBits } from '../microsoft/packed';
import { type GradientTable, rewrite } from '../rule';
import { normalizationGradients } from './normalization';
import { quantizationGradients } from './quantization';

/** What onnxruntime has in the default domain without a standard: the RMSNormalization of ONNX 23. */
export const runtimeGradients = {
  SimplifiedLayerNormalization: normalizationGradients.RMSNormalization,
} satisfies GradientTable<string>;

export const microsoftGradients = {
  Attention: rewrite(attention),
  BiasAdd: rewrite(({ node, build }) => [build.add(build.add(node.inputs[0] ?? '', node.inputs[1] ?? ''), node.inputs[2] ?? '')]),
  BiasGelu: rewrite(biasGelu),
  BiasSplitGelu: rewrite(biasSplitGelu),
  DequantizeLinear: quantizationGradients.DequantizeLinear,
  EmbedLayerNormalization: rewrite(embedLayerNormalization),
  FastGelu: rewrite(fastGelu),
  FusedConv: rewrite(fusedConv),
  FusedGemm: rewrite(fusedGemm),
  FusedMatMul: rewrite(fusedMatMul),
  Gelu: rewrite(({ node, build }) => [build.node('Gelu', [node.inputs[0] ?? ''])]),
  GroupNorm: rewrite(groupNorm),
  GroupQueryAttention: rewrite(groupQueryAttention),
  MatMulNBits: rewrite(matMulNBits),
  MultiHeadAttention: rewrite(multiHeadAttention),
  QuantizeLinear: quantizationGradients.QuantizeLinear,
  QuickGelu: rewrite(quickGelu),
  RotaryEmbedding: rewrite(rotaryEmbedding),
  SkipLayerNormalization: rewrite((context) => skipLayerNormalization(context, false)),
  SkipSimplifiedLayerNormalization: rewrite((context) => skipLayerNormalization(context, true)),
  TransposeMatMul: rewrite(fusedMatMul),
} satisfies GradientTable<string>;
