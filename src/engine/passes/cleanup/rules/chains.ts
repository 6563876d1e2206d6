// Rules about nodes in a row that one node, or none, can do: Casts, Slices, Concats, and everything that only reshapes.

import { intAttribute, ints, intsAttribute } from '../../../ir/attributes';
import { type DataType, dataTypeOf } from '../../../ir/dataTypes';
import { isOp, type Node } from '../../../ir/model';
import type { NdArray } from '../../../ports';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { elementType, sameShape, shapeOf } from '../types';
import { knownTarget } from './shapes';

/** Types that hold every value of another type exactly. */
const holds: Readonly<Partial<Record<DataType, readonly DataType[]>>> = {
  bool: ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64', 'float16', 'float32', 'float64'],
  uint8: ['uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64', 'float16', 'float32', 'float64'],
  int8: ['int16', 'int32', 'int64', 'float16', 'float32', 'float64'],
  uint16: ['uint32', 'int32', 'uint64', 'int64', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint32: ['uint64', 'int64', 'float64'],
  int32: ['int64', 'float64'],
  float16: ['float32', 'float64'],
  bfloat16: ['float32', 'float64'],
  float32: ['float64'],
};

/** A Cast to a type that holds every value, and another Cast after it: the second one alone gives the same. */
export const castPairs: CleanupRule = {
  id: 'castPairs',
  apply(editor, { typeOf }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = isOp(node, 'Cast') ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, 'Cast')) continue;
      const source = first.inputs[0] ?? '';
      const from = elementType(typeOf(source));
      const between = dataTypeOf(intAttribute(first, 'to', 0));
      if (from === undefined || between === undefined || holds[from]?.includes(between) !== true) continue;
      editor.setInput(node, 0, source);
      edits += 1;
    }
    return edits;
  },
};

interface Cut {
  readonly starts: readonly bigint[];
  readonly ends: readonly bigint[];
  readonly axes: readonly bigint[];
  readonly steps: readonly bigint[];
}

/** Slices of different axes in a row are one Slice. */
export const slicePairs: CleanupRule = {
  id: 'slicePairs',
  async apply(editor, { opset }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = opset >= 10 && isOp(node, 'Slice') ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, 'Slice')) continue;
      const [inner, outer] = [await cutOf(first, editor), await cutOf(node, editor)];
      if (inner === undefined || outer === undefined || inner.axes.some((axis) => outer.axes.includes(axis))) continue;
      const plain = [...inner.steps, ...outer.steps].every((step) => step === 1n);
      const inputs = (plain ? ['starts', 'ends', 'axes'] as const : ['starts', 'ends', 'axes', 'steps'] as const).map((part) =>
        editor.addConstant(`${node.outputs[0] ?? ''}_${part}`, int64([...inner[part], ...outer[part]])));
      editor.setInputs(node, [first.inputs[0] ?? '', ...inputs]);
      edits += 1;
    }
    return edits;
  },
};

/** Starts, ends, axes and steps of a Slice, if they are constant and the axes are counted from the front. */
async function cutOf(node: Node, editor: GraphEditor): Promise<Cut | undefined> {
  const [starts, ends, axes, steps] = await Promise.all([1, 2, 3, 4].map((index) => wholeNumbers(node.inputs[index], editor)));
  if (starts === undefined || ends === undefined) return undefined;
  if ((node.inputs[3] ?? '') !== '' && axes === undefined || (node.inputs[4] ?? '') !== '' && steps === undefined) return undefined;
  const cut = { starts, ends, axes: axes ?? starts.map((_, axis) => BigInt(axis)), steps: steps ?? starts.map(() => 1n) };
  return cut.axes.every((axis) => axis >= 0n) ? cut : undefined;
}

async function wholeNumbers(name: string | undefined, editor: GraphEditor): Promise<readonly bigint[] | undefined> {
  const values = await editor.constantValues(name);
  return values === undefined ? undefined : Array.from(values.data as ArrayLike<number | bigint>, BigInt);
}

function int64(values: readonly bigint[]): NdArray {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values) };
}

/** A Concat of a Concat along the same axis is one Concat. */
export const concatPairs: CleanupRule = {
  id: 'concatPairs',
  apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Concat')) continue;
      const inner = node.inputs.map((input) => editor.producer(input)).find((producer) =>
        producer !== undefined && isOp(producer, 'Concat') && editor.soleConsumer(producer.outputs[0] ?? '') === node
        && intAttribute(producer, 'axis', 1) === intAttribute(node, 'axis', 1));
      // Counted from the back, the axis is the same only where it is written the same; both have one rank.
      if (inner === undefined) continue;
      editor.setInputs(node, node.inputs.flatMap((input) => (input === inner.outputs[0] ? inner.inputs : [input])));
      editor.inherit(node, inner);
      editor.remove(inner);
      edits += 1;
    }
    return edits;
  },
};

