// The table of clean-up rules, in the order in which a round applies them.

import type { CleanupRule } from './rule';
import { constantNodes, duplicateInitializers, unusedInitializers, weightInputs } from './rules/constants';
import { deadNodes, duplicateNodes } from './rules/duplicates';
import { foldConstants } from './rules/foldConstants';
import { foldBatchNormalization, foldScale, foldShift } from './rules/foldIntoLinear';
import {
  dropout, identity, noOpArithmetic, noOpCast, noOpClip, noOpPad, noOpRelu, noOpReshape, noOpSlice, noOpTranspose,
  reluBeforeClip, reshapePairs, singleInput, transposePairs,
} from './rules/noOps';
import { knownShapes, reshapeTargets } from './rules/shapes';

export const cleanupRules: readonly CleanupRule[] = [
  weightInputs,
  constantNodes,
  identity,
  singleInput,
  dropout,
  noOpCast,
  noOpTranspose,
  noOpReshape,
  noOpPad,
  noOpSlice,
  noOpArithmetic,
  noOpRelu,
  noOpClip,
  transposePairs,
  reshapePairs,
  reluBeforeClip,
  knownShapes,
  reshapeTargets,
  deadNodes,
  foldConstants,
  foldBatchNormalization,
  foldScale,
  foldShift,
  duplicateInitializers,
  duplicateNodes,
  deadNodes,
  unusedInitializers,
];

/** Names for the option `rules`, each once. */
export const ruleIds: readonly string[] = [...new Set(cleanupRules.map((rule) => rule.id))];
