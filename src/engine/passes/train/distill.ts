// The pass `distill`: trains the model to answer like a teacher, which is the recipe's model as it was read unless another
// is named. So far by logits and labels; the other losses, stages and students come later and are refused by name.

import { type Static, Type } from '@sinclair/typebox';
import type { Dataset } from '../../data/dataset';
import { EngineError } from '../../error';
import type { Model } from '../../ir/model';
import { losses as readyLosses } from '../../train/losses/table';
import type { LossTerm } from '../../train/losses/loss';
import { planned } from '../optionTypes';
import type { Pass, PassContext } from '../pass';
import { defaultLosses } from './defaultLosses';
import { trainingProperties } from './options';
import { runTraining } from './run';

/** Losses that interfaces.md names and a later version brings. */
const plannedLosses = [
  'hint', 'attention', 'relation-distance', 'relation-angle', 'attention-relation', 'value-relation', 'feature', 'contrastive', 'cost',
] as const;

interface LossChoice {
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

const distillOptions = Type.Object({
  losses: Type.Unsafe<readonly LossChoice[]>({ type: 'array', items: lossChoice, default: [] }),
  teacher: Type.Optional(Type.String({ minLength: 1 })),
  ...trainingProperties,
  stages: planned(),
  blockwise: planned(),
  cache: planned(),
  student: planned(),
  weights: planned(),
  attach: planned(),
});

type DistillOptions = Static<typeof distillOptions>;

export const distill: Pass<typeof distillOptions> = {
  id: 'distill',
  data: 'required',
  suffix: 'distilled',
  refuses: ['finding.quantized'],
  options: distillOptions,
  async run(model, options, context) {
    const losses = options.losses.length > 0 ? termsOf(options) : (data: Dataset) => defaultLosses(model, data, context);
    return runTraining({ pass: 'distill', model, choices: options, fromScratch: false, losses, teacher: await teacherOf(options, model, context) }, context);
  },
};

/** The terms as chosen, each with the options of its loss only. */
function termsOf({ losses }: DistillOptions): LossTerm[] {
  return losses.map(({ loss, weight, ...options }, index) => {
    const known = Object.keys(readyLosses.find(({ id }) => id === loss)?.options.properties ?? {});
    const stray = Object.keys(options).find((key) => !known.includes(key));
    if (stray !== undefined) {
      const allowed = known.length === 0 ? { allowed: 'allowed.noKeys' } : { allowed: 'allowed.keys', keys: known.join(', ') };
      throw new EngineError('invalidOption', { pass: 'distill', path: `losses[${index}].${stray}`, problem: 'problem.notOfLoss', loss, key: JSON.stringify(stray), ...allowed });
    }
    return { loss, weight, options };
  });
}

async function teacherOf({ teacher }: DistillOptions, model: Model, { original, openModel }: PassContext): Promise<Model> {
  if (teacher === undefined) return original ?? model;
  if (openModel === undefined) throw new EngineError('notReady', { what: `teacher=${teacher}` });
  return openModel(teacher);
}
