// Rules about control flow and local functions: an If whose condition is known becomes the branch that it takes.

import { subgraphs } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { type Graph, isOp, type Model, type Node } from '../../../ir/model';
import { renameCaptured } from '../../../ir/edit/captures';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';

export const constantIf: CleanupRule = {
  id: 'constantIf',
  async apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const condition = isOp(node, 'If') ? await editor.constantScalar(node.inputs[0]) : undefined;
      if (condition === undefined) continue;
      const branch = subgraphs(node).find(({ attribute }) => attribute === (condition === 0 ? 'else_branch' : 'then_branch'))?.graph;
      if (branch === undefined || branch.sparseInitializers.length > 0 || branch.outputs.length !== node.outputs.length) continue;
      inline(branch, node, editor);
      edits += 1;
    }
    return edits;
  },
};

/** Puts the nodes of the branch in the place of the If. Every name of the branch is made new: the other branch may use it, too. */
function inline(branch: Graph, node: Node, editor: GraphEditor): void {
  const made = branch.nodes.flatMap((inner) => inner.outputs).filter((name) => name !== '');
  const names = new Map([...branch.initializers.keys(), ...made].map((name) => [name, editor.freeName(name)]));
  const nodes = branch.nodes.map((inner) => renamed(inner, names));
  for (const [name, tensor] of branch.initializers) editor.setInitializer({ ...tensor, name: names.get(name) ?? name });
  const results = branch.outputs.map(({ name }, index) => {
    const output = node.outputs[index] ?? '';
    return output === '' ? undefined : makeNode('Identity', [names.get(name) ?? name], [output]);
  });
  // The outputs keep their names; the rule about Identity takes these nodes out where it can.
  for (const inner of nodes) editor.insert(inner, node, node);
  for (const result of results) {
    if (result === undefined) continue;
    editor.insert(result, node, node);
  }
  editor.replaced(node);
}

function renamed(node: Node, names: ReadonlyMap<string, string>): Node {
  const copy: Node = { ...node, inputs: node.inputs.map((name) => names.get(name) ?? name), outputs: node.outputs.map((name) => names.get(name) ?? name) };
  for (const [from, to] of names) renameCaptured(copy, from, to);
  return copy;
}

/** Local functions that no node calls any more. */
export const unusedFunctions: CleanupRule = {
  id: 'unusedFunctions',
  where: 'main',
  apply({ model }) {
    const called = calledFunctions(model);
    const kept = model.functions.filter((definition) => called.has(key(definition.domain, definition.name, definition.overload)));
    const dropped = model.functions.length - kept.length;
    model.functions = kept;
    return dropped;
  },
};

function key(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function calledFunctions(model: Model): ReadonlySet<string> {
  const definitions = new Map(model.functions.map((definition) => [key(definition.domain, definition.name, definition.overload), definition]));
  const called = new Set<string>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      for (const { graph } of subgraphs(node)) visit(graph.nodes);
      const name = key(node.domain, node.opType, node.overload);
      const definition = definitions.get(name);
      if (definition === undefined || called.has(name)) continue;
      called.add(name);
      visit(definition.nodes);
    }
  };
  visit(model.graph.nodes);
  for (const info of model.trainingInfo) for (const graph of [info.initialization, info.algorithm]) visit(graph?.nodes ?? []);
  return called;
}
