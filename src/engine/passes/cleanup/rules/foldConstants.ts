// Constant folding: nodes that depend on constants only are computed once by onnxruntime and become initializers. Results
// that would make the file bigger are left to be computed at run time.

import { subgraphs } from '../../../ir/attributes';
import { makeGraph, makeModel } from '../../../ir/build';
import { bytesOf } from '../../../ir/dataTypes';
import { capturedTensors } from '../../../ir/graphIndex';
import { elementCount, isDefaultDomain, type Node } from '../../../ir/model';
import { storedBytes } from '../../../ir/tensors';
import { EngineError, throwIfAborted } from '../../../error';
import type { NdArray } from '../../../ports';
import { FREE_INITIALIZERS_IR, type GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { elementType, staticShape } from '../types';

/** Not a function of their inputs alone, not tensors, or kept on purpose: a DequantizeLinear is how a weight stays small. */
const never: ReadonlySet<string> = new Set([
  'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli', 'Dropout',
  'Constant', 'DequantizeLinear', 'Optional', 'OptionalGetElement', 'OptionalHasElement', 'SequenceAt', 'SequenceConstruct',
  'SequenceEmpty', 'SequenceErase', 'SequenceInsert', 'SequenceLength', 'SplitToSequence', 'ConcatFromSequence',
]);

/** Results of up to this many bytes are folded even where they take more room than the nodes did (shapes, index lists). */
const SMALL_RESULT = 1024;

export const foldConstants: CleanupRule = foldConstantsUpTo(SMALL_RESULT);

/** Never a byte more than the nodes took: for models that the generous rule would make bigger. */
export const foldConstantsStrictly: CleanupRule = foldConstantsUpTo(0);

function foldConstantsUpTo(smallResult: number): CleanupRule {
  return {
    id: 'foldConstants',
    async apply(editor, context) {
      const foldable = findFoldable(editor, context, smallResult);
      if (foldable.length === 0) return 0;
      const values = await computed(foldable, editor, context);
      if (values === undefined) return 0;
      for (const node of [...foldable].reverse()) {
        for (const output of node.outputs) if (values[output] !== undefined) editor.adoptConstant(output, values[output]);
        editor.remove(node);
      }
      return foldable.length;
    },
  };
}

/** Nodes to fold, in topological order: inputs are constants or outputs of nodes before them in the list. */
function findFoldable(editor: GraphEditor, context: RuleContext, smallResult: number): Node[] {
  const known = computable(editor, context);
  const found = new Set<Node>();
  const sizes = new Map<string, number>();
  const accept = (node: Node): void => {
    found.add(node);
    for (const output of node.outputs) sizes.set(output, known.sizes.get(output) ?? 0);
  };
  for (const node of known.nodes) {
    if (!node.inputs.every((input) => input === '' || sizes.has(input) || editor.constant(input) !== undefined)) continue;
    const total = node.outputs.reduce((sum, output) => sum + (known.sizes.get(output) ?? 0), 0);
    if (total <= smallResult || total <= bytesFreed(node, editor, sizes)) accept(node);
  }
  for (const group of groups(known.nodes.filter((node) => !found.has(node)), editor)) {
    if (groupResult(group, editor, known.sizes) <= groupFreed(group, editor)) for (const node of group) accept(node);
  }
  return known.nodes.filter((node) => found.has(node));
}

interface Computable {
  readonly nodes: readonly Node[];
  /** Bytes of their outputs. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Every node that depends on constants alone and has results of a known size. */
function computable(editor: GraphEditor, context: RuleContext): Computable {
  const nodes: Node[] = [];
  const sizes = new Map<string, number>();
  for (const node of editor.nodes()) {
    if (!isDefaultDomain(node.domain) || never.has(node.opType) || subgraphs(node).length > 0) continue;
    if (node.outputs.some((output) => editor.isOutput(output))) continue;
    if (!node.inputs.every((input) => input === '' || sizes.has(input) || editor.constant(input) !== undefined)) continue;
    const outputs = node.outputs.filter((output) => output !== '');
    const results = outputs.map((output) => resultBytes(output, context));
    if (!results.every((size) => size !== undefined)) continue;
    nodes.push(node);
    outputs.forEach((output, index) => sizes.set(output, results[index] ?? 0));
  }
  return { nodes, sizes };
}

/** Nodes that share a value between them, or a constant too large to be an axis or a shape: gates cut from one weight, say. */
function groups(nodes: readonly Node[], editor: GraphEditor): readonly (readonly Node[])[] {
  const groupOf = new Map<string, Set<Node>>();
  const all = new Set<Set<Node>>();
  for (const node of nodes) {
    const shared = [...node.outputs, ...node.inputs.filter((input) => {
      const tensor = editor.constant(input);
      return tensor === undefined || storedBytes(tensor) > SMALL_RESULT;
    })];
    const joined = new Set<Node>([node]);
    for (const value of shared) {
      const other = groupOf.get(value);
      if (other === undefined || other === joined) continue;
      all.delete(other);
      for (const member of other) joined.add(member);
    }
    all.add(joined);
    for (const member of joined) for (const value of [...member.outputs, ...member.inputs]) if (groupOf.get(value) !== undefined) groupOf.set(value, joined);
    for (const value of shared) groupOf.set(value, joined);
  }
  return [...all].map((group) => nodes.filter((node) => group.has(node)));
}

/** Bytes of the results that are read outside the group. */
function groupResult(group: readonly Node[], editor: GraphEditor, sizes: ReadonlyMap<string, number>): number {
  const results = group.flatMap((node) => node.outputs).filter((output) => output !== '' && isReadOutside(output, group, editor));
  return results.reduce((sum, output) => sum + (sizes.get(output) ?? 0), 0);
}

/** What the file loses with the group: the records, and the constants that nothing else reads. */
function groupFreed(group: readonly Node[], editor: GraphEditor): number {
  const constants = new Set(group.flatMap((node) => node.inputs));
  const records = group.reduce((sum, node) => sum + recordBytes(node), 0);
  return [...constants].reduce((sum, input) => {
    const tensor = editor.isOwn(input) && !editor.isOutput(input) ? editor.constant(input) : undefined;
    const freed = tensor !== undefined && editor.consumers(input).every((reader) => group.includes(reader));
    return sum + (freed ? storedBytes(tensor) : 0);
  }, records);
}

/** About what a node's own record takes. */
function recordBytes(node: Node): number {
  return [node.opType, node.name, ...node.inputs].reduce((sum, text) => sum + text.length, 0);
}

function resultBytes(output: string, { typeOf }: RuleContext): number | undefined {
  const type = typeOf(output);
  const element = elementType(type);
  const shape = staticShape(type);
  if (element === undefined || element === 'string' || shape === undefined) return undefined;
  return bytesOf(element, elementCount(shape));
}

/** What the file loses with the node: its own record, and the constants that nothing else reads. */
function bytesFreed(node: Node, editor: GraphEditor, sizes: ReadonlyMap<string, number>): number {
  return [...new Set(node.inputs)].reduce((sum, input) => {
    if (editor.soleConsumer(input) !== node) return sum;
    const tensor = editor.constant(input);
    return sum + (sizes.get(input) ?? (tensor === undefined ? 0 : storedBytes(tensor)));
  }, recordBytes(node));
}

/** Undefined where onnxruntime cannot compute them here (an element type or opset without kernels): the nodes stay. */
async function computed(nodes: readonly Node[], editor: GraphEditor, context: RuleContext): Promise<Record<string, NdArray> | undefined> {
  try {
    return await compute(nodes, editor, context);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'cancelled') throw error;
    return undefined;
  }
}

async function compute(nodes: readonly Node[], editor: GraphEditor, context: RuleContext): Promise<Record<string, NdArray>> {
  throwIfAborted(context.signal);
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const wanted = [...made].filter((output) => output !== '' && isReadOutside(output, nodes, editor));
  const read = new Set(nodes.flatMap((node) => [...node.inputs, ...capturedTensors(node)]));
  const graph = makeGraph({
    name: 'constants',
    nodes,
    inputs: [],
    outputs: wanted.map((name) => ({ name })),
    initializers: [...read].flatMap((name) => editor.constant(name) ?? []),
  });
  const { opsets, irVersion } = editor.model;
  const model = makeModel(graph, Object.fromEntries(opsets), Math.max(irVersion, FREE_INITIALIZERS_IR));
  const session = await context.runtime.createSession(model, { optimization: 'disabled', threads: 1 });
  try {
    return await session.run({});
  } finally {
    await session.release();
  }
}

function isReadOutside(output: string, nodes: readonly Node[], editor: GraphEditor): boolean {
  return editor.consumers(output).some((reader) => !nodes.includes(reader));
}
