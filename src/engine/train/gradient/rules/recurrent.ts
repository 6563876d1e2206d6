// Recurrent networks, by unrolling.

import { type GradientTable, refused } from '../rule';

export const recurrentGradients = {
  GRU: refused,
  LSTM: refused,
  RNN: refused,
} satisfies GradientTable<string>;
