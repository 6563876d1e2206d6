// The options of `prune.blocks` and what they come to: how many blocks stay, counted for a model.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../../invalidOption';
import { choice, count, layerPatterns } from '../../optionTypes';
import { checkRecovery, recoverSchema } from '../../recovery/recover';

export const blocksPassId = 'prune.blocks';

/** A quarter goes, about what ShortGPT (Men 2024, "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect") takes out of Llama 2. */
const DEFAULT_KEEP = 0.75;

export const blocksOptions = Type.Object({
  /** Below 1 the fraction kept, else a count. */
  keep: Type.Unsafe<number>({ type: 'number', minimum: 0, default: DEFAULT_KEEP }),
  samples: count(256),
  ignore: layerPatterns(),
  unit: choice(['block', 'part'], { advanced: true }),
  recover: recoverSchema,
});

export type BlocksOptions = Static<typeof blocksOptions>;

/** @throws EngineError `invalidOption` for a count that is no whole number, and what `checkRecovery` throws. */
export function checkBlocksOptions({ keep, recover }: BlocksOptions): void {
  checkRecovery(recover, blocksPassId);
  if (keep >= 1 && !Number.isInteger(keep)) throw refusal('problem.notWhole', { found: keep });
}

/**
 * How many blocks have to go.
 *
 * @param total blocks of the model, those that must stay included
 * @param free those that may go
 * @throws EngineError `invalidOption` when nothing would go, or more than may.
 */
export function blocksToRemove(keep: number, total: number, free: number): number {
  const removed = total - (keep < 1 ? Math.round(keep * total) : keep);
  if (removed <= 0) throw refusal('problem.keepsAllBlocks', { found: keep, total });
  if (removed > free) throw refusal('problem.blocksMustStay', { found: keep, total, stay: total - free, low: total - free });
  return removed;
}

function refusal(problem: string, params: Readonly<Record<string, string | number>>): Error {
  return invalidOption(blocksPassId, 'keep', problem, 'allowed.keep', params);
}
