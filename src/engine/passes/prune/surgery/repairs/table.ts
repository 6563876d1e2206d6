// One repair for each kind that dependency rules name; a forgotten one does not compile.

import type { RepairKind } from '../../../../analysis/dependencies/index';
import type { Repair } from '../repair';
import { repairGather, repairPad, repairResize, repairSlice, repairSplit } from './cutting';
import { repairHeads } from './heads';
import { repairConstantOfShape, repairExpand, repairGroup, repairHidden, repairReshape } from './sizes';

export const repairs: Readonly<Record<RepairKind, Repair>> = {
  group: repairGroup, reshape: repairReshape, expand: repairExpand, constantOfShape: repairConstantOfShape, hidden: repairHidden,
  split: repairSplit, slice: repairSlice, gather: repairGather, pad: repairPad, resize: repairResize, heads: repairHeads,
};
