// Matrix products.

import { type GradientTable, refused } from '../rule';

export const matrixGradients = {
  Det: refused,
  Einsum: refused,
  Gemm: refused,
  MatMul: refused,
} satisfies GradientTable<string>;
