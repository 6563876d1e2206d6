import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, ints } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { isOp, type Model, type Node } from '../../../../src/engine/ir/model';
import { readNumbers, tensorFrom } from '../../../../src/engine/ir/tensors';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import { ruleIds } from '../../../../src/engine/passes/cleanup/rules';
import type { NdArray } from '../../../../src/engine/ports';
import { assertSameOutputs } from '../../../support/models';
import { passContext } from '../../../support/passContext';
import { cleaned, floats, int64, modelOf, operators, scalar, TOLERANCE } from './support';

const batchNorm = (channels: number): Readonly<Record<string, NdArray>> => ({
  gamma: floats([channels], 11),
  beta: floats([channels], 12),
  mean: floats([channels], 13),
  variance: { type: 'float32', dims: [channels], data: (floats([channels], 14).data as Float32Array).map((value) => value ** 2 + 0.1) },
});

const normalize = (input: string, output: string): Node =>
  makeNode('BatchNormalization', [input, 'gamma', 'beta', 'mean', 'variance'], [output], { epsilon: float(1e-3) });

describe('cleanup rules: folding into linear nodes', () => {
  it('folds BatchNormalization into Conv with and without bias, grouped too', async () => {
    for (const [group, bias] of [[1, true], [1, false], [3, false]] as const) {
      const inputs = bias ? ['x', 'w', 'b'] : ['x', 'w'];
      const model = modelOf({
        nodes: [makeNode('Conv', inputs, ['c'], { group: int(group) }), normalize('c', 'y')],
        constants: { w: floats([6, 3 / group, 3, 3]), ...(bias ? { b: floats([6], 2) } : {}), ...batchNorm(6) },
      });
      assert.deepEqual(operators(await cleaned(model)), ['Conv']);
    }
  });

  it('folds BatchNormalization into ConvTranspose, grouped too', async () => {
    for (const [group, input] of [[1, 3], [2, 4]] as const) {
      const model = modelOf({
        input: [2, input, 5, 5],
        nodes: [makeNode('ConvTranspose', ['x', 'w'], ['c'], { group: int(group), strides: ints([2, 2]) }), normalize('c', 'y')],
        constants: { w: floats([input, 6 / group, 3, 3]), ...batchNorm(6) },
      });
      assert.deepEqual(operators(await cleaned(model)), ['ConvTranspose']);
    }
  });

  it('folds BatchNormalization, Mul and Add into Gemm with alpha, beta and transB', async () => {
    for (const transB of [0, 1]) {
      const model = modelOf({
        input: [4, 5],
        nodes: [
          makeNode('Gemm', ['x', 'w', 'b'], ['g'], { transB: int(transB), alpha: float(0.5), beta: float(2) }),
          normalize('g', 'n'), makeNode('Mul', ['n', 'm'], ['p']), makeNode('Sub', ['a', 'p'], ['y']),
        ],
        constants: { w: floats(transB ? [6, 5] : [5, 6]), b: floats([1, 6], 2), m: floats([6], 3), a: floats([1, 6], 4), ...batchNorm(6) },
      });
      assert.deepEqual(operators(await cleaned(model)), ['Gemm']);
    }
  });

  it('folds arithmetic with constants of one channel or all into Conv', async () => {
    const model = modelOf({
      nodes: [
        makeNode('Conv', ['x', 'w'], ['c']), makeNode('Div', ['c', 'd'], ['q']), makeNode('Add', ['s', 'q'], ['t']), makeNode('Mul', ['t', 'm'], ['y']),
      ],
      constants: { w: floats([6, 3, 3, 3]), d: scalar(4), s: floats([6, 1, 1], 5), m: floats([1, 6, 1, 1], 6) },
    });
    assert.deepEqual(operators(await cleaned(model)), ['Conv']);
  });

  it('keeps what would change something else: shared weights, a second reader, an output', async () => {
    const shared = modelOf({
      nodes: [makeNode('Conv', ['x', 'w'], ['c']), normalize('c', 'n'), makeNode('Conv', ['x', 'w'], ['d']), makeNode('Mul', ['n', 'd'], ['y'])],
      constants: { w: floats([6, 3, 3, 3]), ...batchNorm(6) },
    });
    // Both Conv compute the same and become one, whose output has two readers then.
    assert.ok(operators(await cleaned(shared)).includes('BatchNormalization'));
    const read = modelOf({
      nodes: [makeNode('Conv', ['x', 'w'], ['c']), normalize('c', 'n'), makeNode('Add', ['c', 'n'], ['y'])],
      constants: { w: floats([6, 3, 3, 3]), ...batchNorm(6) },
    });
    assert.deepEqual(operators(await cleaned(read)), ['Conv', 'BatchNormalization', 'Add']);
    const output = modelOf({
      nodes: [makeNode('Conv', ['x', 'w'], ['c']), normalize('c', 'y')],
      constants: { w: floats([6, 3, 3, 3]), ...batchNorm(6) },
      outputs: ['c', 'y'],
    });
    assert.deepEqual(operators(await cleaned(output)), ['Conv', 'BatchNormalization']);
  });

  it('keeps arithmetic that is not per channel', async () => {
    const model = modelOf({
      nodes: [makeNode('Conv', ['x', 'w'], ['c']), makeNode('Mul', ['c', 'm'], ['y'])],
      constants: { w: floats([6, 3, 3, 3]), m: floats([6], 6) },
    });
    assert.deepEqual(operators(await cleaned(model)), ['Conv', 'Mul']);
    const row = modelOf({
      input: [6, 5],
      nodes: [makeNode('Gemm', ['x', 'w'], ['g']), makeNode('Add', ['g', 'a'], ['y'])],
      constants: { w: floats([5, 6]), a: floats([6, 1], 4) },
    });
    assert.deepEqual(operators(await cleaned(row)), ['Gemm', 'Add']);
  });
});

