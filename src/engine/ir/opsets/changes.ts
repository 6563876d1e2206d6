// Changes of operators that a model must follow when its opset is raised, by operator and by the opset that brought them.
// Every other entry of history.ts only widened types or added an option whose default keeps the meaning.

import { floatAttribute, floatsAttribute, int, intAttribute, string, stringAttribute } from '../attributes';
import { makeNode } from '../build';
import type { Node } from '../model';
import type { NdArray } from '../../ports';
import type { Change, ChangeTools } from './tools';
import { groupsToChannels, normalizePositions, scanOverBatch, withdrawnPixelMode } from './rewrites';

const axesToInput: Change = (node, tools) => intsToInput(node, 'axes', 1, tools);

const reduceAt18 = { 18: axesToInput };

export const changes: Readonly<Record<string, Readonly<Record<number, Change>>>> = {
  BatchNormalization: {
    9(node, tools) {
      if (intAttribute(node, 'spatial', 1) === 0) normalizePositions(node, tools);
      node.attributes.delete('spatial');
    },
    14(node, { isUsed, refuse }) {
      // The further outputs were those of training; their number and order changed.
      if (node.outputs.slice(1).some(isUsed)) refuse();
      node.outputs.length = 1;
    },
  },
  Clip: {
    11(node, { scalarLike }) {
      const [low, high] = [floatAttribute(node, 'min'), floatAttribute(node, 'max')];
      const data = node.inputs[0] ?? '';
      const bounds = [low, high].map((bound, index) => (bound === undefined ? '' : scalarLike(index === 0 ? 'min' : 'max', bound, data)));
      node.inputs = trimmed([data, ...bounds]);
      node.attributes.delete('min');
      node.attributes.delete('max');
    },
  },
  DFT: {
    20(node, { constant }) {
      // The axis was an attribute with default 1, and became an input with default -2.
      const axis = constant('axis', int64Scalar(intAttribute(node, 'axis', 1)));
      node.inputs = [node.inputs[0] ?? '', node.inputs[1] ?? '', axis];
      node.attributes.delete('axis');
    },
  },
  Dropout: {
    10(node, { isUsed, refuse }) {
      // The mask became boolean.
      if (isUsed(node.outputs[1] ?? '')) refuse();
      node.outputs.length = 1;
    },
    12(node, { constant }) {
      const ratio = floatAttribute(node, 'ratio');
      if (ratio !== undefined) node.inputs = [node.inputs[0] ?? '', constant('ratio', { type: 'float32', dims: [], data: Float32Array.of(ratio) })];
      node.attributes.delete('ratio');
    },
  },
  GridSample: {
    20(node) {
      const renamed: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
      const mode = stringAttribute(node, 'mode', 'bilinear');
      node.attributes.set('mode', string(renamed[mode] ?? mode));
    },
  },
  GroupNormalization: { 21: groupsToChannels },
  Hardmax: { 13: coercedToLastAxis },
  LogSoftmax: { 13: coercedToLastAxis },
  Pad: {
    11(node, tools) {
      const data = node.inputs[0] ?? '';
      const value = floatAttribute(node, 'value', 0);
      intsToInput(node, 'pads', 1, tools);
      if (value !== 0 && stringAttribute(node, 'mode', 'constant') === 'constant') node.inputs.push(tools.scalarLike('value', value, data));
      node.attributes.delete('value');
    },
  },
  ReduceL1: reduceAt18,
  ReduceL2: reduceAt18,
  ReduceLogSum: reduceAt18,
  ReduceLogSumExp: reduceAt18,
  ReduceMax: reduceAt18,
  ReduceMean: reduceAt18,
  ReduceMin: reduceAt18,
  ReduceProd: reduceAt18,
  ReduceSum: { 13: axesToInput },
  ReduceSumSquare: reduceAt18,
  Resize: {
    11: resizeFrom10,
    13: withdrawnPixelMode,
  },
  RoiAlign: {
    16(node) {
      // The default became half_pixel.
      node.attributes.set('coordinate_transformation_mode', string('output_half_pixel'));
    },
  },
  Scan: { 9: scanOverBatch },
  Scatter: { 11: (node) => { node.opType = 'ScatterElements'; } },
  Slice: {
    10(node, { constant }) {
      const starts = wholeNumbers(node, 'starts') ?? [];
      const ends = wholeNumbers(node, 'ends') ?? [];
      const axes = wholeNumbers(node, 'axes') ?? starts.map((_, axis) => BigInt(axis));
      const inputs = [['starts', starts], ['ends', ends], ['axes', axes]] as const;
      node.inputs = [node.inputs[0] ?? '', ...inputs.map(([name, values]) => constant(name, int64List(values)))];
      for (const [name] of inputs) node.attributes.delete(name);
    },
  },
  Softmax: { 13: coercedToLastAxis },
  Split: {
    13: (node, tools) => { intsToInput(node, 'split', 1, tools); },
    18(node) {
      if ((node.inputs[1] ?? '') === '') node.attributes.set('num_outputs', int(node.outputs.length));
    },
  },
  Squeeze: { 13: axesToInput },
  TopK: {
    10(node, { constant }) {
      node.inputs = [node.inputs[0] ?? '', constant('k', int64List([BigInt(intAttribute(node, 'k', 1))]))];
      node.attributes.delete('k');
    },
  },
  Unsqueeze: { 13: axesToInput },
  Upsample: {
    9(node, { constant, refuse }) {
      const scales = floatsAttribute(node, 'scales');
      if (scales === undefined) return refuse();
      node.inputs = [node.inputs[0] ?? '', constant('scales', { type: 'float32', dims: [scales.length], data: Float32Array.from(scales) })];
      node.attributes.delete('scales');
    },
    10(node) {
      node.opType = 'Resize';
      enlarging.add(node);
    },
  },
};

