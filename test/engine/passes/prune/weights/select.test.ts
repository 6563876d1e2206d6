import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cutOf, markBelow, markSmallest, quota } from '../../../../../src/engine/passes/prune/weights/select';
import { partsOf } from '../../../../../src/engine/passes/prune/weights/stages';

/** Scores with many equal ones. */
const scores = fc.array(fc.oneof(fc.nat(3), fc.float({ min: 0, max: 8, noNaN: true })), { minLength: 1, maxLength: 80 }).map((list) => Float32Array.from(list));
const count = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

describe('choosing the smallest scores', () => {
  it('marks exactly as many as asked for, none larger than one that is left, and of equal ones the first', () => {
    fc.assert(fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const wanted = Math.round(share * list.length);
      const marks = markBelow(list, cutOf(list.slice(), wanted));
      assert.equal(count(marks), wanted);
      for (let one = 0; one < list.length; one += 1) {
        for (let other = 0; other < list.length; other += 1) {
          if (marks[one] === 0 || marks[other] === 1) continue;
          const [zero, kept] = [list[one] as number, list[other] as number];
          assert.ok(zero < kept || (zero === kept && one < other), `${zero} at ${one} went, ${kept} at ${other} stayed`);
        }
      }
    }));
  });

  it('keeps what is not a number', () => {
    assert.deepEqual([...markBelow(Float32Array.of(NaN, 2, 1), cutOf(Float32Array.of(NaN, 2, 1), 1))], [0, 0, 1]);
  });

  it('puts exactly N zeros into every group of M, the smallest', () => {
    const patterns = fc.integer({ min: 2, max: 8 }).chain((group) => fc.record({ group: fc.constant(group), zeros: fc.integer({ min: 1, max: group - 1 }), groups: fc.integer({ min: 1, max: 6 }) }));
    fc.assert(fc.property(patterns, fc.infiniteStream(fc.nat(5)), ({ group, zeros, groups }, stream) => {
      const list = Float32Array.from({ length: group * groups }, () => Number(stream.next().value));
      const marks = markSmallest(list, list.length, { kind: 'pattern', zeros, group }, true);
      for (let start = 0; start < list.length; start += group) {
        const own = [...list.subarray(start, start + group)];
        const gone = own.filter((_, index) => marks[start + index] === 1);
        assert.equal(gone.length, zeros);
        assert.deepEqual(gone.sort((a, b) => a - b), own.sort((a, b) => a - b).slice(0, zeros));
      }
    }));
  });

  it('shares out so that parts add up exactly and each is within one of its share', () => {
    fc.assert(fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (sizes, share) => {
      const next = quota(share);
      const given = sizes.map(next);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.equal(given.reduce((sum, size) => sum + size, 0), Math.round(share * total));
      given.forEach((zeros, index) => assert.ok(zeros >= 0 && zeros <= (sizes[index] ?? 0) && Math.abs(zeros - share * (sizes[index] ?? 0)) <= 1));
    }));
  });
});

describe('parts of many columns', () => {
  it('are the fewest that are small enough, equal, and whole groups of the pattern', () => {
    const share = { kind: 'share', share: 0.5 } as const;
    assert.equal(partsOf(4096, share), 1);
    assert.equal(partsOf(4608, share), 2);
    // VGG's first classifier: 512 * 7 * 7.
    assert.equal(partsOf(25088, share), 7);
    assert.equal(partsOf(24, { kind: 'pattern', zeros: 2, group: 4 }, 10), 3);
    // A prime number of columns can only be taken one by one.
    assert.equal(partsOf(13, share, 10), 13);
  });
});
