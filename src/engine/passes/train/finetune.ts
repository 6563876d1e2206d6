// The pass `finetune`: trains the weights of the model further on labelled data, or from scratch. The graph stays.

import { Type } from '@sinclair/typebox';
import { flag } from '../optionTypes';
import type { Pass } from '../pass';
import { trainingProperties } from './options';
import { runTraining } from './run';

const finetuneOptions = Type.Object({ initialise: flag(false), ...trainingProperties });

export const finetune: Pass<typeof finetuneOptions> = {
  id: 'finetune',
  data: 'required',
  suffix: 'tuned',
  refuses: ['finding.quantized'],
  options: finetuneOptions,
  run: (model, { initialise, ...choices }, context) => runTraining({ pass: 'finetune', model, choices, fromScratch: initialise, losses: [{ loss: 'label' }] }, context),
};
