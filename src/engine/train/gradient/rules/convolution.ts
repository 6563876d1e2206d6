// Convolutions.

import { type GradientTable, refused } from '../rule';

export const convolutionGradients = {
  CausalConvWithState: refused,
  Conv: refused,
  ConvTranspose: refused,
  DeformConv: refused,
} satisfies GradientTable<string>;
