// Folding y * scale + shift, one pair an output channel, into the weights and bias of Conv, ConvTranspose, Gemm, MatMul and
// BatchNormalization. The arithmetic is in float64; the result is rounded once to the type of the weights.

import { floatAttribute, intAttribute } from '../../ir/attributes';
import { makeNode } from '../../ir/build';
import { elementCount, isOp, type Node } from '../../ir/model';
import { tensorFrom } from '../../ir/tensors';
import type { NdArray } from '../../ports';
import type { GraphEditor } from './graphEditor';

/** A float parameter: its values, or the one value of all of them where a ConstantOfShape generates it. */
export interface Parameter {
  readonly type: 'float32' | 'float64';
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array | number;
}

/** What a linear node needs before something can be folded into it. */
export interface LinearNode {
  readonly node: Node;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  /** Output channels. */
  readonly channels: number;
  /** Axes of the output after the channel's. */
  readonly after: number;
}

/** Values by channel, or one for all channels. */
export type ByChannel = readonly number[] | Float64Array;

/** The values of a float32 or float64 constant, generated ones included. */
export async function parameter(editor: GraphEditor, name: string | undefined): Promise<Parameter | undefined> {
  const uniform = await editor.uniform(name);
  if (uniform !== undefined) return { type: uniform.type, dims: uniform.dims, data: uniform.value };
  const tensor = editor.constant(name);
  if (tensor?.type !== 'float32' && tensor?.type !== 'float64') return undefined;
  const { data, dims } = await editor.constantValues(name) as NdArray;
  return { type: tensor.type, dims, data: data as Float32Array | Float64Array };
}

/**
 * The node that makes `value`, if `value` goes nowhere but to `reader` and the node's weight is a constant float32 or
 * float64 of its own; undefined where folding would change something else (shared weight, second consumer).
 *
 * @param rank Rank of `value`, where it is known.
 */
export async function linearBefore(value: string, reader: Node, rank: number | undefined, editor: GraphEditor): Promise<LinearNode | undefined> {
  const node = editor.producer(value);
  if (node === undefined || !isOp(node, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'BatchNormalization')) return undefined;
  if (editor.soleConsumer(value) !== reader || reader.inputs.filter((input) => input === value).length !== 1) return undefined;
  const weightName = node.inputs[1] ?? '';
  const weight = await parameter(editor, weightName);
  if (weight === undefined || node.inputs.filter((input) => input === weightName).length !== 1) return undefined;
  if (typeof weight.data !== 'number' && editor.soleConsumer(weightName) !== node) return undefined;
  const biasName = node.inputs[2] ?? '';
  const bias = await parameter(editor, biasName);
  if (biasName !== '' && bias === undefined) return undefined;
  const after = axesAfterChannel(node, weight.dims, rank);
  const channels = channelsOf(node, weight.dims);
  const length = bias === undefined ? 1 : elementCount(bias.dims);
  // Gemm broadcasts C to [M, N]: only a C that is the same for every row is a bias.
  if (bias !== undefined && (length !== channels && length !== 1 || bias.dims.slice(0, -1).some((dim) => dim !== 1))) return undefined;
  return after === undefined ? undefined : { node, weight, bias, channels, after };
}

function axesAfterChannel(node: Node, dims: readonly number[], rank: number | undefined): number | undefined {
  if (isOp(node, 'Gemm')) return 0;
  // A vector or a stack of matrices has no columns to scale.
  if (isOp(node, 'MatMul')) return dims.length === 2 && rank !== undefined && rank >= 2 ? 0 : undefined;
  if (!isOp(node, 'BatchNormalization')) return dims.length - 2;
  const trains = intAttribute(node, 'training_mode', 0) !== 0 || intAttribute(node, 'spatial', 1) === 0;
  return rank === undefined || rank < 2 || trains ? undefined : rank - 2;
}

function channelsOf(node: Node, dims: readonly number[]): number {
  if (isOp(node, 'Conv', 'BatchNormalization')) return dims[0] ?? 0;
  if (isOp(node, 'MatMul')) return dims[1] ?? 0;
  if (isOp(node, 'Gemm')) return dims[intAttribute(node, 'transB', 0) === 1 ? 0 : 1] ?? 0;
  return (dims[1] ?? 0) * intAttribute(node, 'group', 1);
}

