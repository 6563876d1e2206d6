// Transposes on both sides of operators that look at each element alone: those before move behind the operators, where
// they meet another Transpose, or each other, and become one.

import { ints, intsAttribute } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';

const unary = [
  'Abs', 'Neg', 'Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Mish', 'Gelu', 'Swish', 'Softplus',
  'Softsign', 'Tanh', 'Erf', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Sin', 'Cos', 'Not', 'Cast',
] as const;
const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min'] as const;

/** Operators that can be computed before the Transposes in front of them instead of behind. */
interface Cone {
  readonly perm: readonly number[];
  /** In the order of their dependence, last one last. */
  readonly operators: readonly Node[];
  readonly transposes: ReadonlySet<Node>;
}

const empty: Cone = { perm: [], operators: [], transposes: new Set() };

export const transposesAround: CleanupRule = {
  id: 'transposesAround',
  apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const input = node.inputs[0] ?? '';
      if (isOp(node, 'Transpose')) {
        const own = intsAttribute(node, 'perm');
        const cone = own === undefined ? undefined : coneOf(input, node, editor);
        if (own === undefined || cone === undefined || cone.operators.length === 0) continue;
        takeOut(cone, editor);
        node.attributes.set('perm', ints(own.map((axis) => cone.perm[axis] ?? axis)));
        edits += 1;
      } else if (isOp(node, ...binary)) {
        const cone = operatorCone(node, editor);
        if (cone === undefined || cone.transposes.size < 2) continue;
        takeOut(cone, editor, node);
        behind(node, cone.perm, editor);
        edits += 1;
      }
    }
    return edits;
  },
};

/** The cone of a value that only `reader` reads; undefined where one of its inputs would have to be transposed back. */
function coneOf(value: string, reader: Node, editor: GraphEditor): Cone | undefined {
  if (editor.constant(value)?.dims.every((dim) => dim === 1) === true && (editor.constant(value)?.dims.length ?? 0) <= 1) return empty;
  const node = editor.producer(value);
  if (node === undefined || editor.soleConsumer(value) !== reader) return undefined;
  if (!isOp(node, 'Transpose')) return operatorCone(node, editor);
  const perm = intsAttribute(node, 'perm');
  return perm === undefined ? undefined : { perm, operators: [], transposes: new Set([node]) };
}

function operatorCone(node: Node, editor: GraphEditor): Cone | undefined {
  if (!isOp(node, ...unary, ...binary) || node.outputs.length !== 1) return undefined;
  const parts = [...new Set(node.inputs)].map((input) => coneOf(input, node, editor));
  let cone = empty;
  for (const part of parts) {
    if (part === undefined) return undefined;
    if (cone.transposes.size > 0 && part.transposes.size > 0 && part.perm.join() !== cone.perm.join()) return undefined;
    cone = {
      perm: part.transposes.size > 0 ? part.perm : cone.perm,
      operators: [...cone.operators, ...part.operators],
      transposes: new Set([...cone.transposes, ...part.transposes]),
    };
  }
  return cone.transposes.size === 0 ? undefined : { ...cone, operators: [...cone.operators, node] };
}

/** Removes the Transposes; what the operators compute has another order of axes then, and new names (`last` keeps its own). */
function takeOut({ operators, transposes }: Cone, editor: GraphEditor, last?: Node): void {
  for (const transpose of transposes) {
    editor.replaceUses(transpose.outputs[0] ?? '', transpose.inputs[0] ?? '');
    editor.remove(transpose);
  }
  for (const node of operators) {
    const output = node.outputs[0] ?? '';
    if (node !== last) editor.renameOutput(node, output, editor.freeName(`${output}_before`));
  }
}

/** A Transpose behind the operator makes what the operator made so far. */
function behind(node: Node, perm: readonly number[], editor: GraphEditor): void {
  const output = node.outputs[0] ?? '';
  const before = editor.freeName(`${output}_before`);
  editor.rename(node, before);
  editor.insertAfter(makeNode('Transpose', [before], [output], { perm: ints(perm) }), node);
}
