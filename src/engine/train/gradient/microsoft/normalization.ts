// Normalizations fused with what was added before them, and Gelu with its bias.

import { float, floatAttribute, int, intAttribute, ints, string } from '../../../ir/attributes';
import type { ForwardContext } from '../rule';

/** The layer normalization of input + skip + bias, and that sum as fourth output. */
export function skipLayerNormalization(context: ForwardContext, simplified: boolean): readonly string[] {
  const { node, build } = context;
  const [x = '', skip = '', gamma = ''] = node.inputs;
  const beta = simplified ? undefined : context.input(3);
  const bias = context.input(simplified ? 3 : 4);
  for (const position of [1, 2]) if ((node.outputs[position] ?? '') !== '') context.refuse(position === 1 ? 'mean' : 'inv_std_var');
  const sum = build.add(bias === undefined ? x : build.add(x, bias), skip);
  // Default of the fused operators; of LayerNormalization it is 1e-5.
  const attributes = { axis: int(-1), epsilon: float(floatAttribute(node, 'epsilon', 1e-12)) };
  const normalized = simplified
    ? build.node('SimplifiedLayerNormalization', [sum, gamma], attributes)
    : build.node('LayerNormalization', [sum, gamma, ...(beta === undefined ? [] : [beta])], attributes);
  return [normalized, '', '', sum].slice(0, node.outputs.length);
}

/** Sum of the embeddings of words, positions and segments, normalized; the mask's lengths as second output. */
export function embedLayerNormalization(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const [ids = '', , words = '', positions = ''] = node.inputs;
  const [segmentIds, segments, mask, positionIds] = [context.input(1), context.input(4), context.input(7), context.input(8)];
  const [batch = 1, length = 1] = facts(ids).shape;
  if (intAttribute(node, 'mask_index_type', 1) !== 1) context.refuse('mask_index_type');
  const ofPosition = positionIds === undefined ? build.slice(positions, 0, 0, length) : build.node('Gather', [positions, positionIds]);
  const parts = build.add(build.node('Gather', [words, ids]), ofPosition);
  const sum = segmentIds === undefined || segments === undefined ? parts : build.add(parts, build.node('Gather', [segments, segmentIds]));
  const normalized = build.node('LayerNormalization', [sum, node.inputs[5] ?? '', node.inputs[6] ?? ''],
    { axis: int(-1), epsilon: float(floatAttribute(node, 'epsilon', 1e-12)) });
  const lengths = (): string => (mask === undefined ? build.filled([batch], 0, 'int32') : build.reduceSum(mask, [1], false));
  return [normalized, (node.outputs[1] ?? '') === '' ? '' : lengths(), sum].slice(0, node.outputs.length);
}

/** Group normalization with channels last or first, then x * sigmoid(x) where `activation` is 1. CUDA has the only kernel. */
export function groupNorm({ node, build, facts }: ForwardContext): readonly string[] {
  const [x = '', gamma = '', beta = ''] = node.inputs;
  const rank = facts(x).shape.length;
  const last = intAttribute(node, 'channels_last', 1) === 1;
  const inner = Array.from({ length: rank - 2 }, (_, index) => index + 1);
  const first = last ? build.node('Transpose', [x], { perm: ints([0, rank - 1, ...inner]) }) : x;
  const attributes = { num_groups: int(intAttribute(node, 'groups', 1)), epsilon: float(floatAttribute(node, 'epsilon', 1e-5)) };
  const normalized = build.node('GroupNormalization', [first, gamma, beta], attributes);
  const back = last ? build.node('Transpose', [normalized], { perm: ints([0, ...inner.map((axis) => axis + 1), 1]) }) : normalized;
  return [intAttribute(node, 'activation', 0) === 1 ? build.mul(back, build.node('Sigmoid', [back])) : back];
}

export function biasGelu({ node, build }: ForwardContext): readonly string[] {
  return [build.node('Gelu', [build.add(node.inputs[0] ?? '', node.inputs[1] ?? '')])];
}

/** Gelu by tanh, of x + bias where there is one. */
export function fastGelu(context: ForwardContext): readonly string[] {
  const { node, build } = context;
  const bias = context.input(1);
  const x = node.inputs[0] ?? '';
  return [build.node('Gelu', [bias === undefined ? x : build.add(x, bias)], { approximate: string('tanh') })];
}

/** x * sigmoid(alpha * x). */
export function quickGelu({ node, build }: ForwardContext): readonly string[] {
  const x = node.inputs[0] ?? '';
  const alpha = floatAttribute(node, 'alpha', 1.702);
  return [build.mul(x, build.node('Sigmoid', [alpha === 1 ? x : build.mul(x, build.scalar(alpha))]))];
}

/** The left half of x + bias times the Gelu of the right one. CUDA has the only kernel. */
export function biasSplitGelu({ node, build, facts }: ForwardContext): readonly string[] {
  const half = (facts(node.inputs[0] ?? '').shape.at(-1) ?? 0) / 2;
  const sum = build.add(node.inputs[0] ?? '', node.inputs[1] ?? '');
  const [left = '', right = ''] = build.nodes('Split', [sum, build.ints([half, half])], 2, { axis: int(-1) });
  return [build.mul(left, build.node('Gelu', [right]))];
}
