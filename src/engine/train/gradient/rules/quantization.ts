// Quantization with straight-through gradients.

import { type GradientTable, refused } from '../rule';

export const quantizationGradients = {
  DequantizeLinear: refused,
  DynamicQuantizeLinear: refused,
  QuantizeLinear: refused,
} satisfies GradientTable<string>;