/** A Split put together again, and a Split into one part. */
export const noOpSplit: CleanupRule = {
  id: 'noOpSplit',
  apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const whole = isOp(node, 'Split') && node.outputs.length === 1 ? node.inputs[0] : isOp(node, 'Concat') ? joined(node, editor) : undefined;
      if (whole !== undefined && editor.bypass(node, whole)) edits += 1;
    }
    return edits;
  },
};

function joined(node: Node, editor: GraphEditor): string | undefined {
  const split = editor.producer(node.inputs[0] ?? '');
  if (split === undefined || !isOp(split, 'Split') || split.outputs.length !== node.inputs.length) return undefined;
  // Split counts from axis 0 by default, Concat has no default from opset 4 on.
  const same = intAttribute(split, 'axis', 0) === intAttribute(node, 'axis', NaN);
  return same && split.outputs.every((output, index) => output === node.inputs[index]) ? split.inputs[0] : undefined;
}

/** Unsqueezes in a row are one. */
export const unsqueezePairs: CleanupRule = {
  id: 'unsqueezePairs',
  async apply(editor, { opset }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = isOp(node, 'Unsqueeze') ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, 'Unsqueeze')) continue;
      const [inner, outer] = [await axesOf(first, editor), await axesOf(node, editor)];
      if (inner === undefined || outer === undefined) continue;
      const axes = [...outer];
      // An inner axis is the one at that place among those that the outer Unsqueeze did not add.
      for (let axis = 0, place = 0; place <= Math.max(...inner); axis++) {
        if (outer.includes(axis)) continue;
        if (inner.includes(place)) axes.push(axis);
        place++;
      }
      axes.sort((left, right) => left - right);
      const source = first.inputs[0] ?? '';
      // From opset 13 on the axes are an input.
      if (opset < 13) editor.become(node, 'Unsqueeze', [source], { axes: ints(axes) });
      else editor.become(node, 'Unsqueeze', [source, editor.addConstant(`${node.outputs[0] ?? ''}_axes`, int64(axes.map(BigInt)))]);
      edits += 1;
    }
    return edits;
  },
};

/** Constant axes that are counted from the front. */
async function axesOf(node: Node, editor: GraphEditor): Promise<readonly number[] | undefined> {
  const axes = intsAttribute(node, 'axes') ?? (await wholeNumbers(node.inputs[1], editor))?.map(Number);
  return axes?.every((axis) => axis >= 0) === true ? axes : undefined;
}

const reshaping = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'] as const;

/**
 * Nodes in a row that only reshape: one Reshape where the result is known but for one dimension, or nothing where it is
 * the shape from before.
 */
export const reshapeChains: CleanupRule = {
  id: 'reshapeChains',
  apply(editor, context) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = isOp(node, ...reshaping) ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, ...reshaping) || (isOp(first, 'Unsqueeze') && isOp(node, 'Unsqueeze'))) continue;
      if (join(first, node, editor, context)) edits += 1;
    }
    return edits;
  },
};

function join(first: Node, node: Node, editor: GraphEditor, context: RuleContext): boolean {
  const source = first.inputs[0] ?? '';
  const [from, to] = [shapeOf(context.typeOf(source)), shapeOf(context.typeOf(node.outputs[0] ?? ''))];
  if (sameShape(from, to)) return editor.bypass(node, source);
  const target = knownTarget(from, to);
  if (target === undefined) return false;
  const shape = editor.addConstant(`${node.outputs[0] ?? ''}_shape`, int64(target.map(BigInt)));
  editor.become(node, 'Reshape', [source, shape]);
  return true;
}

/** A Slice from the start to the end of every axis, whatever their sizes. */
export function slicesNothing(starts: readonly bigint[], ends: readonly bigint[], steps: readonly bigint[]): boolean {
  // Exporters write the end of an axis as the largest 32- or 64-bit integer.
  const endless = 2n ** 31n - 1n;
  return starts.every((start) => start === 0n) && ends.every((end) => end >= endless) && steps.every((step) => step === 1n);
}

export const openSlice: CleanupRule = {
  id: 'openSlice',
  async apply(editor, { opset }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const cut = opset >= 10 && isOp(node, 'Slice') ? await cutOf(node, editor) : undefined;
      if (cut !== undefined && slicesNothing(cut.starts, cut.ends, cut.steps) && editor.bypass(node, node.inputs[0] ?? '')) edits += 1;
    }
    return edits;
  },
};