describe('cleanup rules: nodes that do nothing', () => {
  const plain: readonly (readonly [what: string, nodes: readonly Node[], constants: Readonly<Record<string, NdArray>>, left: readonly string[]])[] = [
    ['Identity in a row', [makeNode('Identity', ['x'], ['a']), makeNode('Relu', ['a'], ['b']), makeNode('Identity', ['b'], ['y'])], {}, ['Relu']],
    ['Dropout', [makeNode('Dropout', ['x'], ['a', 'mask']), makeNode('Relu', ['a'], ['y'])], {}, ['Relu']],
    ['Cast to float32', [makeNode('Cast', ['x'], ['a'], { to: int(1) }), makeNode('Relu', ['a'], ['y'])], {}, ['Relu']],
    ['Transposes that undo each other', [
      makeNode('Transpose', ['x'], ['a'], { perm: ints([0, 2, 3, 1]) }), makeNode('Transpose', ['a'], ['b'], { perm: ints([0, 3, 1, 2]) }), makeNode('Relu', ['b'], ['y']),
    ], {}, ['Relu']],
    ['one Transpose of two', [
      makeNode('Transpose', ['x'], ['a'], { perm: ints([0, 2, 3, 1]) }), makeNode('Transpose', ['a'], ['y'], { perm: ints([0, 2, 1, 3]) }),
    ], {}, ['Transpose']],
    ['Reshapes in a row', [makeNode('Reshape', ['x', 's'], ['a']), makeNode('Reshape', ['a', 't'], ['y'])], { s: int64(2, 3, 64), t: int64(2, 192) }, ['Reshape']],
    ['Reshape back to the same shape', [makeNode('Reshape', ['x', 's'], ['a']), makeNode('Relu', ['a'], ['y'])], { s: int64(2, 3, 8, -1) }, ['Relu']],
    ['Pad by nothing', [makeNode('Pad', ['x', 'p'], ['a']), makeNode('Relu', ['a'], ['y'])], { p: int64(0, 0, 0, 0, 0, 0, 0, 0) }, ['Relu']],
    ['Slice of everything', [makeNode('Slice', ['x', 's', 'e'], ['a']), makeNode('Relu', ['a'], ['y'])], { s: int64(0, 0), e: int64(99, 99) }, ['Relu']],
    ['neutral arithmetic', [
      makeNode('Add', ['zero', 'x'], ['a']), makeNode('Mul', ['a', 'one'], ['b']), makeNode('Div', ['b', 'one'], ['c']), makeNode('Relu', ['c'], ['y']),
    ], { zero: scalar(0), one: scalar(1) }, ['Relu']],
    ['Relu twice', [makeNode('Relu', ['x'], ['a']), makeNode('Relu', ['a'], ['y'])], {}, ['Relu']],
    ['Relu before Clip from 0', [makeNode('Relu', ['x'], ['a']), makeNode('Clip', ['a', 'zero', 'six'], ['y'])], { zero: scalar(0), six: scalar(0.5) }, ['Clip']],
    ['what nobody reads', [makeNode('Exp', ['x'], ['a']), makeNode('Sqrt', ['a'], ['b']), makeNode('Relu', ['x'], ['y'])], {}, ['Relu']],
    ['the same computed twice', [makeNode('Exp', ['x'], ['a']), makeNode('Exp', ['x'], ['b']), makeNode('Mul', ['a', 'b'], ['y'])], {}, ['Exp', 'Mul']],
    ['arithmetic on shapes', [
      makeNode('Shape', ['x'], ['s']), makeNode('Gather', ['s', 'i'], ['n']), makeNode('Concat', ['n', 'minus'], ['t'], { axis: int(0) }), makeNode('Reshape', ['x', 't'], ['y']),
    ], { i: int64(0), minus: int64(-1) }, ['Reshape']],
    ['what depends on constants only', [makeNode('Exp', ['k'], ['e']), makeNode('Neg', ['e'], ['n']), makeNode('Mul', ['x', 'n'], ['y'])], { k: floats([8]) }, ['Mul']],
  ];
  for (const [what, nodes, constants, left] of plain) {
    it(`takes out ${what}`, async () => assert.deepEqual(operators(await cleaned(modelOf({ nodes, constants }))), left));
  }

  it('writes the target of a Reshape that keeps an open dimension', async () => {
    const { model } = await cleanup.run(makeModel(makeGraph({
      nodes: [
        makeNode('Shape', ['x'], ['s']), makeNode('Gather', ['s', 'i'], ['n']), makeNode('Concat', ['n', 'rest'], ['t'], { axis: int(0) }), makeNode('Reshape', ['x', 't'], ['y']),
      ],
      inputs: [makeValue('x', 'float32', ['batch', 48, 128])],
      outputs: [makeValue('y', 'float32', null)],
      initializers: [tensorFrom('i', int64(0)), tensorFrom('rest', int64(48, 4, -1))],
    }), { '': 17 }, 8), { rules: [], verify: false }, passContext());
    assert.deepEqual(operators(model), ['Reshape']);
    const target = model.graph.initializers.get(model.graph.nodes[0]?.inputs[1] ?? '') ?? assert.fail();
    assert.deepEqual(await readNumbers(target), [0, 0, 4, 32]);
  });

  it('does not believe inner shapes that a file states against its inputs', async () => {
    const model = modelOf({ input: [3, 3, 8, 8], nodes: [makeNode('Relu', ['x'], ['r']), makeNode('Shape', ['r'], ['s']), makeNode('Cast', ['s'], ['f'], { to: int(1) }), makeNode('ReduceProd', ['f'], ['p'], { keepdims: int(0) }), makeNode('Mul', ['x', 'p'], ['y'])] });
    model.graph.inputs = [makeValue('x', 'float32', ['n', 3, 8, 8])];
    model.graph.valueInfo.set('r', makeValue('r', 'float32', [1, 3, 8, 8]));
    const { model: result } = await cleanup.run(model, { rules: [], verify: false }, passContext());
    await assertSameOutputs(model, result, TOLERANCE, { x: floats([3, 3, 8, 8]) });
  });

  it('keeps broadcasting by a neutral constant, and a Transpose that matters', async () => {
    const broadcast = modelOf({ nodes: [makeNode('Add', ['x', 'z'], ['y'])], constants: { z: { type: 'float32', dims: [4, 1, 1, 1, 1], data: new Float32Array(4) } } });
    assert.deepEqual(operators(await cleaned(broadcast)), ['Add']);
  });

  it('keeps the names of outputs, also where the input passes straight through', async () => {
    const model = modelOf({ nodes: [makeNode('Identity', ['x'], ['y'])] });
    assert.deepEqual(operators(await cleaned(model)), ['Identity']);
    const twice = modelOf({ nodes: [makeNode('Relu', ['x'], ['y']), makeNode('Identity', ['y'], ['z'])], outputs: ['y', 'z'] });
    assert.deepEqual(operators(await cleaned(twice)), ['Relu', 'Identity']);
  });

  it('keeps nodes that draw random numbers, and large results', async () => {
    const large = modelOf({
      nodes: [makeNode('ConstantOfShape', ['s'], ['k'], { value: { kind: 'tensor', value: tensorFrom('', { type: 'float32', dims: [1], data: Float32Array.of(2) }) } }), makeNode('Mul', ['x', 'k'], ['y'])],
      constants: { s: int64(64, 3, 8, 8) }, input: [1, 3, 8, 8],
    });
    assert.deepEqual(operators(await cleaned(large)), ['ConstantOfShape', 'Mul']);
    const random = modelOf({ nodes: [makeNode('RandomNormal', [], ['r'], { shape: ints([8]) }), makeNode('RandomNormal', [], ['s'], { shape: ints([8]) }), makeNode('Sub', ['r', 's'], ['d']), makeNode('Mul', ['x', 'd'], ['y'])] });
    const { model } = await cleanup.run(random, { rules: [], verify: false }, passContext());
    assert.deepEqual(operators(model), ['RandomNormal', 'RandomNormal', 'Sub', 'Mul']);
  });

  it('renames what a subgraph reads', async () => {
    const branch = (node: Node): Model['graph'] => makeGraph({ nodes: [node], inputs: [], outputs: [makeValue('out', 'float32', null)] });
    const model = modelOf({
      nodes: [
        makeNode('Identity', ['x'], ['a']), makeNode('ReduceSum', ['a'], ['sum'], { keepdims: int(0) }), makeNode('Greater', ['sum', 'zero'], ['positive']),
        makeNode('If', ['positive'], ['y'], {
          then_branch: { kind: 'graph', value: branch(makeNode('Neg', ['a'], ['out'])) },
          else_branch: { kind: 'graph', value: branch(makeNode('Exp', ['a'], ['out'])) },
        }),
      ],
      constants: { zero: scalar(0) },
    });
    assert.ok(!operators(await cleaned(model)).includes('Identity'));
  });

  it('names each rule once', () => {
    assert.equal(new Set(ruleIds).size, ruleIds.length);
  });
});

