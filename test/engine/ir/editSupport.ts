// Random models and random edits for the tests of ir/edit.

import fc from 'fast-check';
import { subgraphs } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { cloneNode } from '../../../src/engine/ir/clone';
import { insertAfter, insertNode, removeNode, renameNode, renameValue, replaceUses } from '../../../src/engine/ir/edit/index';
import { indexGraph } from '../../../src/engine/ir/graphIndex';
import type { Graph, Model, Node } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';

const shape = [2, 3];
const operators = ['Relu', 'Tanh', 'Neg', 'Abs', 'Add', 'Max', 'Sub', 'If'] as const;

interface Choice {
  readonly operator: (typeof operators)[number];
  readonly left: number;
  readonly right: number;
}

/** A graph of elementwise operators (none that may overflow) and Ifs whose branches capture values; some values have types and annotations. */
export const randomModel: fc.Arbitrary<Model> = fc.array(
  fc.record({ operator: fc.constantFrom(...operators), left: fc.nat(), right: fc.nat() }), { minLength: 1, maxLength: 12 },
).map(build);

function build(choices: readonly Choice[]): Model {
  const values = ['x', 'w'];
  const nodes: Node[] = [];
  for (const [index, { operator, left, right }] of choices.entries()) {
    const output = `v${index}`;
    const [a = '', b = ''] = [values[left % values.length], values[right % values.length]];
    nodes.push(operator === 'If' ? choice(index, a, b, output) : makeNode(operator, ['Add', 'Max', 'Sub'].includes(operator) ? [a, b] : [a], [output], {}, { name: `n${index}` }));
    values.push(output);
  }
  const used = indexGraph(makeGraph({ nodes, inputs: [], outputs: [] }));
  const results = values.slice(2).filter((name, index, all) => used.uses(name).length === 0 || index === all.length - 1);
  const graph = makeGraph({
    nodes,
    inputs: [makeValue('x', 'float32', shape), makeValue('c', 'bool', [])],
    outputs: results.map((name) => makeValue(name, 'float32', shape)),
    initializers: [tensorFrom('w', { type: 'float32', dims: shape, data: Float32Array.from([1, -2, 3, -4, 5, -6]) })],
  });
  for (const name of values.slice(2).filter((_name, index) => index % 2 === 0)) graph.valueInfo.set(name, makeValue(name, 'float32', shape));
  graph.quantizationAnnotations.set(values.at(-1) ?? 'x', new Map([['SCALE_TENSOR', 'w']]));
  return makeModel(graph);
}

function choice(index: number, a: string, b: string, output: string): Node {
  const branch = (operator: string, input: string, name: string): Graph => makeGraph({
    name, nodes: [makeNode(operator, [input], [`${output}_${name}`])], inputs: [], outputs: [makeValue(`${output}_${name}`, 'float32', shape)],
  });
  return makeNode('If', ['c'], [output], {
    then_branch: { kind: 'graph', value: branch('Neg', a, 'then') }, else_branch: { kind: 'graph', value: branch('Sigmoid', b, 'else') },
  }, { name: `n${index}` });
}

export interface Edit {
  readonly kind: 'renameNode' | 'renameValue' | 'identity' | 'double' | 'dead' | 'redirect' | 'remove';
  readonly at: number;
  readonly to: number;
}

/** Edits that leave what the model computes. */
export const sameOutputs: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('renameNode', 'renameValue', 'identity', 'double', 'dead'), at: fc.nat(), to: fc.nat(),
});

/** Any edits, those that change the computation or are refused included. */
export const anyEdit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('renameNode', 'renameValue', 'identity', 'double', 'dead', 'redirect', 'remove'), at: fc.nat(), to: fc.nat(),
});

function at<Item>(list: readonly Item[], index: number): Item {
  return list[index % list.length] as Item;
}

function valuesOf({ graph }: Model): string[] {
  const names = [...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)];
  return [...new Set(names)].filter((name) => name !== '');
}

/** Operators that give the same for the same inputs, every time. */
function isPure({ opType }: Node): boolean {
  return !/^(Random|Multinomial|Bernoulli|Dropout)/.test(opType);
}

/** Applies an edit to the model (a clone of the caller); throws what it throws. */
export async function apply(model: Model, { kind, at: from, to }: Edit): Promise<void> {
  const { graph } = model;
  const fresh = indexGraph(graph).uniqueName('edited');
  const value = at(valuesOf(model), from);
  const node = at(graph.nodes, from);
  switch (kind) {
    case 'renameNode':
      return renameNode(model, node, fresh);
    case 'renameValue':
      return renameValue(model, value, fresh);
    case 'identity':
      return insertAfter(model, value, makeNode('Identity', [value], [fresh]));
    case 'double': {
      // A second node that does the same, and everyone reads its outputs.
      if (!isPure(node) || subgraphs(node).length > 0) return;
      const names = node.outputs.map((output, index) => (output === '' ? '' : `${fresh}_${index}`));
      insertNode(model, { ...cloneNode(node), name: '', outputs: names });
      for (const [index, name] of names.entries()) if (name !== '') await replaceUses(model, node.outputs[index] ?? '', name);
      return;
    }
    case 'dead': {
      const unread = makeNode('Identity', [value], [fresh], {}, { name: fresh });
      insertNode(model, unread);
      return removeNode(model, unread);
    }
    case 'redirect':
      return replaceUses(model, value, at(valuesOf(model), to));
    case 'remove':
      return removeNode(model, node);
  }
}
