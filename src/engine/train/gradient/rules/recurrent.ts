// Recurrent networks, by unrolling over the steps of the (concrete) sequence.

import { intAttribute } from '../../../ir/attributes';
import { activationsOf } from '../recurrent/activations';
import { gruCell, lstmCell, plainCell } from '../recurrent/cells';
import { unroll } from '../recurrent/unroll';
import { type GradientTable, rewrite } from '../rule';

export const recurrentGradients = {
  GRU: rewrite((context) => {
    const linearBeforeReset = intAttribute(context.node, 'linear_before_reset', 0) === 1;
    return unroll(context, gruCell({ linearBeforeReset }), (directions) => activationsOf(context, ['Sigmoid', 'Tanh'], directions));
  }),
  LSTM: rewrite((context) => {
    const cell = lstmCell({ coupled: intAttribute(context.node, 'input_forget', 0) === 1 });
    return unroll(context, cell, (directions) => activationsOf(context, ['Sigmoid', 'Tanh', 'Tanh'], directions));
  }),
  RNN: rewrite((context) => unroll(context, plainCell, (directions) => activationsOf(context, ['Tanh'], directions))),
} satisfies GradientTable<string>;
