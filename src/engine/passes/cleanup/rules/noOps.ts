// Rules that take out nodes whose output equals their first input: identities, and operators whose attributes, constants
// or shapes make them do nothing.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import { dataTypeOf } from '../../../ir/dataTypes';
import { elementCount, isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { elementType, sameShape, shapeOf, staticShape } from '../types';

type Test = (node: Node, editor: GraphEditor, context: RuleContext) => Promise<boolean> | boolean;

/** A rule that bypasses every node of the operators that passes the test. */
function bypassRule(id: string, opTypes: readonly string[], doesNothing: Test, where: NonNullable<CleanupRule['where']> = 'bodies'): CleanupRule {
  return {
    id,
    where,
    async apply(editor, context) {
      let edits = 0;
      for (const node of editor.nodes()) {
        const input = node.inputs[0] ?? '';
        if (!isOp(node, ...opTypes) || input === '' || othersUsed(node, editor)) continue;
        if (await doesNothing(node, editor, context) && editor.bypass(node, input)) edits += 1;
      }
      return edits;
    },
  };
}

/** Whether something reads the second or a later output (the mask of Dropout). */
function othersUsed(node: Node, editor: GraphEditor): boolean {
  return node.outputs.slice(1).some((output) => output !== '' && (editor.isOutput(output) || editor.consumers(output).length > 0));
}

export const identity = bypassRule('identity', ['Identity'], () => true, 'functions');

/** Sum, Mean, Max, Min and Concat of one input are that input. */
export const singleInput = bypassRule('singleInput', ['Sum', 'Mean', 'Max', 'Min', 'Concat'], (node) => node.inputs.length === 1, 'functions');

/** In inference Dropout passes its input on; from opset 12 it trains when `training_mode` (input 2) is true. */
export const dropout = bypassRule('dropout', ['Dropout'], async (node, editor) => {
  const training = node.inputs[2] ?? '';
  if (training === '') return true;
  const values = await editor.constantValues(training);
  return values !== undefined && Number(values.data[0]) === 0;
});

export const noOpCast = bypassRule('noOpCast', ['Cast'], (node, _editor, { typeOf }) => {
  const from = elementType(typeOf(node.inputs[0] ?? ''));
  return from !== undefined && from === dataTypeOf(intAttribute(node, 'to', 0));
});

export const noOpTranspose = bypassRule('noOpTranspose', ['Transpose'], (node) =>
  intsAttribute(node, 'perm')?.every((axis, position) => axis === position) ?? false, 'functions');

/** Reshape, Flatten, Expand and Squeeze whose output shape is known to be the input's, by numbers or by the same symbols. */
export const noOpReshape = bypassRule('noOpReshape', ['Reshape', 'Flatten', 'Expand', 'Squeeze'], (node, _editor, { typeOf }) => {
  return sameShape(shapeOf(typeOf(node.inputs[0] ?? '')), shapeOf(typeOf(node.outputs[0] ?? '')));
});

export const noOpPad = bypassRule('noOpPad', ['Pad'], async (node, editor) => {
  const pads = intsAttribute(node, 'pads') ?? (await numbers(editor, node.inputs[1]));
  return pads !== undefined && pads.length > 0 && pads.every((pad) => pad === 0);
});

/** A Slice with positive steps that leaves every dimension at its static size keeps all of it. */
export const noOpSlice = bypassRule('noOpSlice', ['Slice'], async (node, editor, { typeOf }) => {
  const from = staticShape(typeOf(node.inputs[0] ?? ''));
  const to = staticShape(typeOf(node.outputs[0] ?? ''));
  if (!sameShape(from, to)) return false;
  const steps = node.inputs[4] === undefined || node.inputs[4] === '' ? [] : await numbers(editor, node.inputs[4]);
  return steps?.every((step) => step > 0) ?? false;
});

/** The neutral constant of the second operand: x + 0, x - 0, x * 1, x / 1, x ^ 1; Add and Mul also the other way round. */
const neutral: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1, Pow: 1 };