/** Resize nodes that were an Upsample, whose scales are 1 or more by definition. */
const enlarging = new WeakSet<Node>();

/**
 * Below opset 13, Softmax and its family saw their input as a matrix, split at `axis` (default 1), and worked on its rows.
 * That is one axis where at most one dimension from `axis` on is not 1; else the matrix is made by hand.
 */
function coercedToLastAxis(node: Node, { emit, freeName, shape }: ChangeTools): void {
  const axis = intAttribute(node, 'axis', 1);
  const dims = shape(node.inputs[0] ?? '');
  if (dims !== undefined) {
    const first = axis < 0 ? axis + dims.length : axis;
    const wide = dims.flatMap((dim, at) => (at >= first && dim !== 1 ? [at] : []));
    if (wide.length <= 1) {
      node.attributes.set('axis', int(wide[0] ?? dims.length - 1));
      return;
    }
  }
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const [matrix, dimensions, result] = [freeName(`${output}_matrix`), freeName(`${output}_shape`), freeName(`${output}_rows`)];
  emit(makeNode('Flatten', [input], [matrix], { axis: int(axis) }));
  emit(makeNode('Shape', [input], [dimensions]));
  emit(makeNode(node.opType, [matrix], [result], { axis: int(-1) }));
  node.opType = 'Reshape';
  node.inputs = [result, dimensions];
  node.attributes.clear();
}

/**
 * Resize of opset 10 (and Upsample) maps output pixel x to x / scale; nearest takes the floor when it enlarges and the
 * ceiling when it shrinks (onnxruntime, upsample.cc: ResizeNearestMode SIMPLE).
 */
async function resizeFrom10(node: Node, { constant, constantValues, refuse }: ChangeTools): Promise<void> {
  const [data = '', scales = ''] = node.inputs;
  node.attributes.set('coordinate_transformation_mode', string('asymmetric'));
  if (stringAttribute(node, 'mode', 'nearest') === 'nearest') {
    const factors = await constantValues(scales);
    const enlarges = factors?.every((factor) => factor >= 1) ?? enlarging.has(node);
    const shrinks = factors?.every((factor) => factor <= 1) ?? false;
    if (!enlarges && !shrinks) refuse();
    node.attributes.set('nearest_mode', string(enlarges ? 'floor' : 'ceil'));
  }
  node.inputs = [data, constant('roi', { type: 'float32', dims: [0], data: new Float32Array(0) }), scales];
}

function intsToInput(node: Node, attribute: string, position: number, { constant }: ChangeTools): void {
  const values = wholeNumbers(node, attribute);
  node.attributes.delete(attribute);
  if (values === undefined) return;
  node.inputs.length = position;
  node.inputs.push(constant(attribute, int64List(values)));
}

/** As 64-bit integers: the end of a Slice is often the largest of them, which no float64 holds. */
function wholeNumbers(node: Node, attribute: string): readonly bigint[] | undefined {
  const found = node.attributes.get(attribute);
  return found?.kind === 'ints' ? found.value : undefined;
}

function int64List(values: readonly bigint[]): NdArray {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values) };
}

function int64Scalar(value: number): NdArray {
  return { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) };
}

function trimmed(inputs: readonly string[]): string[] {
  const last = inputs.findLastIndex((input) => input !== '');
  return inputs.slice(0, last + 1);
}
