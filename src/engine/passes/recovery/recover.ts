// Training after a round of pruning: distillation from the model as it was, by its own pass; with the loss `label` alone, fine-tuning.

import { type Static, Type } from '@sinclair/typebox';
import type { Model } from '../../ir/model';
import type { Origins, PassContext, PassOutcome, Share } from '../pass';
import { lossesSchema, lossTerms } from '../train/losses';
import { trainingProperties } from '../train/options';

export const recoverSchema = Type.Optional(Type.Object({ ...trainingProperties, losses: lossesSchema }));

export type RecoverOptions = NonNullable<Static<typeof recoverSchema>>;

/** @throws EngineError `invalidOption` for an option that its loss does not have. */
export function checkRecovery(options: RecoverOptions | undefined, pass: string): void {
  lossTerms(options?.losses ?? [], pass, 'recover.losses');
}

/** `original` teaches where the run knows no model of the recipe. */
export function recoverTraining(
  model: Model, options: RecoverOptions, { original, origins, share }: { readonly original: Model; readonly origins: Origins; readonly share: Share }, context: PassContext,
): Promise<PassOutcome> {
  return context.apply('distill', model, options, { original, origins, share });
}
