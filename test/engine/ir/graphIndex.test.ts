// Order and names of graphs.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeGraph, makeNode, makeValue } from '../../../src/engine/ir/build';
import { capturedTensors, indexGraph, topologicalOrder } from '../../../src/engine/ir/graphIndex';
import type { Graph, Node } from '../../../src/engine/ir/model';

/** A random graph whose node i reads tensors of nodes before it, in file order `order`. */
const graphs = fc.integer({ min: 1, max: 30 }).chain((count) => fc.tuple(
  fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: count, maxLength: count }),
  fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
)).map(([reads, order]): Graph => {
  const nodes = reads.map((inputs, at) => makeNode('Op', inputs.map((input) => (at === 0 ? 'x' : `t${input % at}`)), [`t${at}`]));
  return makeGraph({ nodes: order.map((at) => nodes[at] as Node), inputs: [makeValue('x', 'float32', [1])], outputs: [] });
});

describe('graph index', () => {
  it('orders every acyclic graph so that tensors are made before they are used', () => {
    fc.assert(fc.property(graphs, (graph) => {
      const made = new Set(['x']);
      const order = topologicalOrder(graph);
      assert.deepEqual(new Set(order), new Set(graph.nodes));
      for (const node of order) {
        for (const tensor of node.inputs) assert.ok(made.has(tensor), tensor);
        for (const tensor of node.outputs) made.add(tensor);
      }
    }));
  });

  it('leaves a sorted graph as it is', () => {
    fc.assert(fc.property(graphs, (graph) => {
      const sorted = { ...graph, nodes: topologicalOrder(graph) };
      assert.deepEqual(topologicalOrder(sorted), sorted.nodes);
    }));
  });

  it('names a node of a cycle', () => {
    const nodes = [makeNode('A', ['b'], ['a'], {}, { name: 'first' }), makeNode('B', ['a'], ['b'])];
    assert.throws(() => topologicalOrder(makeGraph({ nodes, inputs: [], outputs: [] })), { code: 'invalidGraph' });
    assert.throws(() => topologicalOrder(makeGraph({ nodes: [makeNode('A', ['a'], ['a'])], inputs: [], outputs: [] })), { code: 'invalidGraph' });
  });

  it('sees what subgraphs capture, and orders by it', () => {
    const body = makeGraph({ nodes: [makeNode('Add', ['outer', 'own'], ['inner']), makeNode('Relu', ['inner'], ['out'])], inputs: [makeValue('own', 'float32', null)], outputs: [makeValue('out', 'float32', null)] });
    const branch = makeNode('If', ['cond'], ['y'], { then_branch: { kind: 'graph', value: body } });
    const graph = makeGraph({ nodes: [branch, makeNode('Relu', ['cond'], ['outer'])], inputs: [makeValue('cond', 'bool', [])], outputs: [] });
    assert.deepEqual([...capturedTensors(branch)], ['outer']);
    assert.deepEqual(topologicalOrder(graph).map((node) => node.opType), ['Relu', 'If']);
    assert.deepEqual(indexGraph(graph).uses('outer').map(({ input }) => input), [-1]);
  });

  it('finds names that nothing has', () => {
    const index = indexGraph(makeGraph({ nodes: [makeNode('Relu', ['x'], ['y'], {}, { name: 'n' })], inputs: [makeValue('x', 'float32', null)], outputs: [] }));
    for (const taken of ['x', 'y', 'n']) assert.notEqual(index.uniqueName(taken), taken);
    assert.notEqual(index.uniqueName('new'), index.uniqueName('new'));
  });
});
