import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addDims, bindDim, broadcast, dimFromFile, divideDims, divideExactly, multiplyDims, largerDim, subtractDims, unify,
} from '../../../../src/engine/ir/shapes/dims';
import type { Dim } from '../../../../src/engine/ir/model';

/** A dimension built by operations, with its value for N = n and M = m. */
interface Sample {
  readonly dim: Dim;
  readonly size: number;
}

const sizes = { N: 12, M: 5, 'odd name-1': 7 };
const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map((size): Sample => ({ dim: size, size })),
  fc.constantFrom<keyof typeof sizes>('N', 'M', 'odd name-1').map((name): Sample => ({ dim: dimFromFile(name, {}), size: sizes[name] })),
);

const expressions = fc.letrec<{ tree: Sample }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.tuple(fc.constantFrom('+', '-', '*', 'max', 'min'), tie('tree'), tie('tree')).map(([operator, a, b]): Sample => {
      switch (operator) {
        case '+': return { dim: addDims(a.dim, b.dim), size: a.size + b.size };
        case '-': return { dim: subtractDims(a.dim, b.dim), size: a.size - b.size };
        case '*': return { dim: multiplyDims(a.dim, b.dim), size: a.size * b.size };
        case 'max': return { dim: largerDim(a.dim, b.dim), size: Math.max(a.size, b.size) };
        default: return { dim: largerDim(a.dim, b.dim, 'min'), size: Math.min(a.size, b.size) };
      }
    }),
    fc.tuple(fc.constantFrom<'floor' | 'ceil'>('floor', 'ceil'), tie('tree'), fc.integer({ min: 1, max: 6 })).map(([rounding, a, by]): Sample =>
      ({ dim: divideDims(a.dim, by, rounding), size: Math[rounding](a.size / by) })),
  ),
})).tree;

describe('dimension arithmetic', () => {
  it('gives for every expression the number that plain arithmetic gives', () => {
    fc.assert(fc.property(expressions, ({ dim, size }) => {
      // Results past 2^53 are given up on purpose.
      fc.pre(Math.abs(size) < 2 ** 40 && dim !== null);
      assert.equal((bindDim(dim, sizes) as number) + 0, size + 0);
    }), { numRuns: 500 });
  });

  it('writes equal sums and products alike, whatever the order', () => {
    fc.assert(fc.property(expressions, expressions, (a, b) => {
      assert.equal(addDims(a.dim, b.dim), addDims(b.dim, a.dim));
      assert.equal(multiplyDims(a.dim, b.dim), multiplyDims(b.dim, a.dim));
    }));
  });

  it('writes readable text', () => {
    assert.equal(addDims(multiplyDims('N', 2), 1), '2*N + 1');
    assert.equal(divideDims(subtractDims('N', 3), 2, 'floor'), 'floorDiv(N + 1, 2) - 2');
    assert.equal(divideDims(divideDims('N', 2, 'floor'), 3, 'floor'), 'floorDiv(N, 6)');
    assert.equal(divideDims(multiplyDims('N', 4), 4, 'ceil'), 'N');
  });

  it('divides exactly or not at all', () => {
    assert.equal(divideExactly(multiplyDims('N', 'M'), 'N'), 'M');
    assert.equal(divideExactly(multiplyDims(addDims('N', 1), 6), addDims('N', 1)), 6);
    assert.equal(divideExactly('N', 2), null);
    assert.equal(divideExactly(7, 2), null);
    assert.equal(divideExactly(null, 2), null);
  });

  it('broadcasts without guessing: two names stay unknown', () => {
    assert.deepEqual(broadcast([1, 3], ['N', 1, 1]), ['N', 1, 3]);
    assert.deepEqual(broadcast(['N'], ['M']), [null]);
    assert.deepEqual(broadcast(['N'], [4]), [4]);
    assert.deepEqual(broadcast([null], [1]), [null]);
    assert.equal(broadcast([2], null), null);
  });

  it('tells a contradiction from missing knowledge', () => {
    assert.equal(unify(3, 4), undefined);
    assert.equal(unify(null, 4), 4);
    assert.equal(unify('N', 4), 4);
  });
});
