// Pooling.

import { type GradientTable, refused } from '../rule';

export const poolingGradients = {
  AveragePool: refused,
  GlobalAveragePool: refused,
  GlobalLpPool: refused,
  GlobalMaxPool: refused,
  LpPool: refused,
  MaxPool: refused,
  MaxRoiPool: refused,
  MaxUnpool: refused,
} satisfies GradientTable<string>;
