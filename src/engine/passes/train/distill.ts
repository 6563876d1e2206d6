// The pass `distill`: trains the model to answer like a teacher, which is the recipe's model as it was read unless another
// is named. So far by logits and labels; the other losses, stages and students come later and are refused by name.

import { type Static, Type } from '@sinclair/typebox';
import type { Dataset } from '../../data/dataset';
import { EngineError } from '../../error';
import type { Model } from '../../ir/model';
import { planned } from '../optionTypes';
import type { Pass, PassContext } from '../pass';
import { defaultLosses } from './defaultLosses';
import { lossesSchema, lossTerms } from './losses';
import { trainingProperties } from './options';
import { runTraining } from './run';

const distillOptions = Type.Object({
  losses: lossesSchema,
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
  check: ({ losses }) => void lossTerms(losses, 'distill'),
  async run(model, options, context) {
    const losses = options.losses.length > 0 ? lossTerms(options.losses, 'distill') : (data: Dataset) => defaultLosses(model, data, context);
    return runTraining({ pass: 'distill', model, choices: options, fromScratch: false, losses, teacher: await teacherOf(options, model, context) }, context);
  },
};

async function teacherOf({ teacher }: DistillOptions, model: Model, { original, openModel }: PassContext): Promise<Model> {
  if (teacher === undefined) return original ?? model;
  if (openModel === undefined) throw new EngineError('notReady', { what: `teacher=${teacher}` });
  return openModel(teacher);
}
