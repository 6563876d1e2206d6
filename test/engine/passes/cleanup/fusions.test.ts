import assert from 'node:assert/strict';
import { float, int, ints } from '../../../../src/engine/ir/attributes';
import { makeNode } from '../../../../src/engine/ir/build';
import type { Attribute, Dim, Node } from '../../../../src/engine/ir/model';
import { NEWEST_OPSET } from '../../../../src/engine/ir/opsetConversion';
import { cleaned, floats, int64, modelOf, operators, scalar } from './support';

const node = (opType: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, Attribute>> = {}): Node =>
  makeNode(opType, inputs, [output], attributes);

const constants = {
  half: scalar(0.5), one: scalar(1), two: scalar(2), three: scalar(3), six: scalar(6), zero: scalar(0), root: scalar(Math.SQRT2), inverse: scalar(Math.SQRT1_2),
  cubic: scalar(0.044715), tanhScale: scalar(Math.sqrt(2 / Math.PI)), epsilon: scalar(1e-5), minusHalf: scalar(-0.5), alpha: scalar(1.7),
  gamma: floats([8], 5), beta: floats([8], 6),
};

/** What each activation is written as by some exporter; the last node makes y. */
const activations: readonly (readonly [what: string, opset: number, fused: string, nodes: readonly Node[]])[] = [
  ['Gelu by Erf, as PyTorch does', 20, 'Gelu', [
    node('Div', ['x', 'root'], 'd'), node('Erf', ['d'], 'e'), node('Add', ['e', 'one'], 'a'), node('Mul', ['x', 'a'], 'm'), node('Mul', ['m', 'half'], 'y'),
  ]],
  ['Gelu by Erf, as TensorFlow does', 20, 'Gelu', [
    node('Mul', ['half', 'x'], 'h'), node('Mul', ['x', 'inverse'], 'd'), node('Erf', ['d'], 'e'), node('Add', ['one', 'e'], 'a'), node('Mul', ['h', 'a'], 'y'),
  ]],
  ['Gelu by Erf, halved inside', 20, 'Gelu', [
    node('Div', ['x', 'root'], 'd'), node('Erf', ['d'], 'e'), node('Add', ['e', 'one'], 'a'), node('Mul', ['a', 'half'], 'h'), node('Mul', ['x', 'h'], 'y'),
  ]],
  ['Gelu by Tanh', 20, 'Gelu', [
    node('Pow', ['x', 'three'], 'p'), node('Mul', ['p', 'cubic'], 'c'), node('Add', ['x', 'c'], 's'), node('Mul', ['s', 'tanhScale'], 't'), node('Tanh', ['t'], 'b'),
    node('Add', ['b', 'one'], 'a'), node('Mul', ['x', 'half'], 'h'), node('Mul', ['h', 'a'], 'y'),
  ]],
  ['Gelu by Tanh, cube as product', 20, 'Gelu', [
    node('Mul', ['x', 'x'], 'q'), node('Mul', ['q', 'x'], 'p'), node('Mul', ['cubic', 'p'], 'c'), node('Add', ['c', 'x'], 's'), node('Mul', ['tanhScale', 's'], 't'), node('Tanh', ['t'], 'b'),
    node('Add', ['one', 'b'], 'a'), node('Mul', ['a', 'half'], 'h'), node('Mul', ['x', 'h'], 'y'),
  ]],
  ['Gelu by Tanh, square inside', 20, 'Gelu', [
    node('Mul', ['x', 'x'], 'q'), node('Mul', ['cubic', 'q'], 'c'), node('Add', ['c', 'one'], 's'), node('Mul', ['tanhScale', 'x'], 'u'), node('Mul', ['u', 's'], 't'), node('Tanh', ['t'], 'b'),
    node('Add', ['one', 'b'], 'a'), node('Mul', ['a', 'half'], 'h'), node('Mul', ['x', 'h'], 'y'),
  ]],
  ['Mish', 18, 'Mish', [node('Softplus', ['x'], 's'), node('Tanh', ['s'], 't'), node('Mul', ['t', 'x'], 'y')]],
  ['HardSwish', 14, 'HardSwish', [node('HardSigmoid', ['x'], 's', { alpha: float(1 / 6), beta: float(0.5) }), node('Mul', ['x', 's'], 'y')]],
  ['HardSwish by Clip', 14, 'HardSwish', [node('Add', ['x', 'three'], 'a'), node('Clip', ['a', 'zero', 'six'], 'c'), node('Mul', ['x', 'c'], 'm'), node('Div', ['m', 'six'], 'y')]],
  ['Swish', 24, 'Swish', [node('Sigmoid', ['x'], 's'), node('Mul', ['x', 's'], 'y')]],
  ['Swish with a factor', 24, 'Swish', [node('Mul', ['x', 'alpha'], 'k'), node('Sigmoid', ['k'], 's'), node('Mul', ['s', 'x'], 'y')]],
];

