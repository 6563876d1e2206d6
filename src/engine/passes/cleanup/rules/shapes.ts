// The rule that replaces shape arithmetic by what shape inference knows about its results.

import type { NdArray } from '../../../ports';
import { fixed, type TensorShape } from '../../../ir/shapes/index';
import type { CleanupRule } from '../rule';
import { elementType, staticShape } from '../types';

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
    default: return undefined;
  }
}
