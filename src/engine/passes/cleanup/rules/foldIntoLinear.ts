// Rules that fold a BatchNormalization, or arithmetic with a constant, into the Conv, ConvTranspose or Gemm before it.

import { floatAttribute, intAttribute } from '../../../ir/attributes';
import { isOp, type Node } from '../../../ir/model';
import type { NdArray } from '../../../ports';
import { type ByChannel, foldAffine, type LinearNode, linearBefore } from '../channelAffine';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';

/** Default of BatchNormalization's `epsilon`. */
const EPSILON = 1e-5;

export const foldBatchNormalization: CleanupRule = {
  id: 'foldBatchNormalization',
  async apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'BatchNormalization') || !isInference(node, editor)) continue;
      const linear = await linearBefore(node.inputs[0] ?? '', node, editor);
      const affine = linear === undefined ? undefined : await batchNormAffine(node, editor);
      if (linear === undefined || affine?.scale.length !== linear.channels) continue;
      foldAffine(linear, affine.scale, affine.shift, node.inputs[2] ?? '', editor);
      replace(linear.node, node, editor);
      edits += 1;
    }
    return edits;
  },
};

/** Normalizes with stored statistics and per channel; below opset 9 `spatial` 0 would normalize each position. */
function isInference(node: Node, editor: GraphEditor): boolean {
  return intAttribute(node, 'training_mode', 0) === 0 && intAttribute(node, 'spatial', 1) === 1
    && node.outputs.slice(1).every((output) => output === '' || (editor.consumers(output).length === 0 && !editor.isOutput(output)));
}

/** y = x * scale + shift with scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale, in float64. */
async function batchNormAffine(node: Node, editor: GraphEditor): Promise<{ readonly scale: Float64Array; readonly shift: Float64Array } | undefined> {
  const [gamma, beta, mean, variance] = await Promise.all(node.inputs.slice(1, 5).map((name) => floats(editor, name)));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', EPSILON);
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt((variance[channel] ?? 0) + epsilon));
  const shift = Float64Array.from(beta, (value, channel) => value - (mean[channel] ?? 0) * (scale[channel] ?? 0));
  return { scale, shift };
}

async function floats(editor: GraphEditor, name: string): Promise<ArrayLike<number> | undefined> {
  const values = await editor.constantValues(name);
  return values?.type === 'float32' || values?.type === 'float64' ? (values.data as Float32Array | Float64Array) : undefined;
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

export const foldScale: CleanupRule = { id: 'foldScale', apply: (editor) => foldArithmetic(editor, scaling) };
export const foldShift: CleanupRule = { id: 'foldShift', apply: (editor) => foldArithmetic(editor, shifting) };

async function foldArithmetic(editor: GraphEditor, table: Readonly<Record<string, Arithmetic>>): Promise<number> {
  let edits = 0;
  for (const node of editor.nodes()) {
    const rule = table[node.opType];
    if (rule === undefined || !isOp(node, node.opType)) continue;
    const position = node.inputs.findIndex((input) => editor.constant(input) !== undefined);
    const value = node.inputs[1 - position] ?? '';
    const linear = position === -1 ? undefined : await linearBefore(value, node, editor);
    if (linear === undefined) continue;
    const constant = byChannel(await editor.constantValues(node.inputs[position]), linear);
    const affine = constant === undefined ? undefined : rule(constant, position === 1);
    if (affine === undefined || !Array.from(affine.scale).every(Number.isFinite)) continue;
    foldAffine(linear, affine.scale, affine.shift, node.inputs[position] ?? '', editor);
    replace(linear.node, node, editor);
    edits += 1;
  }
  return edits;
}

/** The constant as values by channel, if it broadcasts along the channel axis (1) only and keeps the output's shape. */
function byChannel(constant: NdArray | undefined, { rank, channels, weight }: LinearNode): ByChannel | undefined {
  if (constant === undefined || constant.type !== weight.type || constant.dims.length > rank) return undefined;
  const channelAxis = constant.dims.length - (rank - 1);
  const fits = constant.dims.every((dim, axis) => dim === 1 || (axis === channelAxis && dim === channels));
  return fits ? Array.from(constant.data as Float32Array | Float64Array) : undefined;
}

/** The linear node takes over the name of what it now computes: a value's name keeps its meaning. */
function replace(linear: Node, folded: Node, editor: GraphEditor): void {
  const output = folded.outputs[0] ?? '';
  editor.inherit(linear, folded);
  editor.remove(folded);
  editor.renameOutput(linear, linear.outputs[0] ?? '', output);
}
