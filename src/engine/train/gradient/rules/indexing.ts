// Gather, scatter, and values chosen by rank.

import { type GradientTable, refused } from '../rule';

export const indexingGradients = {
  Compress: refused,
  Gather: refused,
  GatherElements: refused,
  GatherND: refused,
  Scatter: refused,
  ScatterElements: refused,
  ScatterND: refused,
  TensorScatter: refused,
  TopK: refused,
} satisfies GradientTable<string>;
