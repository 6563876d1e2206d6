// Operators that move elements without computing: shapes, pieces, padding, repetition.

import { type GradientTable, refused } from '../rule';

export const movementGradients = {
  CenterCropPad: refused,
  Col2Im: refused,
  Concat: refused,
  DepthToSpace: refused,
  Expand: refused,
  Flatten: refused,
  Pad: refused,
  Reshape: refused,
  ReverseSequence: refused,
  Slice: refused,
  SpaceToDepth: refused,
  Split: refused,
  Squeeze: refused,
  Tile: refused,
  Transpose: refused,
  Trilu: refused,
  Unsqueeze: refused,
} satisfies GradientTable<string>;
