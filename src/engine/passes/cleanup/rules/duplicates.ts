// Rules about nodes that need not be there: those nobody reads, and those that compute what another node has computed.

import { subgraphs } from '../../../ir/attributes';
import type { Attribute, Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';

export const deadNodes: CleanupRule = {
  id: 'deadNodes',
  where: 'functions',
  apply(editor) {
    const before = [...editor.nodes()];
    let edits = 0;
    for (const node of before.reverse()) {
      if (node.outputs.some((output) => editor.isOutput(output) || editor.consumers(output).length > 0)) continue;
      editor.remove(node);
      edits += 1;
    }
    return edits;
  },
};

/** Give another result each time they run. */
const random: ReadonlySet<string> = new Set([
  'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli', 'Dropout',
]);

export const duplicateNodes: CleanupRule = {
  id: 'duplicateNodes',
  where: 'functions',
  apply(editor) {
    const first = new Map<string, Node>();
    let edits = 0;
    for (const node of editor.nodes()) {
      const key = computationKey(node);
      if (key === undefined || random.has(node.opType)) continue;
      const twin = first.get(key);
      if (twin === undefined) first.set(key, node);
      else if (merge(twin, node, editor)) edits += 1;
    }
    return edits;
  },
};

function merge(twin: Node, node: Node, editor: GraphEditor): boolean {
  if (node.outputs.length !== twin.outputs.length || node.outputs.some((output) => editor.isOutput(output))) return false;
  // An output that only one of them names would be lost.
  if (node.outputs.some((output, index) => (output === '') !== (twin.outputs[index] === ''))) return false;
  editor.inherit(twin, node);
  node.outputs.forEach((output, index) => { if (output !== '') editor.replaceUses(output, twin.outputs[index] ?? ''); });
  editor.remove(node);
  return true;
}

/** Equal for nodes that compute the same; undefined where that cannot be told cheaply. */
function computationKey(node: Node): string | undefined {
  if (subgraphs(node).length > 0) return undefined;
  const attributes = [...node.attributes].sort(([left], [right]) => (left < right ? -1 : 1));
  const values = attributes.map(([name, attribute]) => `${name}=${attributeKey(attribute)}`);
  if (values.some((value) => value.endsWith('=undefined'))) return undefined;
  return JSON.stringify([node.domain, node.opType, node.overload, node.inputs, values]);
}

/** Tensor attributes up to this many bytes are compared. */
const TENSOR_BYTES = 4096;

function attributeKey(attribute: Attribute): string | undefined {
  switch (attribute.kind) {
    case 'strings':
      return attribute.value.map((text) => text.join()).join(';');
    case 'float': case 'floats': case 'int': case 'ints': case 'string':
      return `${attribute.kind}:${String(attribute.value)}`;
    case 'tensor': {
      const { type, dims, data } = attribute.value;
      if ('strings' in data || !('bytes' in data.at) || data.at.bytes.length > TENSOR_BYTES) return undefined;
      return `tensor:${type}:${dims.join()}:${data.encoding}:${data.at.bytes.join()}`;
    }
    default:
      return undefined;
  }
}