/**
 * Makes the node compute its output times `scale` plus `shift`; `name` names a bias that was not there. False, and nothing
 * done, where the node has no place for a bias or generated weights would not stay generated.
 */
export function foldAffine(linear: LinearNode, scale: ByChannel, shift: ByChannel, name: string, editor: GraphEditor): boolean {
  const { node, weight, bias, channels } = linear;
  const beta = isOp(node, 'Gemm') ? floatAttribute(node, 'beta', 1) : 1;
  const folded = Float64Array.from({ length: channels }, (_, channel) =>
    beta * at(bias?.data, channel) * at(scale, channel) + at(shift, channel));
  const needsBias = bias !== undefined || folded.some((value) => value !== 0);
  if (needsBias && isOp(node, 'MatMul')) return false;
  if (typeof weight.data === 'number') {
    if (!isUniform(scale) || !isUniform(folded)) return false;
    if (at(scale, 0) !== 1) editor.setInput(node, 1, generate(editor, node, `${name}_weights`, weight.type, weight.dims, weight.data * at(scale, 0)));
    if (needsBias) editor.setInput(node, 2, generate(editor, node, name, weight.type, [channels], folded[0] ?? 0));
  } else {
    if (Array.from(scale).some((factor) => factor !== 1)) {
      editor.adoptConstant(node.inputs[1] ?? '', { type: weight.type, dims: weight.dims, data: scaled(node, weight.data, weight.dims, scale) });
    }
    if (needsBias) setBias(linear, folded, name, editor);
  }
  node.attributes.delete('beta');
  return true;
}

function setBias({ node, weight, bias, channels }: LinearNode, values: Float64Array, name: string, editor: GraphEditor): void {
  const array: NdArray = { type: weight.type, dims: [channels], data: weight.type === 'float32' ? Float32Array.from(values) : values };
  const biasName = node.inputs[2] ?? '';
  if (bias !== undefined && typeof bias.data !== 'number' && editor.soleConsumer(biasName) === node) editor.adoptConstant(biasName, array);
  else editor.setInput(node, 2, editor.addConstant(name, array));
}

/** A ConstantOfShape before `reader`; gives the name of its output. Equal ones are shared by the rules about duplicates. */
function generate(editor: GraphEditor, reader: Node, wanted: string, type: Parameter['type'], dims: readonly number[], value: number): string {
  const output = editor.freeName(wanted);
  const shape = editor.addConstant(`${output}_shape`, { type: 'int64', dims: [dims.length], data: BigInt64Array.from(dims, BigInt) });
  const fill = tensorFrom('', { type, dims: [1], data: type === 'float32' ? Float32Array.of(value) : Float64Array.of(value) });
  editor.insert(makeNode('ConstantOfShape', [shape], [output], { value: { kind: 'tensor', value: fill } }), reader, reader);
  return output;
}

function scaled(node: Node, source: Float32Array | Float64Array, dims: readonly number[], scale: ByChannel): Float32Array | Float64Array {
  const result = source.slice();
  const channel = channelOfElement(node, dims);
  for (let index = 0; index < source.length; index++) result[index] = (source[index] ?? 0) * at(scale, channel(index));
  return result;
}

/** Output channel that a weight's element (by its row-major index) belongs to. */
function channelOfElement(node: Node, dims: readonly number[]): (index: number) => number {
  const [first = 1, second = 1] = dims;
  const inner = elementCount(dims.slice(1));
  if (isOp(node, 'Conv', 'BatchNormalization')) return (index) => Math.floor(index / inner);
  if (isOp(node, 'MatMul')) return (index) => index % second;
  if (isOp(node, 'Gemm')) {
    return intAttribute(node, 'transB', 0) === 1 ? (index) => Math.floor(index / second) : (index) => index % second;
  }
  // ConvTranspose: [inputs, outputs / group, ...kernel]; consecutive inputs form a group.
  const kernel = elementCount(dims.slice(2));
  const inputsPerGroup = first / intAttribute(node, 'group', 1);
  return (index) => Math.floor(Math.floor(index / inner) / inputsPerGroup) * second + (Math.floor(index / kernel) % second);
}

function isUniform(values: ByChannel): boolean {
  return Array.from(values).every((value) => value === values[0]);
}

function at(values: ArrayLike<number> | number | undefined, channel: number): number {
  if (values === undefined) return 0;
  return typeof values === 'number' ? values : (values[values.length === 1 ? 0 : channel] ?? 0);
}
