// Rules that replace shape arithmetic by what shape inference knows about its results.

import { type Dim, isOp } from '../../../ir/model';
import { fixed, type TensorShape } from '../../../ir/shapes/index';
import type { NdArray } from '../../../ports';
import type { CleanupRule } from '../rule';
import { elementType, shapeOf, staticShape } from '../types';

/** Integer values that follow from fixed shapes alone (Shape, Gather of it, products of it, ...) become constants. */
export const knownShapes: CleanupRule = {
  id: 'knownShapes',
  apply(editor, { typeOf }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const output = node.outputs[0] ?? '';
      const values = node.outputs.length === 1 && !editor.isOutput(output) ? knownValues(typeOf(output)) : undefined;
      if (values === undefined) continue;
      editor.adoptConstant(output, values);
      editor.remove(node);
      edits += 1;
    }
    return edits;
  },
};

function knownValues(type: TensorShape | undefined): NdArray | undefined {
  const values = fixed(type?.value);
  const dims = staticShape(type);
  if (values === undefined || dims === undefined || !values.every(Number.isSafeInteger)) return undefined;
  switch (elementType(type)) {
    case 'int64': return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
    case 'int32': return { type: 'int32', dims, data: Int32Array.from(values) };
    case 'bool': return { type: 'bool', dims, data: Uint8Array.from(values) };
    default: return undefined;
  }
}

/**
 * A Reshape whose target is computed, but whose result is known but for one dimension, or for dimensions it copies from
 * the same place of its input: those are written -1 and 0.
 */
export const reshapeTargets: CleanupRule = {
  id: 'reshapeTargets',
  apply(editor, { typeOf }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Reshape') || editor.constant(node.inputs[1]) !== undefined) continue;
      const target = knownTarget(shapeOf(typeOf(node.inputs[0] ?? '')), shapeOf(typeOf(node.outputs[0] ?? '')));
      if (target === undefined) continue;
      const name = editor.addConstant(`${node.outputs[0] ?? ''}_shape`, { type: 'int64', dims: [target.length], data: BigInt64Array.from(target, BigInt) });
      editor.setInputs(node, [node.inputs[0] ?? '', name]);
      node.attributes.delete('allowzero');
      edits += 1;
    }
    return edits;
  },
};

/** The constant input of a Reshape between these shapes; undefined where more than one dimension would be open. */
export function knownTarget(from: readonly Dim[] | undefined, to: readonly Dim[] | undefined): readonly number[] | undefined {
  // A dimension of 0 would leave -1 without a meaning.
  if (to === undefined || to.includes(0) || from?.includes(0) === true) return undefined;
  // Leading dimensions that stay are copied even where they are known: onnxruntime recognises attention by [0, 0, heads, size].
  const leading = to.findIndex((dim, axis) => dim === null || dim !== from?.[axis]);
  const target = to.map((dim, axis) => (axis < leading ? 0 : typeof dim === 'number' ? dim : isCopied(dim, from?.[axis]) ? 0 : -1));
  return target.filter((dim) => dim === -1).length <= 1 ? target : undefined;
}

function isCopied(dim: Dim, source: Dim | undefined): boolean {
  return dim !== null && dim === source;
}
