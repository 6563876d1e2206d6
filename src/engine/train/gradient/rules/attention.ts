// Attention, by decomposition.

import { type GradientTable, refused } from '../rule';

export const attentionGradients = {
  Attention: refused,
  LinearAttention: refused,
  RotaryEmbedding: refused,
} satisfies GradientTable<string>;