describe('cleanup of random graphs', () => {
  const unary = ['Identity', 'Relu', 'Exp', 'Neg', 'Sigmoid', 'Dropout'] as const;
  const step = fc.oneof(
    fc.record({ op: fc.constantFrom(...unary), from: fc.nat() }),
    fc.record({ op: fc.constantFrom('Add', 'Mul', 'Sub'), from: fc.nat(), other: fc.nat() }),
    fc.record({ op: fc.constant('Transpose' as const), from: fc.nat() }),
  );

  it('keeps outputs equal, the count of nodes no larger, and settles', async function () {
    this.timeout(60_000);
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const values = ['x', 'zero', 'one', 'k'];
      const nodes = steps.map((item, index) => {
        const pick = (position: number): string => values[position % values.length] ?? 'x';
        const output = `v${index}`;
        const inputs = 'other' in item ? [pick(item.from), pick(item.other)] : [pick(item.from)];
        values.push(output);
        return makeNode(item.op, inputs, [output], item.op === 'Transpose' ? { perm: ints([1, 0]) } : {});
      });
      const last = nodes.at(-1)?.outputs[0] ?? 'x';
      const model = modelOf({
        input: [4, 4],
        nodes: [...nodes, makeNode('Tanh', [last], ['bounded']), makeNode('Add', ['bounded', 'x'], ['y'])],
        constants: { zero: { ...floats([4, 4]), data: new Float32Array(16) }, one: { ...floats([4, 4]), data: new Float32Array(16).fill(1) }, k: floats([4, 4], 9) },
      });
      const once = await cleaned(model);
      assert.ok(once.graph.nodes.length <= model.graph.nodes.length);
      const twice = await cleaned(once);
      assert.deepEqual(twice.graph.nodes.map((node) => node.outputs), once.graph.nodes.map((node) => node.outputs));
      assert.ok(once.graph.nodes.every((node) => !isOp(node, 'Dropout')));
    }), { numRuns: 60 });
  });
});
