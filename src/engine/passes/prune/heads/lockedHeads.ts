// Attention whose heads cannot be taken apart, with the reason that the dependency analysis found.

import { type Dependencies, dependencyOf, isLabels, type Lock } from '../../../analysis/dependencies/index';
import { isOp, type Model, type Node } from '../../../ir/model';

export interface LockedHeads {
  /** Output of a product of two activations, or of a fused operator. */
  readonly tensor: string;
  readonly lock: Lock;
}

export function lockedHeads({ graph }: Model, { relations }: Dependencies): readonly LockedHeads[] {
  const { axes, labels, constants } = relations;
  return graph.nodes.flatMap((node) => {
    const tensor = node.outputs[0] ?? '';
    const own = axes.get(tensor) ?? [];
    const axis = own[headsAxis(node, own.length, (name) => constants.has(name)) ?? own.length];
    const lock = axis === undefined ? undefined : isLabels(axis) ? labels.wholeLock(axis) : axis;
    // An axis of the input is the batch: there are no heads.
    return lock === undefined || lock.code === 'lock.input' ? [] : [{ tensor, lock }];
  });
}

/** Where the result has its heads: before the last two axes, or in the flat last axis of a fused operator. */
function headsAxis(node: Node, rank: number, isConstant: (name: string) => boolean): number | undefined {
  if (isOp(node, 'MatMul')) return rank >= 3 && !node.inputs.some(isConstant) ? rank - 3 : undefined;
  if (dependencyOf(node)?.effect !== 'heads' || node.opType === 'RotaryEmbedding') return undefined;
  return rank === 3 ? 2 : rank - 3;
}
