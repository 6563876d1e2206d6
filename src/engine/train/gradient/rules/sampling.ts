// Sampling on a grid: Resize and its relatives.

import { type GradientTable, refused } from '../rule';

export const samplingGradients = {
  AffineGrid: refused,
  GridSample: refused,
  Resize: refused,
  RoiAlign: refused,
  Upsample: refused,
} satisfies GradientTable<string>;
