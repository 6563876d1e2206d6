import assert from 'node:assert/strict';
import { float, int, ints, string } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { wireOf } from '../../../../src/engine/ir/dataTypes';
import type { Attribute, Graph, Model, Node } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import { passContext } from '../../../support/passContext';
import { cleaned, floats, int64, modelOf, operators, type Parts, scalar } from './support';

const node = (opType: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, Attribute>> = {}): Node =>
  makeNode(opType, inputs, [output], attributes);

/** What is left of each, and what it computes stays (checked by `cleaned`). */
const cases: readonly (readonly [what: string, left: readonly string[], parts: Parts])[] = [
  ['Cast to a wider type and back', ['Relu'], { nodes: [node('Cast', ['x'], 'd', { to: int(wireOf('float64')) }), node('Cast', ['d'], 'c', { to: int(wireOf('float32')) }), node('Relu', ['c'], 'y')] }],
  ['Cast to a narrower type and back', ['Cast', 'Cast', 'Relu'], { nodes: [node('Cast', ['x'], 'd', { to: int(wireOf('int32')) }), node('Cast', ['d'], 'c', { to: int(wireOf('float32')) }), node('Relu', ['c'], 'y')] }],
  ['Slices of two axes', ['Slice'], {
    nodes: [node('Slice', ['x', 'one', 'three', 'one'], 's'), node('Slice', ['s', 'two', 'six', 'axis'], 'y')],
    constants: { one: int64(1), two: int64(2), three: int64(3), six: int64(6), axis: int64(3) },
  }],
  ['Slices of one axis', ['Slice', 'Slice'], {
    nodes: [node('Slice', ['x', 'one', 'six', 'axis'], 's'), node('Slice', ['s', 'one', 'three', 'axis'], 'y')],
    constants: { one: int64(1), three: int64(3), six: int64(6), axis: int64(3) },
  }],
  ['a Slice from start to end of an open axis', ['Relu'], {
    input: ['N', 3, 8, 8], nodes: [node('Slice', ['x', 'zero', 'end', 'zero'], 's'), node('Relu', ['s'], 'y')], constants: { zero: int64(0), end: int64(Number.MAX_SAFE_INTEGER) },
  }],
  ['Concats in a row', ['Relu', 'Tanh', 'Concat'], {
    nodes: [node('Relu', ['x'], 'r'), node('Tanh', ['x'], 't'), node('Concat', ['x', 'r'], 'c', { axis: int(1) }), node('Concat', ['c', 't'], 'y', { axis: int(1) })],
  }],
  ['a Split joined again', ['Relu'], {
    nodes: [makeNode('Split', ['x'], ['a', 'b'], { axis: int(2) }), node('Concat', ['a', 'b'], 'c', { axis: int(2) }), node('Relu', ['c'], 'y')],
  }],
  ['a Split joined the other way round', ['Split', 'Concat', 'Relu'], {
    nodes: [makeNode('Split', ['x'], ['a', 'b'], { axis: int(2) }), node('Concat', ['b', 'a'], 'c', { axis: int(2) }), node('Relu', ['c'], 'y')],
  }],
  ['Unsqueeze and Squeeze', ['Relu'], {
    input: ['N', 3, 'sequence'], nodes: [node('Unsqueeze', ['x', 'axis'], 'u'), node('Squeeze', ['u', 'axis'], 's'), node('Relu', ['s'], 'y')], constants: { axis: int64(1) },
  }],
  ['Unsqueezes in a row', ['Unsqueeze'], {
    input: ['N', 3], nodes: [node('Unsqueeze', ['x', 'axis'], 'u'), node('Unsqueeze', ['u', 'outer'], 'y')], constants: { axis: int64(2), outer: int64(1, 4) },
  }],
  ['Unsqueeze and Flatten', ['Reshape', 'Relu'], {
    input: ['N', 3, 4], nodes: [node('Unsqueeze', ['x', 'axis'], 'u'), node('Flatten', ['u'], 'f', { axis: int(1) }), node('Relu', ['f'], 'y')], constants: { axis: int64(1) },
  }],
  ['Transposes around activations', ['Relu', 'Tanh', 'Mul'], {
    nodes: [node('Transpose', ['x'], 't', { perm: ints([0, 2, 3, 1]) }), node('Relu', ['t'], 'r'), node('Tanh', ['r'], 'h'), node('Mul', ['h', 'k'], 'm'), node('Transpose', ['m'], 'y', { perm: ints([0, 3, 1, 2]) })],
    constants: { k: scalar(3) },
  }],
  ['Transposes of both operands', ['Relu', 'Tanh', 'Add', 'Transpose'], {
    nodes: [
      node('Relu', ['x'], 'a'), node('Tanh', ['x'], 'b'), node('Transpose', ['a'], 's', { perm: ints([0, 2, 3, 1]) }), node('Transpose', ['b'], 't', { perm: ints([0, 2, 3, 1]) }), node('Add', ['s', 't'], 'y'),
    ],
  }],
  ['Transposes of operands in different orders', ['Transpose', 'Transpose', 'Add'], {
    input: [2, 4, 4, 4], nodes: [node('Transpose', ['x'], 's', { perm: ints([0, 2, 3, 1]) }), node('Transpose', ['x'], 't', { perm: ints([0, 3, 1, 2]) }), node('Add', ['s', 't'], 'y')],
  }],
  ['Pad before Conv', ['Conv'], {
    nodes: [node('Pad', ['x', 'pads'], 'p'), node('Conv', ['p', 'w'], 'y', { pads: ints([0, 1, 0, 0]) })], constants: { pads: int64(0, 0, 1, 2, 0, 0, 0, 1), w: floats([4, 3, 3, 3]) },
  }],
  ['Pad by another value before Conv', ['Pad', 'Conv'], {
    nodes: [node('Pad', ['x', 'pads', 'k'], 'p'), node('Conv', ['p', 'w'], 'y')], constants: { pads: int64(0, 0, 1, 2, 0, 0, 0, 1), w: floats([4, 3, 3, 3]), k: scalar(0.5) },
  }],
  ['Pad before AveragePool', ['AveragePool'], {
    nodes: [node('Pad', ['x', 'pads'], 'p'), node('AveragePool', ['p'], 'y', { kernel_shape: ints([3, 3]) })], constants: { pads: int64(0, 0, 1, 1, 0, 0, 1, 1) },
  }],
  ['Pad before an AveragePool with padding that does not count', ['Pad', 'AveragePool'], {
    nodes: [node('Pad', ['x', 'pads'], 'p'), node('AveragePool', ['p'], 'y', { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) })], constants: { pads: int64(0, 0, 1, 1, 0, 0, 1, 1) },
  }],
  ['generated zeros joined to channels', ['Pad'], {
    nodes: [node('ConstantOfShape', ['shape'], 'z'), node('Concat', ['x', 'z'], 'y', { axis: int(-3) })], constants: { shape: int64(2, 900, 8, 8) },
  }],
  ['BatchNormalization before a Conv without padding', ['Conv'], {
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'n'), node('Conv', ['n', 'w', 'c'], 'y')],
    constants: { g: floats([3], 1), b: floats([3], 2), m: floats([3], 3), v: { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 0.5) }, w: floats([4, 3, 3, 3]), c: floats([4], 4) },
  }],
  ['BatchNormalization before a Conv in groups', ['Relu', 'Conv'], {
    input: [2, 4, 8, 8], nodes: [node('Relu', ['x'], 'r'), node('BatchNormalization', ['r', 'g', 'b', 'm', 'v'], 'n'), node('Conv', ['n', 'w'], 'y', { group: int(2) })],
    constants: { g: floats([4], 1), b: floats([4], 2), m: floats([4], 3), v: { type: 'float32', dims: [4], data: Float32Array.of(1, 2, 0.5, 3) }, w: floats([6, 2, 3, 3]) },
  }],
  ['BatchNormalization before a Conv that pads', ['BatchNormalization', 'Conv'], {
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'n'), node('Conv', ['n', 'w'], 'y', { auto_pad: string('SAME_UPPER') })],
    constants: { g: floats([3], 1), b: floats([3], 2), m: floats([3], 3), v: { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 0.5) }, w: floats([4, 3, 3, 3]) },
  }],
  ['BatchNormalization before Gemm', ['Gemm'], {
    input: [4, 3], nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'n'), node('Gemm', ['n', 'w'], 'y', { transB: int(1) })],
    constants: { g: floats([3], 1), b: floats([3], 2), m: floats([3], 3), v: { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 0.5) }, w: floats([5, 3]) },
  }],
  ['MatMul and bias of a matrix', ['Gemm'], { input: ['N', 3], nodes: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['b', 'm'], 'y')], constants: { w: floats([3, 5]), b: floats([5]) } }],
  ['MatMul and bias of more than a matrix', ['MatMul', 'Add'], { input: ['N', 4, 3], nodes: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', 'b'], 'y')], constants: { w: floats([3, 5]), b: floats([5]) } }],
  ['scaling of MatMul', ['MatMul'], { input: ['N', 4, 3], nodes: [node('MatMul', ['x', 'w'], 'm'), node('Mul', ['m', 'k'], 'y')], constants: { w: floats([3, 5]), k: floats([5]) } }],
  ['arithmetic behind BatchNormalization', ['Relu', 'BatchNormalization'], {
    nodes: [node('Relu', ['x'], 'r'), node('BatchNormalization', ['r', 'g', 'b', 'm', 'v'], 'n'), node('Mul', ['n', 'k'], 's'), node('Add', ['s', 'c'], 'y')],
    constants: { g: floats([3], 1), b: floats([3], 2), m: floats([3], 3), v: { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 0.5) }, k: floats([3, 1, 1], 5), c: floats([1, 3, 1, 1], 6) },
  }],
];