const mean = (input: string, output: string): Node => node('ReduceMean', [input, 'last'], output);
const centre = [mean('x', 'mean'), node('Sub', ['x', 'mean'], 'd')];
const affine = [node('Mul', ['n', 'gamma'], 'g'), node('Add', ['g', 'beta'], 'y')];

const normalizations: readonly (readonly [what: string, opset: number, fused: string, nodes: readonly Node[]])[] = [
  ['LayerNormalization as PyTorch writes it', 18, 'LayerNormalization', [
    ...centre, node('Pow', ['d', 'two'], 'q'), mean('q', 'v'), node('Add', ['v', 'epsilon'], 'e'), node('Sqrt', ['e'], 'r'), node('Div', ['d', 'r'], 'n'), ...affine,
  ]],
  ['LayerNormalization with an inverse root', 18, 'LayerNormalization', [
    ...centre, node('Mul', ['d', 'd'], 'q'), mean('q', 'v'), node('Add', ['epsilon', 'v'], 'e'), node('Pow', ['e', 'minusHalf'], 'r'), node('Mul', ['r', 'd'], 'n'), ...affine,
  ]],
  ['LayerNormalization as TensorFlow writes it', 18, 'LayerNormalization', [
    ...centre, node('Mul', ['d', 'd'], 'q'), mean('q', 'v'), node('Add', ['v', 'epsilon'], 'e'), node('Sqrt', ['e'], 'r'), node('Reciprocal', ['r'], 'i'), node('Mul', ['i', 'gamma'], 'f'),
    node('Mul', ['mean', 'f'], 's'), node('Sub', ['beta', 's'], 'b'), node('Mul', ['x', 'f'], 'm'), node('Add', ['m', 'b'], 'y'),
  ]],
  ['RMSNormalization', 23, 'RMSNormalization', [
    node('Pow', ['x', 'two'], 'q'), mean('q', 'v'), node('Add', ['v', 'epsilon'], 'e'), node('Sqrt', ['e'], 'r'), node('Div', ['x', 'r'], 'n'), node('Mul', ['gamma', 'n'], 'y'),
  ]],
  ['RMSNormalization with a reciprocal', 23, 'RMSNormalization', [
    node('Mul', ['x', 'x'], 'q'), mean('q', 'v'), node('Add', ['v', 'epsilon'], 'e'), node('Sqrt', ['e'], 'r'), node('Reciprocal', ['r'], 'i'), node('Mul', ['x', 'i'], 'n'), node('Mul', ['n', 'gamma'], 'y'),
  ]],
];

describe('cleanup rules: fusing activations and normalizations', () => {
  const modelWith = (nodes: readonly Node[], opset: number, outputs = ['y'], input: readonly Dim[] = [2, 5, 8]): ReturnType<typeof modelOf> =>
    modelOf({ input, nodes, outputs, opset, constants: { ...constants, last: int64(-1) } });

  for (const [what, opset, fused, nodes] of [...activations, ...normalizations]) {
    it(`makes one operator of ${what}, where the opset has it`, async () => {
      assert.deepEqual(operators(await cleaned(modelWith(nodes, opset))), [fused]);
      // onnxruntime 1.30 runs Swish at opset 24 only.
      if (fused !== 'Swish') assert.deepEqual(operators(await cleaned(modelWith(nodes, NEWEST_OPSET))), [fused]);
      // Its ReduceMean with axes as input came later than LayerNormalization.
      if (fused === 'LayerNormalization') return;
      assert.ok(!operators(await cleaned(modelWith(nodes, opset - 1))).includes(fused));
    });

    it(`leaves ${what} where an inner value is an output`, async () => {
      const inner = nodes[0]?.outputs[0] ?? '';
      assert.ok(!operators(await cleaned(modelWith(nodes, opset, ['y', inner]))).includes(fused));
    });
  }

  it('leaves what has other constants than the operator', async () => {
    const [, , , erf = []] = activations[0] ?? [];
    const other = modelOf({ input: [2, 5, 8], nodes: erf, opset: 20, constants: { ...constants, root: scalar(1.5) } });
    assert.ok(!operators(await cleaned(other)).includes('Gelu'));
  });

  it('leaves a normalization whose scale is not of the normalized shape, or over other axes', async () => {
    const [, , , nodes = []] = normalizations[0] ?? [];
    const wide = modelOf({ input: [2, 5, 8], nodes, opset: 18, constants: { ...constants, gamma: floats([5, 8]), last: int64(-1) } });
    assert.ok(!operators(await cleaned(wide)).includes('LayerNormalization'));
    const middle = modelOf({ input: [2, 8, 8], nodes, opset: 18, constants: { ...constants, last: int64(1) } });
    assert.ok(!operators(await cleaned(middle)).includes('LayerNormalization'));
  });
});

