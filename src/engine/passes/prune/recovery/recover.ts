// Training after a round of pruning: distillation from the model as it was, by its own pass.

import { type Static, Type } from '@sinclair/typebox';
import type { Model } from '../../../ir/model';
import type { Origins, PassContext, PassOutcome, Share } from '../../pass';
import { trainingProperties } from '../../train/options';

export const recoverSchema = Type.Optional(Type.Object(trainingProperties));

export type RecoverOptions = NonNullable<Static<typeof recoverSchema>>;

/** `original` teaches where the run knows no model of the recipe. */
export function recoverTraining(
  model: Model, options: RecoverOptions, { original, origins, share }: { readonly original: Model; readonly origins: Origins; readonly share: Share }, context: PassContext,
): Promise<PassOutcome> {
  return context.apply('distill', model, options, { original, origins, share });
}