describe('cleanup rules: nodes in a row and around others', () => {
  for (const [what, left, parts] of cases) {
    it(`leaves ${left.join(', ')} of ${what}`, async () => {
      assert.deepEqual(operators(await cleaned(modelOf(parts))), left);
    });
  }
});

const graphOf = (nodes: readonly Node[], output: string, inputs: readonly string[] = []): Attribute & { readonly value: Graph } => ({
  kind: 'graph',
  value: makeGraph({ nodes, inputs: inputs.map((name) => makeValue(name, 'float32', null)), outputs: [makeValue(output, 'float32', null)] }),
});

describe('cleanup of bodies and functions', () => {
  const chosen = (condition: string): Model => modelOf({
    nodes: [
      node('ReduceSum', ['x'], 'sum', { keepdims: int(0) }), node('Greater', ['sum', 'zero'], 'c'),
      node('If', [condition], 'y', {
        then_branch: graphOf([node('Identity', ['x'], 'a'), node('Identity', ['a'], 'b'), node('Mul', ['b', 'one'], 'd'), node('Relu', ['d'], 'out')], 'out'),
        else_branch: graphOf([node('Transpose', ['x'], 'a', { perm: ints([0, 1, 3, 2]) }), node('Transpose', ['a'], 'out', { perm: ints([0, 1, 3, 2]) })], 'out'),
      }),
    ],
    constants: { zero: scalar(0), one: scalar(1), yes: { type: 'bool', dims: [], data: Uint8Array.of(1) }, no: { type: 'bool', dims: [], data: Uint8Array.of(0) } },
  });
  const bodies = (model: Model): readonly (readonly string[])[] =>
    model.graph.nodes.flatMap((one) => [...one.attributes.values()].flatMap((value) => (value.kind === 'graph' ? [value.value.nodes.map(({ opType }) => opType)] : [])));

  it('cleans both branches of an If', async () => {
    // What a branch gives must be made inside it.
    assert.deepEqual(bodies(await cleaned(chosen('c'))), [['Relu'], ['Transpose']]);
  });

  it('puts the branch that a known condition takes in its place', async () => {
    assert.deepEqual(operators(await cleaned(chosen('yes'))), ['Relu']);
    assert.deepEqual(operators(await cleaned(chosen('no'))), ['Transpose']);
  });

  it('cleans the body of a Loop, and keeps what goes round', async () => {
    const body = makeGraph({
      nodes: [node('Identity', ['go'], 'still'), node('Mul', ['v', 'one'], 'same'), node('Add', ['same', 'x'], 'next')],
      inputs: [makeValue('i', 'int64', []), makeValue('go', 'bool', []), makeValue('v', 'float32', [2, 3, 8, 8])],
      outputs: [makeValue('still', 'bool', []), makeValue('next', 'float32', [2, 3, 8, 8])],
    });
    const model = modelOf({
      nodes: [node('Loop', ['trips', '', 'x'], 'y', { body: { kind: 'graph', value: body } })], constants: { one: scalar(1), trips: { type: 'int64', dims: [], data: BigInt64Array.of(3n) } },
    });
    assert.deepEqual(bodies(await cleaned(model)), [['Identity', 'Add']]);
  });

  it('cleans functions by structure alone, and drops those that nothing calls', async () => {
    const model = modelOf({ nodes: [makeNode('Twice', ['x'], ['y'], {}, { domain: 'local' })] });
    model.opsets.set('local', 1);
    const body = [node('Identity', ['p'], 'q'), node('Relu', ['q'], 'r'), node('Relu', ['q'], 's'), node('Add', ['r', 's'], 'o'), node('Tanh', ['q'], 'unused')];
    const definition = { domain: 'local', overload: '', inputs: ['p'], outputs: ['o'], attributes: [], attributeDefaults: new Map(), opsets: new Map([['', 17]]), valueInfo: new Map(), docString: '', metadata: new Map() };
    model.functions.push({ ...definition, name: 'Twice', nodes: body }, { ...definition, name: 'Never', nodes: [node('Relu', ['p'], 'o')] });
    const result = await cleaned(model);
    assert.deepEqual(result.functions.map(({ name, nodes }) => [name, nodes.map(({ opType }) => opType)]), [['Twice', ['Relu', 'Add']]]);
  });
});