const [heads, size] = [2, 4];

/** Self-attention over x [batch, positions, 8], as PyTorch writes it; `pieces` replaces some of its nodes. */
function attention(pieces: { readonly turned?: boolean; readonly mask?: string; readonly scaleQuery?: boolean } = {}): readonly Node[] {
  const split = (from: string, to: string, perm: readonly number[]): readonly Node[] => [
    node('MatMul', ['x', `w_${from}`], `${from}_all`), node('Reshape', [`${from}_all`, 'split'], `${from}_split`), node('Transpose', [`${from}_split`], to, { perm: ints(perm) }),
  ];
  const keys = pieces.turned === true ? split('k', 'kt', [0, 2, 3, 1]) : [...split('k', 'k4', [0, 2, 1, 3]), node('Transpose', ['k4'], 'kt', { perm: ints([0, 1, 3, 2]) })];
  const scores = pieces.scaleQuery === true
    ? [node('Mul', ['q4', 'half'], 'qs'), node('Mul', ['kt', 'half'], 'ks'), node('MatMul', ['qs', 'ks'], 's')]
    : [node('MatMul', ['q4', 'kt'], 'raw'), node('Div', ['raw', 'two'], 's')];
  const masked = pieces.mask === undefined ? [] : [node('Add', ['s', pieces.mask], 'masked')];
  return [
    ...split('q', 'q4', [0, 2, 1, 3]), ...keys, ...split('v', 'v4', [0, 2, 1, 3]), ...scores, ...masked,
    node('Softmax', [masked.length > 0 ? 'masked' : 's'], 'p', { axis: int(-1) }), node('MatMul', ['p', 'v4'], 'o4'),
    node('Transpose', ['o4'], 'o', { perm: ints([0, 2, 1, 3]) }), node('Reshape', ['o', 'merge'], 'y'),
  ];
}

describe('cleanup rules: fusing attention', () => {
  const weights = Object.fromEntries(['q', 'k', 'v'].map((name, index) => [`w_${name}`, floats([8, heads * size], 20 + index)]));
  const modelWith = (nodes: readonly Node[], more: Parameters<typeof modelOf>[0]['constants'] = {}, input: readonly Dim[] = ['N', 5, 8], opset = 23): ReturnType<typeof modelOf> =>
    modelOf({ input, nodes, opset, constants: { ...constants, ...weights, split: int64(0, 0, heads, size), merge: int64(0, 0, heads * size), ...more } });

  it('takes in scale, mask and heads', async () => {
    for (const pieces of [{}, { turned: true }, { scaleQuery: true }, { turned: true, scaleQuery: true }]) {
      const found = operators(await cleaned(modelWith(attention(pieces))));
      assert.deepEqual([...found].sort(), ['Attention', 'MatMul', 'MatMul', 'MatMul']);
    }
    assert.ok(operators(await cleaned(modelWith(attention(), {}, ['N', 5, 8], NEWEST_OPSET))).includes('Attention'));
    for (const [dims, seed] of [[[5, 5], 31], [[1, heads, 5, 5], 32], [[1, 1, 5, 5], 33]] as const) {
      const found = operators(await cleaned(modelWith(attention({ mask: 'mask' }), { mask: floats(dims, seed) })));
      assert.deepEqual([...found].sort(), ['Attention', 'MatMul', 'MatMul', 'MatMul']);
    }
  });

  it('keeps heads outside where batch and positions are not known to stay', async () => {
    const other = modelWith(attention(), { split: int64(-1, 5, heads, size), merge: int64(-1, 5, heads * size) });
    assert.ok(operators(await cleaned(other)).includes('Attention'));
  });

  it('leaves attention below opset 23, and a mask that does not broadcast as Attention wants', async () => {
    assert.ok(!operators(await cleaned(modelWith(attention(), {}, ['N', 5, 8], 22))).includes('Attention'));
    assert.ok(!operators(await cleaned(modelWith(attention({ mask: 'one' })))).includes('Attention'));
    assert.ok(!operators(await cleaned(modelWith(attention({ mask: 'mask' }), { mask: floats([1, 1, 1, 5]) }))).includes('Attention'));
  });
});
