// Depth, width and repetition: nothing overflows, and time grows with the number of nodes.

import assert from 'node:assert/strict';
import { inspectModel } from '../../../src/engine/analysis/inspect';
import { int } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Graph, Node, Tensor } from '../../../src/engine/ir/model';
import { inferShapes } from '../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import type { InspectReport } from '../../../src/protocol/report';

/** Several times the depth at which recursion overflows the stack. */
const DEPTH = 40_000;

const chain = (op: string, others: readonly string[] = [], length = DEPTH): Node[] =>
  Array.from({ length }, (_, index) => makeNode(op, [`t${index}`, ...others], [`t${index + 1}`]));
const start = makeValue('t0', 'float32', ['N', 3]);
const square = (name: string): Tensor => tensorFrom(name, { type: 'float32', dims: [3, 3], data: new Float32Array(9) });

function inspect(graph: Graph): Promise<InspectReport> {
  return inspectModel(makeModel(graph), { path: 'large.onnx', bytes: 0 });
}

describe('large graphs', () => {
  it('a chain written backwards', async () => {
    const { totals, layers } = await inspect(makeGraph({ nodes: chain('MatMul', ['w']).reverse(), inputs: [start], outputs: [makeValue(`t${DEPTH}`, 'float32', null)], initializers: [square('w')] }));
    assert.equal(totals.macs, DEPTH * 9);
    assert.equal(totals.peakActivationBytes, 24);
    assert.equal(layers.length, DEPTH);
  }).timeout(60_000);

  it('a long chain of constants, used at every step', async () => {
    const users = Array.from({ length: DEPTH / 4 }, (_, index) => makeNode('MatMul', [index === 0 ? 'x' : `y${index - 1}`, `t${4 * index}`], [`y${index}`]));
    const { totals } = await inspect(makeGraph({ nodes: [...chain('Identity'), ...users], inputs: [makeValue('x', 'float32', ['N', 3])], outputs: [makeValue(`y${users.length - 1}`, 'float32', null)], initializers: [square('t0')] }));
    assert.equal(totals.parameters, 9);
  }).timeout(60_000);

  it('constants computed from ever more constants', async () => {
    const nodes = Array.from({ length: 5000 }, (_, index) => makeNode('Add', [`t${index}`, `w${index}`], [`t${index + 1}`]));
    const users = Array.from({ length: 1000 }, (_, index) => makeNode('MatMul', [index === 0 ? 'x' : `y${index - 1}`, `t${5 * index}`], [`y${index}`]));
    const weights = Array.from({ length: 5000 }, (_, index) => square(`w${index}`));
    const { totals } = await inspect(makeGraph({ nodes: [...nodes, ...users], inputs: [makeValue('x', 'float32', ['N', 3])], outputs: [makeValue('y999', 'float32', null)], initializers: [square('t0'), ...weights] }));
    assert.equal(totals.macs, 1000 * 9);
  }).timeout(60_000);

  it('one tensor with many users, and one node with many inputs', async () => {
    const nodes = Array.from({ length: DEPTH }, (_, index) => makeNode('Relu', ['t0'], [`u${index}`]));
    const joined = makeNode('Concat', nodes.map((node) => node.outputs[0] ?? ''), ['y'], { axis: int(0) });
    const shapes = await inferShapes(makeModel(makeGraph({ nodes: [...nodes, joined], inputs: [start], outputs: [makeValue('y', 'float32', null)] })));
    assert.deepEqual(shapes.tensors.get('y')?.shape, [`${DEPTH}*N`, 3]);
  }).timeout(60_000);

  it('expressions that double at every step are given up, not written out', async () => {
    const nodes = [makeNode('Shape', ['t0'], ['s0']), makeNode('Add', ['s0', 'one'], ['s1']),
      ...Array.from({ length: 5000 }, (_, index) => makeNode('Mul', [`s${index}`, `s${index + 1}`], [`s${index + 2}`]))];
    const one = tensorFrom('one', { type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
    const { tensors } = await inferShapes(makeModel(makeGraph({ nodes, inputs: [makeValue('t0', 'float32', ['N', 'M'])], outputs: [], initializers: [one] })));
    assert.deepEqual(tensors.get('s2')?.value, ['N + N*N', 'M + M*M']);
    assert.equal(tensors.get('s5000')?.value, undefined);
    assert.deepEqual(tensors.get('s5000')?.shape, [2]);
  }).timeout(60_000);

  it('loops within loops, and functions that call functions twice', async () => {
    let body = makeGraph({
      nodes: [makeNode('Concat', ['s', 's'], ['t'], { axis: int(0) }), makeNode('Identity', ['c'], ['d'])],
      inputs: [makeValue('i', 'int64', []), makeValue('c', 'bool', []), { name: 's' }], outputs: [{ name: 'd' }, { name: 't' }],
    });
    for (let depth = 0; depth < 30; depth++) {
      body = makeGraph({
        nodes: [makeNode('Loop', ['', 'c', 's'], ['t'], { body: { kind: 'graph', value: body } }), makeNode('Identity', ['c'], ['d'])],
        inputs: [makeValue('i', 'int64', []), makeValue('c', 'bool', []), { name: 's' }], outputs: [{ name: 'd' }, { name: 't' }],
      });
    }
    const loops = await inferShapes(makeModel(makeGraph({ nodes: [makeNode('Loop', ['', '', 't0'], ['y'], { body: { kind: 'graph', value: body } })], inputs: [start], outputs: [] })));
    const [size = null] = loops.tensors.get('y')?.shape ?? [];
    assert.equal(size, null);
    const model = makeModel(makeGraph({ nodes: [makeNode('F0', ['t0'], ['y'], {}, { domain: 'local' })], inputs: [start], outputs: [] }), { '': 21, local: 1 });
    model.functions = Array.from({ length: 31 }, (_, index) => ({
      name: `F${index}`, domain: 'local', overload: '', inputs: ['a'], outputs: ['c'], attributes: [], attributeDefaults: new Map(),
      nodes: [makeNode(`F${index + 1}`, ['a'], ['b'], {}, { domain: 'local' }), makeNode(`F${index + 1}`, ['b'], ['c'], {}, { domain: 'local' })],
      opsets: new Map([['', 21], ['local', 1]]), valueInfo: new Map(), docString: '', metadata: new Map(),
    }));
    assert.ok((await inferShapes(model)).notes.length > 0);
  }).timeout(60_000);
});
