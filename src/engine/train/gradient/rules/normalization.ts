// Normalization over batch, layer, group, instance and neighbourhood.

import { type GradientTable, refused } from '../rule';

export const normalizationGradients = {
  BatchNormalization: refused,
  GroupNormalization: refused,
  InstanceNormalization: refused,
  LRN: refused,
  LayerNormalization: refused,
  LpNormalization: refused,
  MeanVarianceNormalization: refused,
  RMSNormalization: refused,
} satisfies GradientTable<string>;
