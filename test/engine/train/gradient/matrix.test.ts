// Gradients of matrix products: bilinear, so unit steps over whole numbers give them exactly.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { float, int, string } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { EngineError } from '../../../../src/engine/error';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { analyticGradients, checkLinear, wholeNumbers } from '../../../support/gradientCheck';
import { checkForward } from '../../../support/rewriteCheck';
import { broadcastable, holds, opset, seed, shape, size, withOnes } from './reference/arbitraries';

describe('gradients: MatMul', () => {
  it('holds for batches that broadcast', () => holds(
    fc.tuple(shape(0, 2, 3), size(), size(), size(), seed, opset).chain(([batch, m, k, n, ...rest]) =>
      fc.record({ a: broadcastable(batch), b: broadcastable(batch), inner: fc.constant([m, k, n]), rest: fc.constant(rest) })),
    ({ a, b, inner: [m = 1, k = 1, n = 1], rest: [first, version] }) => checkLinear({
      op: 'MatMul', inputs: [wholeNumbers([...a, m, k], first), wholeNumbers([...b, k, n], first + 1)], opset: version,
    })));

  it('holds for vectors on either side', () => holds(fc.tuple(shape(0, 2, 3), size(), size(), seed), async ([batch, k, n, first]) => {
    await checkLinear({ op: 'MatMul', inputs: [wholeNumbers([k], first), wholeNumbers([...batch, k, n], first + 1)] });
    await checkLinear({ op: 'MatMul', inputs: [wholeNumbers([...batch, n, k], first), wholeNumbers([k], first + 1)] });
    await checkLinear({ op: 'MatMul', inputs: [wholeNumbers([k], first), wholeNumbers([k], first + 1)] });
  }, 8));

  it('sums a weight over batch and rows in one product', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('MatMul', ['x', 'w'], ['y']), makeNode('ReduceSum', ['y'], ['loss'], { keepdims: int(0) })],
      inputs: [makeValue('x', 'float32', [2, 3, 4]), makeValue('w', 'float32', [4, 5])], outputs: [],
    }));
    const { model: trained } = await differentiate(model, 'loss', ['x', 'w']);
    const products = trained.graph.nodes.map(({ opType }) => opType).filter((op) => op === 'MatMul' || op === 'Gemm' || op === 'Transpose');
    assert.deepEqual(products, ['MatMul', 'Gemm', 'Gemm']);
  });

  it('writes nothing for an input that is not trained', async () => {
    const gradients = await analyticGradients({ op: 'MatMul', inputs: [wholeNumbers([2, 3], 1), wholeNumbers([3, 2], 2)], by: [1] });
    assert.deepEqual([...gradients.keys()], [1]);
  });
});

describe('gradients: Gemm', () => {
  it('holds for both transposes, alpha, beta and every shape of C', () => holds(
    fc.record({
      m: size(), k: size(), n: size(), transA: fc.boolean(), transB: fc.boolean(), first: seed, version: opset,
      alpha: fc.constantFrom(undefined, 2, -0.5), beta: fc.constantFrom(undefined, 0, 0.5), c: fc.integer({ min: 0, max: 6 }),
    }),
    ({ m, k, n, transA, transB, first, version, alpha, beta, c }) => {
      const biases = [null, [], [1], [n], [1, n], [m, 1], [m, n]][c] ?? null;
      return checkLinear({
        op: 'Gemm', opset: version,
        inputs: [wholeNumbers(transA ? [k, m] : [m, k], first), wholeNumbers(transB ? [n, k] : [k, n], first + 1), ...(biases === null ? [] : [wholeNumbers(biases, first + 2)])],
        attributes: {
          transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0),
          ...(alpha !== undefined && { alpha: float(alpha) }), ...(beta !== undefined && { beta: float(beta) }),
        },
      });
    }, 40));
});

describe('gradients: Einsum', () => {
  const equations = [
    'ij,jk->ik', 'ij,jk', 'bij,bjk->bik', 'bhid,bhjd->bhij', 'ij,kj->ki', 'i,j->ij', 'i,i->', 'ij,ij->i', 'ij->ji', 'ij->', 'ij->j', 'ij', 'ji',
    'ij,k->i', 'ij,jk,kl->il', 'i,j,k->kji', 'ij,ij,ij->ij', 'bij, bkj -> bik', 'Ab,bC->CA', ',ij->ij', 'bihd,bjhd->bhij', 'bhij,bjhd->bihd', 'abcd,cdef->efab', 'abx,bcy->ca', 'a,ab,abc->abc',
  ];
  /** Letters a to z of sizes 1 to 3 by their code, so that a letter has one size everywhere. */
  const sizeOf = (letter: string, shift: number): number => 1 + ((letter.charCodeAt(0) + shift) % 3);

  for (const equation of equations) {
    it(equation, async () => {
      for (const shift of [0, 1, 2]) {
        const terms = (equation.split('->')[0] ?? '').replaceAll(' ', '').split(',');
        const einsum = {
          op: 'Einsum', attributes: { equation: string(equation) },
          inputs: terms.map((term, position) => wholeNumbers([...term].map((letter) => sizeOf(letter, shift)), 10 * shift + position + 1, 2)),
        };
        await checkForward(einsum);
        await checkLinear(einsum);
      }
    });
  }

  // onnxruntime takes ellipses of one rank only; axes of size 1 broadcast.
  it('holds with ellipses', () => holds(
    fc.tuple(shape(0, 2, 3), seed).chain(([batch, first]) => fc.record({ a: withOnes(batch), b: withOnes(batch), first: fc.constant(first) })),
    async ({ a, b, first }) => {
      const einsum = (equation: string, ...shapes: number[][]): Promise<void> => checkLinear({
        op: 'Einsum', attributes: { equation: string(equation) }, inputs: shapes.map((dims, position) => wholeNumbers(dims, first + position)),
      });
      await einsum('...ij,...jk->...ik', [...a, 2, 3], [...b, 3, 2]);
      await einsum('i...,...j->j...i', [2, ...a], [...b, 3]);
      await einsum('...ij->...ji', [...a, 2, 3]);
      await einsum('...ij,...jk', [...a, 2, 3], [...b, 3, 2]);
    }, 10));

  it('repeats an axis of size 1 that met a larger one', async () => {
    const attributes = { equation: string('ij,jk->ik') };
    await checkLinear({ op: 'Einsum', attributes, inputs: [wholeNumbers([2, 1], 1), wholeNumbers([3, 2], 2)] });
    await checkLinear({ op: 'Einsum', attributes, inputs: [wholeNumbers([2, 3], 1), wholeNumbers([1, 2], 2)] });
  });

  it('refuses a diagonal', () => assert.rejects(
    analyticGradients({ op: 'Einsum', attributes: { equation: string('ii,i->i') }, inputs: [wholeNumbers([2, 2], 1), wholeNumbers([2], 2)] }),
    (error) => error instanceof EngineError && error.code === 'gradientFormUnsupported' && error.params['form'] === 'equation=ii,i->i'));
});
