import assert from 'node:assert/strict';
import { int, ints as intsOf, string } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { Attribute, Graph, Model } from '../../../../src/engine/ir/model';
import { inferShapes, shapeOf } from '../../../../src/engine/ir/shapes/index';
import { floats, inferNodes, ints, value } from './support';

const subgraph = (graph: Graph): Attribute => ({ kind: 'graph', value: graph });

describe('shape inference', () => {
  it('follows shape arithmetic to the target of Reshape', async () => {
    const shapes = await inferNodes([
      makeNode('Shape', ['x'], ['shape']),
      makeNode('Gather', ['shape', 'zero'], ['batch']),
      makeNode('Unsqueeze', ['batch', 'axis'], ['batch1']),
      makeNode('Mul', ['batch1', 'two'], ['double']),
      makeNode('Concat', ['double', 'minus'], ['target'], { axis: int(0) }),
      makeNode('Reshape', ['x', 'target'], ['y']),
    ], { x: value(['N', 4, 6]), zero: ints([0], []), axis: ints([0]), two: ints([2]), minus: ints([-1]) });
    assert.deepEqual(shapeOf(shapes, 'target'), [2]);
    assert.deepEqual(shapes.tensors.get('target')?.value, ['2*N', -1]);
    assert.deepEqual(shapeOf(shapes, 'y'), ['2*N', 12]);
  });

  it('binds names of dimensions to sizes', async () => {
    const nodes = [makeNode('Flatten', ['x'], ['y'])];
    const shapes = await inferNodes(nodes, { x: value(['N', 'batch size', 6]) }, { dims: { 'batch size': 5 } });
    assert.deepEqual(shapeOf(shapes, 'y'), ['N', 30]);
  });

  it('computes sizes as they are when tensors have other shapes than follow from the graph', async () => {
    const nodes = [
      makeNode('MatMul', ['x', 'w'], ['h']), makeNode('Shape', ['h'], ['shape']), makeNode('Slice', ['shape', 'one', 'two'], ['width']), makeNode('Div', ['width', 'two'], ['half']),
    ];
    const operands = { x: value(['N', 4]), w: value([4, 12]), one: ints([1]), two: ints([2]) };
    const resized = new Map([['w', [4, 6]], ['h', ['N', 6]], ['elsewhere', [1]]]);
    const shapes = await inferNodes(nodes, operands, { resized });
    assert.deepEqual([shapeOf(shapes, 'h'), shapes.tensors.get('half')?.value], [['N', 6], [3]]);
    assert.deepEqual((await inferNodes(nodes, operands)).tensors.get('half')?.value, [6]);
    const kept = await inferNodes(nodes, operands, { resized: new Map([['one', [2]]]) });
    assert.equal(kept.tensors.get('one')?.value, undefined, 'elements of another number of them');
  });

  it('keeps names that are no identifiers apart from expressions', async () => {
    const nodes = [makeNode('Concat', ['x', 'x'], ['y'], { axis: int(0) })];
    const shapes = await inferNodes(nodes, { x: value(['past + 1']) });
    assert.deepEqual(shapeOf(shapes, 'y'), ['2*`past + 1`']);
  });

  it('gives what both branches of If agree on', async () => {
    const branch = (size: number, name: string): Graph => makeGraph({
      name,
      nodes: [makeNode('Slice', ['x', 'start', `end${size}`], [`${name}_y`])],
      inputs: [],
      outputs: [{ name: `${name}_y` }],
    });
    const node = makeNode('If', ['c'], ['y'], { then_branch: subgraph(branch(2, 'then')), else_branch: subgraph(branch(3, 'else')) });
    const operands = { x: value([4, 'N']), start: ints([0]), end2: ints([2]), end3: ints([3]) };
    const open = await inferNodes([node], { c: value([], 'bool'), ...operands });
    assert.deepEqual(shapeOf(open, 'y'), [null, 'N']);
    const known = await inferNodes([node], { c: { type: 'bool', shape: [], data: Uint8Array.of(1) }, ...operands });
    assert.deepEqual(shapeOf(known, 'y'), [2, 'N']);
  });

  it('opens the dimension that grows in a Loop, and keeps the others', async () => {
    const body = makeGraph({
      nodes: [makeNode('Concat', ['state', 'x'], ['next'], { axis: int(0) }), makeNode('Identity', ['go'], ['again']), makeNode('Identity', ['x'], ['row'])],
      inputs: [makeValue('i', 'int64', []), makeValue('go', 'bool', []), { name: 'state' }],
      outputs: [{ name: 'again' }, { name: 'next' }, { name: 'row' }],
    });
    const shapes = await inferNodes([makeNode('Loop', ['n', '', 'x'], ['all', 'rows'], { body: subgraph(body) })], { n: ints([3], []), x: value([1, 'D']) });
    assert.deepEqual(shapeOf(shapes, 'all'), [null, 'D']);
    assert.deepEqual(shapeOf(shapes, 'rows'), [3, 1, 'D']);
    assert.deepEqual(shapes.bodies.get(body)?.get('next')?.shape, [null, 'D']);
  });

  it('stacks what Scan yields', async () => {
    const body = makeGraph({
      nodes: [makeNode('Add', ['state', 'row'], ['next']), makeNode('Identity', ['next'], ['copy'])],
      inputs: [{ name: 'state' }, { name: 'row' }],
      outputs: [{ name: 'next' }, { name: 'copy' }],
    });
    const node = makeNode('Scan', ['s', 'xs'], ['last', 'sums'], { body: subgraph(body), num_scan_inputs: int(1) });
    const shapes = await inferNodes([node], { s: value([4]), xs: value(['T', 4]) });
    assert.deepEqual([shapeOf(shapes, 'last'), shapeOf(shapes, 'sums')], [[4], ['T', 4]]);
  });

  it('looks into local functions and hands them their attributes', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Stack', ['x'], ['y'], { where: int(1) }, { domain: 'local' })], inputs: [makeValue('x', 'float32', [2, 3])], outputs: [],
    }));
    const axis: Attribute = { kind: 'reference', value: 'where', type: 2 };
    const definition: Model['functions'][number] = {
      name: 'Stack', domain: 'local', overload: '', inputs: ['a'], outputs: ['b'], attributes: ['where'], attributeDefaults: new Map(),
      nodes: [makeNode('Concat', ['a', 'a'], ['b'], { axis })], opsets: new Map([['', 21]]), valueInfo: new Map(), docString: '', metadata: new Map(),
    };
    model.functions = [definition];
    assert.deepEqual(shapeOf(await inferShapes(model), 'y'), [2, 6]);
  });

  it('takes stored shapes where it knows nothing, and notes where they are wrong', async () => {
    const graph = makeGraph({
      nodes: [
        makeNode('Custom', ['x'], ['a'], {}, { domain: 'org.example' }),
        makeNode('Relu', ['a'], ['b']),
        makeNode('Transpose', ['x'], ['c'], { perm: intsOf([1, 0]) }),
      ],
      inputs: [makeValue('x', 'float32', [2, 3])],
      outputs: [makeValue('c', 'float32', [2, 3])],
    });
    graph.valueInfo.set('a', makeValue('a', 'float32', [7]));
    const shapes = await inferShapes(makeModel(graph));
    assert.deepEqual([shapeOf(shapes, 'b'), shapeOf(shapes, 'c')], [[7], [3, 2]]);
    assert.deepEqual(shapes.notes.map(({ kind, tensor }) => [kind, tensor]), [['noRule', 'a'], ['contradiction', 'c']]);
  });

  it('does not let shapes stored for another size in', async () => {
    const graph = makeGraph({
      nodes: [makeNode('Custom', ['x'], ['a'], {}, { domain: 'org.example' })], inputs: [makeValue('x', 'float32', [1, 3])], outputs: [],
    });
    graph.valueInfo.set('a', makeValue('a', 'float32', [1, 9]));
    assert.equal(shapeOf(await inferShapes(makeModel(graph), { inputShapes: { x: [4, 3] } }), 'a'), null);
    assert.deepEqual(shapeOf(await inferShapes(makeModel(graph), { inputShapes: { x: [1, 3] } }), 'a'), [1, 9]);
  });

  it('refuses a cycle by name', async () => {
    const nodes = [makeNode('Relu', ['b'], ['a'], {}, { name: 'first' }), makeNode('Relu', ['a'], ['b'])];
    await assert.rejects(inferNodes(nodes, {}), { code: 'invalidGraph' });
  });

  it('follows the padding of PyTorch: Concat, Reshape, a reversed Slice, Transpose', async () => {
    const shapes = await inferNodes([
      makeNode('Concat', ['given', 'zeros'], ['flat'], { axis: int(0) }),
      makeNode('Reshape', ['flat', 'pairs'], ['table']),
      makeNode('Slice', ['table', 'last', 'start', 'axis', 'back'], ['reversed']),
      makeNode('Transpose', ['reversed'], ['columns'], { perm: intsOf([1, 0]) }),
      makeNode('Reshape', ['columns', 'all'], ['pads']),
      makeNode('Pad', ['x', 'pads'], ['y'], { mode: string('constant') }),
    ], {
      x: value([1, 'N']), given: ints([0, 64]), zeros: ints([0, 0]), pairs: ints([-1, 2]), last: ints([-1]),
      start: ints([-Number.MAX_SAFE_INTEGER]), axis: ints([0]), back: ints([-1]), all: ints([-1]), unused: floats([1]),
    });
    assert.deepEqual(shapeOf(shapes, 'y'), [1, 'N + 64']);
  });
});
