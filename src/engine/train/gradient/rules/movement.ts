// Operators that move elements without computing: shapes, pieces, padding, repetition.

import { type GradientRule, type GradientTable, refused, rule } from '../rule';

/** Only the shape changed: back to that of the input. */
const reshaped: GradientRule = ({ node, gradient, build, facts }) => [build.reshape(gradient, facts(node.inputs[0] ?? '').shape)];

export const movementGradients = {
  CenterCropPad: refused,
  Col2Im: refused,
  Concat: refused,
  DepthToSpace: refused,
  Expand: refused,
  Flatten: refused,
  Pad: refused,
  Reshape: rule(reshaped),
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
