// Rules that fold a BatchNormalization, or arithmetic with a constant, into the linear node before it: Conv, ConvTranspose,
// Gemm, MatMul (scales only), or another BatchNormalization.

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import { isOp, type Node } from '../../../ir/model';
import { type ByChannel, foldAffine, type LinearNode, linearBefore, type Parameter, parameter } from '../channelAffine';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { shapeOf } from '../types';

/** Default of BatchNormalization's `epsilon`. */
const EPSILON = 1e-5;

export const foldBatchNormalization: CleanupRule = {
  id: 'foldBatchNormalization',
  async apply(editor, { typeOf }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'BatchNormalization') || !isInference(node, editor)) continue;
      const value = node.inputs[0] ?? '';
      const linear = await linearBefore(value, node, shapeOf(typeOf(value))?.length, editor);
      // The channel is axis 1 here: the last one of a matrix only.
      const isChannel = linear !== undefined && (!isOp(linear.node, 'MatMul') || shapeOf(typeOf(value))?.length === 2);
      const affine = isChannel ? await batchNormAffine(node, editor) : undefined;
      if (linear === undefined || affine?.scale.length !== linear.channels) continue;
      if (!foldAffine(linear, affine.scale, affine.shift, node.inputs[2] ?? '', editor)) continue;
      replace(linear.node, node, editor);
      edits += 1;
    }
    return edits;
  },
};

/** Normalizes with stored statistics and per channel; below opset 9 `spatial` 0 would normalize each position. */
export function isInference(node: Node, editor: GraphEditor): boolean {
  return intAttribute(node, 'training_mode', 0) === 0 && intAttribute(node, 'spatial', 1) === 1
    && node.outputs.slice(1).every((output) => output === '' || (editor.consumers(output).length === 0 && !editor.isOutput(output)));
}

/** y = x * scale + shift with scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale, in float64. */
export async function batchNormAffine(node: Node, editor: GraphEditor): Promise<{ readonly scale: Float64Array; readonly shift: Float64Array } | undefined> {
  const [gamma, beta, mean, variance] = await Promise.all(node.inputs.slice(1, 5).map((name) => parameter(editor, name)));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', EPSILON);
  const channels = gamma.dims[0] ?? 0;
  const at = ({ data }: typeof gamma, channel: number): number => (typeof data === 'number' ? data : (data[channel] ?? 0));
  const scale = Float64Array.from({ length: channels }, (_, channel) => at(gamma, channel) / Math.sqrt(at(variance, channel) + epsilon));
  const shift = Float64Array.from(scale, (factor, channel) => at(beta, channel) - at(mean, channel) * factor);
  return { scale, shift };
}

/** y = x * scale + shift, with `constant` the other operand and `first` telling that x is the first operand. */
type Arithmetic = (constant: ByChannel, first: boolean) => { readonly scale: ByChannel; readonly shift: ByChannel } | undefined;

const scaling: Readonly<Record<string, Arithmetic>> = {
  Mul: (constant) => ({ scale: constant, shift: [0] }),
  Div: (constant, first) => (first ? { scale: Array.from(constant, (value) => 1 / value), shift: [0] } : undefined),
};

const shifting: Readonly<Record<string, Arithmetic>> = {
  Add: (constant) => ({ scale: [1], shift: constant }),
  Sub: (constant, first) => (first
    ? { scale: [1], shift: Array.from(constant, (value) => -value) }
    : { scale: [-1], shift: constant }),
};

export const foldScale: CleanupRule = { id: 'foldScale', apply: (editor, context) => foldArithmetic(editor, context, scaling) };
export const foldShift: CleanupRule = { id: 'foldShift', apply: (editor, context) => foldArithmetic(editor, context, shifting) };

async function foldArithmetic(editor: GraphEditor, { typeOf }: RuleContext, table: Readonly<Record<string, Arithmetic>>): Promise<number> {
  let edits = 0;
  for (const node of editor.nodes()) {
    const rule = table[node.opType];
    if (rule === undefined || !isOp(node, node.opType)) continue;
    const [left, right] = await Promise.all([parameter(editor, node.inputs[0]), parameter(editor, node.inputs[1])]);
    const position = left !== undefined ? 0 : 1;
    const value = node.inputs[1 - position] ?? '';
    if ((left === undefined) === (right === undefined)) continue;
    const rank = shapeOf(typeOf(value))?.length;
    const linear = await linearBefore(value, node, rank, editor);
    if (linear === undefined) continue;
    const constant = byChannel(left ?? right, linear, rank);
    const affine = constant === undefined ? undefined : rule(constant, position === 1);
    if (affine === undefined || !Array.from(affine.scale).every(Number.isFinite)) continue;
    if (!foldAffine(linear, affine.scale, affine.shift, node.inputs[position] ?? '', editor)) continue;
    replace(linear.node, node, editor);
    edits += 1;
  }
  return edits;
}

/** The constant as values by channel, if it broadcasts along the channel axis only and keeps the output's shape. */
function byChannel(constant: Parameter | undefined, { after, channels, weight, node }: LinearNode, known: number | undefined): ByChannel | undefined {
  const rank = isOp(node, 'Gemm') ? 2 : isOp(node, 'Conv', 'ConvTranspose') ? weight.dims.length : known;
  if (constant === undefined || rank === undefined || constant.type !== weight.type || constant.dims.length > rank) return undefined;
  const channelAxis = constant.dims.length - 1 - after;
  if (!constant.dims.every((dim, axis) => dim === 1 || (axis === channelAxis && dim === channels))) return undefined;
  return typeof constant.data === 'number' ? [constant.data] : Array.from(constant.data);
}

/** The linear node takes over the name of what it now computes: a value's name keeps its meaning. */
function replace(linear: Node, folded: Node, editor: GraphEditor): void {
  const output = folded.outputs[0] ?? '';
  editor.inherit(linear, folded);
  editor.remove(folded);
  editor.renameOutput(linear, linear.outputs[0] ?? '', output);
}
