// The table of clean-up rules, in the order in which a round applies them.

import type { CleanupRule } from './rule';
import { attentionHeads, fuseAttention } from './fusions/attention';
import { fuseGelu, fuseHardSwish, fuseMish, fuseSwish } from './fusions/activations';
import { fuseLayerNormalization, fuseRmsNormalization } from './fusions/normalization';
import { castPairs, concatPairs, noOpSplit, openSlice, reshapeChains, slicePairs, unsqueezePairs } from './rules/chains';
import { constantNodes, duplicateInitializers, unusedInitializers, weightInputs } from './rules/constants';
import { constantIf, unusedFunctions } from './rules/controlFlow';
import { deadNodes, duplicateNodes } from './rules/duplicates';
import { foldConstants } from './rules/foldConstants';
import { foldBatchNormalization, foldScale, foldShift } from './rules/foldIntoLinear';
import { foldBatchNormalizationBefore, matMulToGemm } from './rules/linearBefore';
import {
  dropout, identity, noOpArithmetic, noOpCast, noOpClip, noOpPad, noOpRelu, noOpReshape, noOpSlice, noOpTranspose,
  reluBeforeClip, reshapePairs, singleInput, transposePairs,
} from './rules/noOps';
import { concatFill, padIntoWindow } from './rules/padding';
import { knownShapes, reshapeTargets } from './rules/shapes';
import { transposesAround } from './rules/transposes';

export const cleanupRules: readonly CleanupRule[] = [
  weightInputs,
  constantNodes,
  constantIf,
  identity,
  singleInput,
  dropout,
  noOpCast,
  noOpTranspose,
  noOpReshape,
  noOpPad,
  noOpSlice,
  openSlice,
  noOpSplit,
  noOpArithmetic,
  noOpRelu,
  noOpClip,
  castPairs,
  slicePairs,
  concatPairs,
  transposePairs,
  reshapePairs,
  unsqueezePairs,
  reshapeChains,
  reluBeforeClip,
  knownShapes,
  reshapeTargets,
  deadNodes,
  foldConstants,
  foldBatchNormalization,
  foldScale,
  foldShift,
  foldBatchNormalizationBefore,
  padIntoWindow,
  concatFill,
  matMulToGemm,
  fuseLayerNormalization,
  fuseRmsNormalization,
  fuseGelu,
  fuseHardSwish,
  fuseMish,
  fuseSwish,
  fuseAttention,
  attentionHeads,
  transposesAround,
  duplicateInitializers,
  duplicateNodes,
  deadNodes,
  unusedInitializers,
  unusedFunctions,
];

/** Names for the option `rules`, each once. */
export const ruleIds: readonly string[] = [...new Set(cleanupRules.map((rule) => rule.id))];
