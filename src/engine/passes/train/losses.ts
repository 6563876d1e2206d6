// The option `losses` of passes that train against a teacher: which losses, with which weights and options of their own.

import { Type } from '@sinclair/typebox';
import type { LossTerm } from '../../train/losses/loss';
import { losses as readyLosses } from '../../train/losses/table';
import { invalidOption } from '../invalidOption';

/** Losses that interfaces.md names and a later version brings. */
const plannedLosses = [
  'hint', 'attention', 'relation-distance', 'relation-angle', 'attention-relation', 'value-relation', 'feature', 'contrastive', 'cost',
] as const;

export interface LossChoice {
  readonly loss: string;
  readonly weight: number;
  readonly [option: string]: unknown;
}

const ownOptions = Object.assign({}, ...readyLosses.map(({ options }) => options.properties)) as Readonly<Record<string, object>>;
/** Options of all losses side by side, without defaults: which belong to which loss is checked in `termsOf`. */
const lossProperties = Object.fromEntries(Object.entries(ownOptions).map(([name, schema]) => [name, { ...schema, default: undefined }]));

const lossChoice = {
  type: 'object',
  properties: {
    loss: { type: 'string', enum: [...readyLosses.map(({ id }) => id), ...plannedLosses], notReady: plannedLosses },
    weight: { type: 'number', minimum: 0, default: 1 },
    ...lossProperties,
  },
  required: ['loss'],
  additionalProperties: false,
};

/** An empty list stands for the losses that fit the data (defaultLosses.ts). */
export const lossesSchema = Type.Unsafe<readonly LossChoice[]>({ type: 'array', items: lossChoice, default: [] });

/**
 * The terms as chosen, each with the options of its loss only.
 *
 * @param path of the option in the pass, e.g. `recover.losses`. @throws EngineError `invalidOption`
 */
export function lossTerms(losses: readonly LossChoice[], pass: string, path = 'losses'): LossTerm[] {
  return losses.map(({ loss, weight, ...options }, index) => {
    const known = Object.keys(readyLosses.find(({ id }) => id === loss)?.options.properties ?? {});
    const stray = Object.keys(options).find((key) => !known.includes(key));
    if (stray !== undefined) {
      const [allowed, keys] = known.length === 0 ? ['allowed.noKeys', {}] : ['allowed.keys', { keys: known.join(', ') }];
      throw invalidOption(pass, `${path}[${index}].${stray}`, 'problem.notOfLoss', allowed, { loss, key: JSON.stringify(stray), ...keys });
    }
    return { loss, weight, options };
  });
}
