// Which stored tensors are a node's parameters: numbers that were learned, not shapes, axes, clipping bounds or
// quantization scales. Found through the constant nodes before the node (Reshape, Transpose, Cast, DequantizeLinear, ...).

import { intAttribute } from '../ir/attributes';
import { bitsOf, type DataType, isFloat, isInteger } from '../ir/dataTypes';
import type { Node } from '../ir/model';
import { fixed, type ShapeMap } from '../ir/shapes/index';
import type { Constants } from './constants';
import { roleOf } from './layerRoles';

/** What is known of tensors by name: of one graph, or of the graphs around it too. */
export type Shapes = Pick<ShapeMap['tensors'], 'get'>;

/** Inputs that steer an operator and hold no parameters, by position. */
const steering: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1], Expand: [1], Tile: [1], Squeeze: [1], Unsqueeze: [1], Slice: [1, 2, 3, 4], Split: [1], Pad: [1, 2, 3],
  Resize: [1, 2, 3], Upsample: [1], Clip: [1, 2], Dropout: [1, 2], TopK: [1], OneHot: [0, 1, 2], Range: [0, 1, 2],
  ConstantOfShape: [0], Gather: [1], GatherElements: [1], GatherND: [1], ScatterElements: [1], ScatterND: [1], CumSum: [1],
  Trilu: [1], Pow: [1], Where: [0], CastLike: [1], ReverseSequence: [1], NonMaxSuppression: [0, 1, 2, 3, 4],
  QuantizeLinear: [1, 2], DequantizeLinear: [1, 2], MatMulInteger: [2, 3], ConvInteger: [2, 3],
  QLinearConv: [1, 2, 4, 5, 6, 7], QLinearMatMul: [1, 2, 4, 5, 6, 7], QGemm: [1, 2, 4, 5, 7, 8],
  QLinearAdd: [1, 2, 4, 5, 6, 7], QLinearMul: [1, 2, 4, 5, 6, 7], MatMulIntegerToFloat: [2, 3, 4, 5],
  DynamicQuantizeMatMul: [2, 3], MatMulNBits: [2, 3, 4], MatMulBnb4: [2], GatherBlockQuantized: [1, 2, 3],
  LSTM: [4], GRU: [4], RNN: [4],
};

/** Operators whose integer inputs are weights. */
const integerWeights = new Set([
  'ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul', 'QGemm', 'QLinearAdd', 'QLinearMul',
  'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulNBits', 'MatMulBnb4', 'GatherBlockQuantized',
]);

const reductionAxes = 1;

function steers(node: Node, input: number): boolean {
  if (node.opType.startsWith('Reduce')) return input === reductionAxes;
  // Output scale and zero point, then triples of tensor, scale, zero point.
  if (node.opType === 'QLinearConcat') return input < 2 || (input - 2) % 3 !== 0;
  const listed = Object.hasOwn(steering, node.opType) ? steering[node.opType] : undefined;
  // The other quantized operators take one tensor, then scales and zero points.
  if (listed === undefined) return node.opType.startsWith('QLinear') && input > 0;
  return listed.includes(input);
}

/** Names of the stored or generated tensors behind the parameters of `node`; none for nodes that are constant themselves. */
export function weightLeaves(node: Node, constants: Constants, tensors: Shapes): string[] {
  if (constants.nodes.has(node)) return [];
  return node.inputs.flatMap((name, input) =>
    name !== '' && constants.has(name) && isParameter(node, input, tensors) ? leavesOf(name, constants, node.opType !== 'Concat') : []);
}

/** A lone number in cheap arithmetic (an epsilon, a scale) is no parameter; a bias of one output channel is. */
function isParameter(node: Node, input: number, tensors: Shapes): boolean {
  if (steers(node, input)) return false;
  const value = tensors.get(node.inputs[input] ?? '');
  if (value === undefined || (!isFloat(value.type) && !integerWeights.has(node.opType) && !isQuantizedTable(node, value.type))) return false;
  const role = roleOf(node);
  const count = fixed(value.shape)?.reduce((product, dim) => product * dim, 1);
  return count !== 1 || (role !== 'elementwise' && role !== 'follower') || node.opType === 'PRelu';
}

/** An embedding in 8 bits or fewer that is dequantized after the look-up; wider integers are indices or shapes. */
function isQuantizedTable(node: Node, type: DataType): boolean {
  return node.opType === 'Gather' && isInteger(type) && bitsOf(type) <= 8;
}

/** What was found before in one graph: where chains of single constant nodes begin, and leaves for both kinds of users. */
interface Memory {
  readonly starts: Map<string, string>;
  readonly leaves: Map<string, readonly string[]>;
}

const memories = new WeakMap<Constants, Memory>();

/** A tensor computed from more stored ones than this counts as one that is stored itself. */
const maxLeaves = 1000;

/**
 * `generated`: whether results of ConstantOfShape count (models published without their weights are made so). What
 * Concat lays beside an activation is padding, not weights. Chains of constant nodes may be long: no recursion.
 */
function leavesOf(name: string, constants: Constants, generated: boolean): readonly string[] {
  const memory = memories.get(constants) ?? { starts: new Map<string, string>(), leaves: new Map<string, readonly string[]>() };
  memories.set(constants, memory);
  const start = startOf(name, constants, memory);
  const key = `${String(generated)} ${start}`;
  const leaves = memory.leaves.get(key) ?? walk(start, constants, generated, memory);
  memory.leaves.set(key, leaves);
  return leaves;
}

function sourcesOf(name: string, constants: Constants): readonly string[] {
  const producer = constants.producer(name);
  return producer === undefined || producer.opType === 'ConstantOfShape' ? []
    : producer.inputs.filter((input, position) => input !== '' && !steers(producer, position));
}

/** Follows nodes with one source, such as Reshape and DequantizeLinear, to the tensor where they begin. */
function startOf(name: string, constants: Constants, { starts }: Memory): string {
  const path: string[] = [];
  let at = name;
  for (;;) {
    const known = starts.get(at);
    if (known !== undefined) {
      at = known;
      break;
    }
    path.push(at);
    const [source, ...others] = sourcesOf(at, constants);
    if (source === undefined || others.length > 0) break;
    at = source;
  }
  for (const passed of path) starts.set(passed, at);
  return at;
}

function walk(name: string, constants: Constants, generated: boolean, memory: Memory): readonly string[] {
  const leaves: string[] = [];
  const seen = new Set([name]);
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.size > maxLeaves) return [name];
    const sources = sourcesOf(next, constants);
    if (sources.length === 0 && (constants.producer(next)?.opType !== 'ConstantOfShape' || generated)) leaves.push(next);
    for (const source of sources.toReversed()) {
      const start = startOf(source, constants, memory);
      if (seen.has(start)) continue;
      seen.add(start);
      waiting.push(start);
    }
  }
  return leaves;
}

/**
 * Parameters in a packed tensor, for operators whose weights hold several a byte: MatMulNBits by its attributes K and N,
 * GatherBlockQuantized by `bits`; undefined for all others.
 */
export function packedParameters(node: Node, bytes: number): number | undefined {
  if (node.opType === 'MatMulNBits' || node.opType === 'MatMulBnb4') return intAttribute(node, 'K', 0) * intAttribute(node, 'N', 0);
  if (node.opType === 'GatherBlockQuantized') return (bytes * 8) / intAttribute(node, 'bits', 4);
  return undefined;
}
