// Operators of ai.onnx.preview.training (optimizer steps, gradients) and ai.onnx.preview.

import { intAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Dim } from '../../model';
import type { Rule } from '../rule';
import { tensor } from '../tensorShape';

/** Learning rate and step count come first, then groups of one tensor a parameter. */
const scalars = 2;

/** Inputs come in `groups` (parameters, gradients, states); outputs are the groups listed in `kept`, updated. */
const optimizer = (groups: number, kept: readonly number[]): Rule => ({ node, inputs }) => {
  const count = Math.floor((inputs.length - scalars) / groups);
  return node.outputs.map((_, index) => {
    const group = kept[Math.floor(index / Math.max(count, 1))];
    const x = group === undefined ? undefined : inputs[scalars + group * count + (index % Math.max(count, 1))];
    return x && tensor(x.type, x.shape);
  });
};

/** The derivative by each `xs` has the shape of that input; the inputs start with them. */
const gradient: Rule = ({ node, inputs }) => node.outputs.map((_, index) => inputs[index] && tensor(inputs[index].type, inputs[index].shape));

/** Q [batch, heads, length, size], K and V of the same rank; the modifiers see the scores in the type of the softmax. */
const flexAttention: Rule = ({ node, inputs: [q, k, v], body }) => {
  const type = q?.type ?? 'undefined';
  const [batch = null, heads = null, length = null] = q?.shape ?? [];
  const last = (x: typeof v, axis: number): Dim => x?.shape?.[axis] ?? null;
  const wire = intAttribute(node, 'softmax_precision', 0);
  const scores = tensor(wire !== 0 ? dataTypeOf(wire) : type === 'float64' ? type : 'float32', [batch, heads, length, last(k, 2)]);
  for (const modifier of ['score_mod', 'prob_mod']) body(modifier, [scores]);
  return [tensor(type, [batch, heads, length, last(v, 3)])];
};

export const trainingRules = {
  Adagrad: optimizer(3, [0, 2]), Adam: optimizer(4, [0, 2, 3]), Momentum: optimizer(3, [0, 2]), Gradient: gradient,
} as const satisfies Record<string, Rule>;

export const previewRules = { FlexAttention: flexAttention } as const satisfies Record<string, Rule>;