describe('cleanup: checking the outputs', () => {
  it('tells the largest difference', async () => {
    const model = modelOf({ nodes: [node('Conv', ['x', 'w'], 'c'), node('Mul', ['c', 'k'], 'y')], constants: { w: floats([4, 3, 3, 3]), k: floats([4, 1, 1]) } });
    const { findings } = await cleanup.run(model, { rules: [], verify: true }, passContext());
    assert.deepEqual(findings.map(({ code, severity }) => [code, severity]), [['finding.outputsEqual', 'info']]);
    assert.ok(Number(findings[0]?.params['difference']) < 1e-5);
  });

  it('leaves out a rule that changes an output, by name', async () => {
    // 1e30 overflows in the folded weights (float32), but not in the sums, which cancel before they are scaled.
    const weights = tensorFrom('w', { type: 'float32', dims: [1, 2, 1, 1], data: Float32Array.of(1e30, -1e30) });
    const model = modelOf({ input: [1, 1, 4, 4], nodes: [node('Concat', ['x', 'x'], 'xx', { axis: int(1) }), node('Conv', ['xx', 'w'], 'c'), node('Mul', ['c', 'k'], 'm'), node('Identity', ['m'], 'y')], constants: { k: scalar(1e30) } });
    model.graph.initializers.set('w', weights);
    const { findings, model: result } = await cleanup.run(model, { rules: [], verify: true }, passContext());
    assert.deepEqual(findings.map(({ code, params }) => [code, params['id']]), [['finding.ruleDropped', 'foldScale'], ['finding.outputsEqual', undefined]]);
    assert.deepEqual(operators(result), ['Concat', 'Conv', 'Mul']);
  });

  it('says why nothing was compared', async () => {
    const model = modelOf({ nodes: [makeNode('Relu', ['x'], ['h']), makeNode('Unknown', ['h'], ['y'], { a: float(1) }, { domain: 'nowhere' })] });
    model.opsets.set('nowhere', 1);
    const { findings } = await cleanup.run(model, { rules: [], verify: true }, passContext());
    assert.deepEqual(findings.map(({ code }) => code), ['finding.notCompared']);
  });
});
