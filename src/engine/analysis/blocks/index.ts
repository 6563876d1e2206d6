// Blocks: the parts of a network that can be left out whole, because a shortcut leads around them. A block is a residual
// branch; in transformers a layer, which is attention and the feed-forward part behind it.

import type { Model } from '../../ir/model';
import { findResiduals, type Residual, type StuckResidual } from './residuals';

export { dataFlowOf, neededNodes, resolve } from './dataFlow';
export type { Residual, StayReason, StuckResidual } from './residuals';
export { writtenNorms, type WrittenNorms } from './writtenNorms';

export interface Block {
  /** Exit of the last part. */
  readonly id: string;
  /** In execution order; each begins where the one before ends. */
  readonly parts: readonly [Residual, ...Residual[]];
}

export interface Blocks {
  /** In execution order, disjoint. */
  readonly free: readonly Block[];
  /** Residual branches that cannot go. */
  readonly stuck: readonly StuckResidual[];
}

/**
 * @param split parts of transformer layers are blocks of their own.
 * @throws EngineError `invalidGraph` on a cycle.
 */
export async function findBlocks(model: Model, split = false): Promise<Blocks> {
  const { free, stuck } = await findResiduals(model);
  const blocks: [Residual, ...Residual[]][] = [];
  for (const part of free) {
    const open = blocks.at(-1);
    if (!split && open !== undefined && continues(open, part)) open.push(part);
    else blocks.push([part]);
  }
  return { free: blocks.map((parts) => ({ id: parts.at(-1)?.exit ?? '', parts })), stuck };
}

/**
 * A layer is attention (in decoders twice: to itself and to the encoder) and one part without. Another attention begins
 * the next layer, and blocks without any are for themselves.
 */
function continues(layer: readonly Residual[], part: Residual): boolean {
  const last = layer.at(-1);
  return last !== undefined && last.attends && (part.entry === last.exit || part.entry === last.out);
}
