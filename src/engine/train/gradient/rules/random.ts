// Dropout. Training copies have masks of their own in its place (../../dropout.ts); what is left here are nodes that pass
// their input on, and those that a file runs in training mode.

import { type GradientTable, rule } from '../rule';

export const randomGradients = {
  Dropout: rule(({ node, build, gradient, facts, elements, input, needs, refuse }) => {
    if (!needs(0)) return [];
    const mode = input(2);
    const trains = mode === undefined ? 0 : (elements(mode)?.[0] ?? refuse('training_mode=?'));
    if (trains === 0) return [gradient];
    const mask = node.outputs[1] || refuse('training_mode=true without mask');
    // ONNX: the default ratio is 0.5.
    const ratio = input(1) === undefined ? 0.5 : (elements(input(1))?.[0] ?? refuse('ratio=?'));
    const { type } = facts(node.inputs[0] ?? '');
    return [ratio === 0 ? gradient : build.where(mask, build.mul(gradient, build.scalar(1 / (1 - ratio), type)), build.scalar(0, type))];
  }),
} satisfies GradientTable<string>;
