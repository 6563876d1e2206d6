// Folding y * scale + shift, one pair an output channel, into the weights and bias of Conv, ConvTranspose and Gemm. The
// arithmetic is in float64; the result is rounded once to the type of the weights.

import { floatAttribute, intAttribute } from '../../ir/attributes';
import { elementCount, isOp, type Node } from '../../ir/model';
import type { NdArray } from '../../ports';
import type { GraphEditor } from './graphEditor';

/** What a linear node needs before something can be folded into it. */
export interface LinearNode {
  readonly node: Node;
  readonly weight: NdArray;
  readonly bias: NdArray | undefined;
  /** Output channels. */
  readonly channels: number;
  /** Rank of the output. */
  readonly rank: number;
}

/** Values by channel, or one for all channels. */
export type ByChannel = readonly number[] | Float64Array;

/**
 * The node that makes `value`, if `value` goes nowhere but to `reader` and the node's weight is a constant float32 or
 * float64 of its own; undefined where folding would change something else (shared weight, second consumer).
 */
export async function linearBefore(value: string, reader: Node, editor: GraphEditor): Promise<LinearNode | undefined> {
  const node = editor.producer(value);
  if (node === undefined || !isOp(node, 'Conv', 'ConvTranspose', 'Gemm')) return undefined;
  if (editor.soleConsumer(value) !== reader || reader.inputs.filter((input) => input === value).length !== 1) return undefined;
  const weightName = node.inputs[1] ?? '';
  if (editor.soleConsumer(weightName) !== node || node.inputs.filter((input) => input === weightName).length !== 1) return undefined;
  const weight = await editor.constantValues(weightName);
  if (weight === undefined || (weight.type !== 'float32' && weight.type !== 'float64')) return undefined;
  const biasName = node.inputs[2] ?? '';
  const bias = await editor.constantValues(biasName);
  if (biasName !== '' && bias === undefined) return undefined;
  const channels = channelsOf(node, weight.dims);
  const length = bias === undefined ? 1 : elementCount(bias.dims);
  // Gemm broadcasts C to [M, N]: only a C that is the same for every row is a bias.
  if (bias !== undefined && (length !== channels && length !== 1 || bias.dims.slice(0, -1).some((dim) => dim !== 1))) return undefined;
  return { node, weight, bias, channels, rank: weight.dims.length };
}

function channelsOf(node: Node, dims: readonly number[]): number {
  if (node.opType === 'Conv') return dims[0] ?? 0;
  if (node.opType === 'Gemm') return dims[intAttribute(node, 'transB', 0) === 1 ? 0 : 1] ?? 0;
  return (dims[1] ?? 0) * intAttribute(node, 'group', 1);
}

/** Makes the node compute its output times `scale` plus `shift`. `name` names a bias that was not there. */
export function foldAffine(linear: LinearNode, scale: ByChannel, shift: ByChannel, name: string, editor: GraphEditor): void {
  const { node, weight, bias, channels } = linear;
  if (Array.from(scale).some((factor) => factor !== 1)) {
    editor.adoptConstant(node.inputs[1] ?? '', { ...weight, data: scaled(node, weight, scale) });
  }
  const beta = node.opType === 'Gemm' ? floatAttribute(node, 'beta', 1) : 1;
  const folded = Float64Array.from({ length: channels }, (_, channel) =>
    beta * at(bias?.data as ArrayLike<number> | undefined, channel) * at(scale, channel) + at(shift, channel));
  if (bias === undefined && folded.every((value) => value === 0)) return;
  const values: NdArray = {
    type: weight.type,
    dims: [channels],
    data: weight.type === 'float32' ? Float32Array.from(folded) : folded,
  };
  const biasName = node.inputs[2] ?? '';
  if (bias !== undefined && editor.soleConsumer(biasName) === node) editor.adoptConstant(biasName, values);
  else editor.setInput(node, 2, editor.addConstant(name, values));
  node.attributes.delete('beta');
}

function scaled(node: Node, weight: NdArray, scale: ByChannel): Float32Array | Float64Array {
  const source = weight.data as Float32Array | Float64Array;
  const result = source.slice();
  const channel = channelOfElement(node, weight.dims);
  for (let index = 0; index < source.length; index++) result[index] = (source[index] ?? 0) * at(scale, channel(index));
  return result;
}

/** Output channel that a weight's element (by its row-major index) belongs to. */
function channelOfElement(node: Node, dims: readonly number[]): (index: number) => number {
  const [first = 1, second = 1] = dims;
  const inner = elementCount(dims.slice(1));
  if (node.opType === 'Conv') return (index) => Math.floor(index / inner);
  if (node.opType === 'Gemm') {
    return intAttribute(node, 'transB', 0) === 1 ? (index) => Math.floor(index / second) : (index) => index % second;
  }
  // ConvTranspose: [inputs, outputs / group, ...kernel]; consecutive inputs form a group.
  const kernel = elementCount(dims.slice(2));
  const inputsPerGroup = first / intAttribute(node, 'group', 1);
  return (index) => Math.floor(Math.floor(index / inner) / inputsPerGroup) * second + (Math.floor(index / kernel) % second);
}

function at(values: ArrayLike<number> | undefined, channel: number): number {
  if (values === undefined) return 0;
  return values[values.length === 1 ? 0 : channel] ?? 0;
}