export const noOpArithmetic: CleanupRule = {
  id: 'noOpArithmetic',
  async apply(editor, context) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const value = neutral[node.opType];
      if (value === undefined || !isOp(node, node.opType)) continue;
      const commutes = isOp(node, 'Add', 'Mul');
      for (const [operand, other] of commutes ? [[0, 1], [1, 0]] as const : [[0, 1]] as const) {
        const kept = node.inputs[operand] ?? '';
        if (!(await isNeutral(editor, node.inputs[other], value)) || !keepsShape(node, kept, context)) continue;
        if (editor.bypass(node, kept)) edits += 1;
        break;
      }
    }
    return edits;
  },
};

/** Larger constants are rarely neutral and not worth reading. */
const LARGEST_NEUTRAL = 1 << 16;

async function isNeutral(editor: GraphEditor, name: string | undefined, value: number): Promise<boolean> {
  const tensor = editor.constant(name);
  if (tensor === undefined || elementCount(tensor.dims) > LARGEST_NEUTRAL) return false;
  const values = await numbers(editor, name);
  // A float16 array holds bits, not numbers.
  return tensor.type !== 'float16' && tensor.type !== 'bfloat16' && values !== undefined && values.length > 0
    && values.every((item) => Object.is(item, value) || (value !== 0 && item === value));
}

/** Broadcasting must not have changed the shape, and Pow must not have changed the type. */
function keepsShape(node: Node, kept: string, { typeOf }: RuleContext): boolean {
  const from = typeOf(kept);
  const to = typeOf(node.outputs[0] ?? '');
  return sameShape(shapeOf(from), shapeOf(to)) && elementType(from) !== undefined && elementType(from) === elementType(to);
}

async function numbers(editor: GraphEditor, name: string | undefined): Promise<number[] | undefined> {
  const values = await editor.constantValues(name);
  return values === undefined ? undefined : Array.from(values.data as ArrayLike<number | bigint>, Number);
}

/** Transpose of a Transpose is one Transpose, or nothing where they undo each other. */
export const transposePairs: CleanupRule = {
  id: 'transposePairs',
  where: 'functions',
  apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = isOp(node, 'Transpose') ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, 'Transpose')) continue;
      const [inner, outer] = [intsAttribute(first, 'perm'), intsAttribute(node, 'perm')];
      if (inner === undefined || outer === undefined) continue;
      node.attributes.set('perm', { kind: 'ints', value: outer.map((axis) => BigInt(inner[axis] ?? axis)) });
      editor.setInput(node, 0, first.inputs[0] ?? '');
      edits += 1;
    }
    return edits;
  },
};

/** Only the last of several Reshapes in a row counts, unless it copies a dimension of its input (a 0). */
export const reshapePairs: CleanupRule = {
  id: 'reshapePairs',
  async apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const first = isOp(node, 'Reshape') ? editor.producer(node.inputs[0] ?? '') : undefined;
      if (first === undefined || !isOp(first, 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze')) continue;
      const shape = await numbers(editor, node.inputs[1]);
      if (shape === undefined || (shape.includes(0) && intAttribute(node, 'allowzero', 0) === 0)) continue;
      editor.setInput(node, 0, first.inputs[0] ?? '');
      edits += 1;
    }
    return edits;
  },
};

/** Operators whose output is never negative, so that a Relu after them does nothing. */
const nonNegative = ['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Exp', 'Abs', 'Sqrt'];

export const noOpRelu = bypassRule('noOpRelu', ['Relu'], (node, editor) => {
  const producer = editor.producer(node.inputs[0] ?? '');
  return producer !== undefined && isOp(producer, ...nonNegative);
});

/** A Clip without bounds. */
export const noOpClip = bypassRule('noOpClip', ['Clip'], (node) =>
  node.inputs.slice(1).every((bound) => bound === '') && node.attributes.size === 0);

/** Relu before a Clip whose lower bound is not negative adds nothing. */
export const reluBeforeClip: CleanupRule = {
  id: 'reluBeforeClip',
  async apply(editor) {
    let edits = 0;
    for (const clip of editor.nodes()) {
      const relu = isOp(clip, 'Clip') ? editor.producer(clip.inputs[0] ?? '') : undefined;
      if (relu === undefined || !isOp(relu, 'Relu') || clip.attributes.size > 0) continue;
      const low = await editor.constantValues(clip.inputs[1]);
      if (low?.type !== 'float32' || !(Number(low.data[0]) >= 0)) continue;
      editor.setInput(clip, 0, relu.inputs[0] ?? '');
      editor.inherit(clip, relu);
      edits += 1;
    }
    return edits;
  },
};
