// Dropout.

import { type GradientTable, refused } from '../rule';

export const randomGradients = {
  Dropout: refused,
} satisfies GradientTable<string>;
