// Rules about padding: a Pad into the Conv or AveragePool behind it, and zeros joined to a tensor, which are a Pad.

import { int, intAttribute, ints, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';
import { shapeOf } from '../types';

export const padIntoWindow: CleanupRule = {
  id: 'padIntoWindow',
  async apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const value = node.inputs[0] ?? '';
      const pad = isOp(node, 'Conv', 'AveragePool') ? editor.producer(value) : undefined;
      if (pad === undefined || !isOp(pad, 'Pad') || editor.soleConsumer(value) !== node || node.inputs.indexOf(value, 1) !== -1) continue;
      const added = await zerosAround(pad, editor);
      if (added === undefined || !takePads(node, added)) continue;
      editor.setInput(node, 0, pad.inputs[0] ?? '');
      editor.inherit(node, pad);
      editor.remove(pad);
      edits += 1;
    }
    return edits;
  },
};

/** Begins and ends by axis of a Pad with zeros at constant places; undefined for another Pad, or one that crops. */
async function zerosAround(pad: Node, editor: GraphEditor): Promise<readonly number[] | undefined> {
  if (stringAttribute(pad, 'mode', 'constant') !== 'constant' || (pad.inputs[3] ?? '') !== '') return undefined;
  const values = await editor.constantValues(pad.inputs[1]);
  const pads = intsAttribute(pad, 'pads') ?? (values === undefined ? undefined : Array.from(values.data as ArrayLike<bigint>, Number));
  const fill = (pad.inputs[2] ?? '') === '' ? (pad.attributes.get('value')?.value ?? 0) : await editor.constantScalar(pad.inputs[2]);
  return pads?.every((size) => size >= 0) === true && fill === 0 ? pads : undefined;
}

/** Adds the padding of the spatial axes to the node's own; false where batch or channels are padded, or sizes are automatic. */
function takePads(node: Node, added: readonly number[]): boolean {
  const rank = added.length / 2;
  if (rank < 3 || [0, 1, rank, rank + 1].some((at) => added[at] !== 0)) return false;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return false;
  const own = intsAttribute(node, 'pads') ?? Array<number>(2 * (rank - 2)).fill(0);
  if (isOp(node, 'AveragePool')) {
    // Padding of its own that does not count would have to be told from the Pad's, which does.
    const counts = intAttribute(node, 'count_include_pad', 0) === 1;
    if (intAttribute(node, 'ceil_mode', 0) !== 0 || (!counts && own.some((size) => size !== 0))) return false;
    node.attributes.set('count_include_pad', int(1));
  }
  node.attributes.set('pads', ints(own.map((size, at) => size + (added[at < rank - 2 ? at + 2 : at + 4] ?? 0))));
  return true;
}

/** Joining generated zeros (or another value) to one tensor pads it. */
export const concatFill: CleanupRule = {
  id: 'concatFill',
  async apply(editor, { opset, typeOf }) {
    let edits = 0;
    // Below opset 11 Pad takes its sizes as attributes.
    if (opset < 11) return edits;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Concat') || node.inputs.length !== 2) continue;
      const fills = await Promise.all(node.inputs.map((input) => editor.uniform(input)));
      const at = fills.findIndex((fill) => fill !== undefined);
      const fill = fills[at];
      const data = node.inputs[1 - at] ?? '';
      const rank = shapeOf(typeOf(data))?.length;
      // A second generated tensor is a constant to fold; other types than float32 would need another constant.
      if (fill === undefined || fills[1 - at] !== undefined || fill.type !== 'float32' || rank !== fill.dims.length) continue;
      const axis = intAttribute(node, 'axis', 0);
      const from = axis < 0 ? axis + rank : axis;
      const pads = Array<number>(2 * rank).fill(0);
      pads[at === 0 ? from : rank + from] = fill.dims[from] ?? 0;
      const name = editor.addConstant(`${node.outputs[0] ?? ''}_pads`, { type: 'int64', dims: [pads.length], data: BigInt64Array.from(pads, BigInt) });
      const value = fill.value === 0 ? [] : [editor.addConstant(`${node.outputs[0] ?? ''}_fill`, { type: 'float32', dims: [], data: Float32Array.of(fill.value) })];
      editor.become(node, 'Pad', [data, name, ...value]);
      edits += 1;
    }
    return edits;
  },
};
