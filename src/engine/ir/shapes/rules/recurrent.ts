// RNN, GRU and LSTM (ONNX "LSTM": X is [sequence, batch, input], or batch first with layout 1 from opset 14).

import { intAttribute, stringAttribute } from '../../attributes';
import type { Rule } from '../rule';
import { tensor } from '../tensorShape';

/** `cell` adds the last cell state of LSTM. */
const recurrent = (cell: boolean): Rule => ({ node, inputs: [x, , r] }) => {
  const type = x?.type ?? 'undefined';
  const directions = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const hidden = intAttribute(node, 'hidden_size') ?? r?.shape?.[2] ?? null;
  const batchFirst = intAttribute(node, 'layout', 0) === 1;
  const [outer = null, inner = null] = x?.shape ?? [];
  const [sequence, batch] = batchFirst ? [inner, outer] : [outer, inner];
  const all = batchFirst ? [batch, sequence, directions, hidden] : [sequence, directions, batch, hidden];
  const last = tensor(type, batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]);
  return [tensor(type, all), last, ...(cell ? [last] : [])];
};

export const recurrentRules = { RNN: recurrent(false), GRU: recurrent(false), LSTM: recurrent(true) } as const satisfies Record<string, Rule>;
