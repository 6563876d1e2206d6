// Rules about where constants live: weights listed as inputs, Constant nodes, copies of the same initializer, and
// initializers nobody reads.

import { fnv1a } from '../../../fnv';
import { intsAttribute } from '../../../ir/attributes';
import { isOp, type Node, type Tensor } from '../../../ir/model';
import { readTensor } from '../../../ir/tensors';
import type { NdArray } from '../../../ports';
import { FREE_INITIALIZERS_IR, type GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';

/**
 * Before IR 4 every weight had to be a graph input, and some exporters still write it so; onnxruntime then treats weights
 * as values that may change and optimizes nothing. The weights stay, the inputs go.
 */
export const weightInputs: CleanupRule = {
  id: 'weightInputs',
  where: 'main',
  apply({ model, graph }) {
    const kept = graph.inputs.filter((input) => !graph.initializers.has(input.name));
    const dropped = graph.inputs.length - kept.length;
    if (dropped === 0) return 0;
    graph.inputs = kept;
    model.irVersion = Math.max(model.irVersion, FREE_INITIALIZERS_IR);
    return dropped;
  },
};

export const constantNodes: CleanupRule = {
  id: 'constantNodes',
  apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const output = node.outputs[0] ?? '';
      // A graph output keeps its node: not every runtime takes an initializer as output.
      if (!isOp(node, 'Constant') || editor.isOutput(output)) continue;
      if (!moveToInitializer(editor, node, output)) continue;
      editor.remove(node);
      edits += 1;
    }
    return edits;
  },
};

function moveToInitializer(editor: GraphEditor, node: Node, output: string): boolean {
  const tensor = node.attributes.get('value');
  if (tensor?.kind === 'tensor') {
    editor.setInitializer({ ...tensor.value, name: output });
    return true;
  }
  const values = plainConstant(node);
  if (values === undefined) return false;
  editor.adoptConstant(output, values);
  return true;
}

/** The scalar and list forms of Constant (opset 12); strings and sparse tensors stay nodes. */
function plainConstant(node: Node): NdArray | undefined {
  const float = node.attributes.get('value_float');
  if (float?.kind === 'float') return { type: 'float32', dims: [], data: Float32Array.of(float.value) };
  const floats = node.attributes.get('value_floats');
  if (floats?.kind === 'floats') return { type: 'float32', dims: [floats.value.length], data: Float32Array.from(floats.value) };
  const int = node.attributes.get('value_int');
  if (int?.kind === 'int') return { type: 'int64', dims: [], data: BigInt64Array.of(int.value) };
  const ints = intsAttribute(node, 'value_ints');
  if (ints !== undefined) return { type: 'int64', dims: [ints.length], data: BigInt64Array.from(ints, BigInt) };
  return undefined;
}

export const duplicateInitializers: CleanupRule = {
  id: 'duplicateInitializers',
  async apply(editor) {
    let edits = 0;
    for (const alike of tensorsAlike(editor)) {
      const kept = new Map<number, Tensor[]>();
      for (const tensor of alike) {
        const bytes = bytesOf(await readTensor(tensor));
        // Equal hashes are compared byte by byte.
      const key = fnv1a(bytes);
        const candidates = kept.get(key) ?? [];
        const twin = await findTwin(bytes, candidates);
        if (twin === undefined) {
          kept.set(key, [...candidates, tensor]);
          continue;
        }
        editor.replaceUses(tensor.name, twin.name);
        editor.graph.initializers.delete(tensor.name);
        edits += 1;
      }
    }
    return edits;
  },
};

/** One tensor is in memory at a time: candidates are read again, which happens for copies only. */
async function findTwin(bytes: Uint8Array, candidates: readonly Tensor[]): Promise<Tensor | undefined> {
  for (const candidate of candidates) {
    const other = bytesOf(await readTensor(candidate));
    if (bytes.length === other.length && bytes.every((byte, index) => byte === other[index])) return candidate;
  }
  return undefined;
}

/** Groups of constants with the same type and shape, so that only likely copies are read. */
function tensorsAlike(editor: GraphEditor): Tensor[][] {
  const groups = new Map<string, Tensor[]>();
  for (const [name, tensor] of editor.graph.initializers) {
    if (editor.constant(name) === undefined || editor.isOutput(name)) continue;
    const key = `${tensor.type} ${tensor.dims.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), tensor]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function bytesOf({ data }: NdArray): Uint8Array {
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new TextEncoder().encode(JSON.stringify(data));
}

export const unusedInitializers: CleanupRule = {
  id: 'unusedInitializers',
  apply(editor) {
    const unused = [...editor.graph.initializers.keys()].filter((name) =>
      editor.constant(name) !== undefined && editor.consumers(name).length === 0 && !editor.isOutput(name));
    for (const name of unused) {
      editor.graph.initializers.delete(name);
      editor.graph.valueInfo.delete(name);
    }
    return unused.length;
  },
};
