// Order of samples and held-out parts are pure functions of the seed.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Split } from '../../../src/engine/data/dataset';
import { epochOrder, heldOut } from '../../../src/engine/train/samples';

const splitOf = (size: number): Split => {
  const gather: Split['gather'] = (indices) => Promise.resolve({ inputs: {}, labels: indices.map((index) => index), start: indices[0] ?? 0, indices, size: indices.length });
  return { name: 'train', size, labelled: true, gather, read: (start, end) => gather(Array.from({ length: end - start }, (_, index) => start + index)) };
};

describe('samples of a training', () => {
  it('every epoch sees every sample once, in an order of its own', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), fc.nat(100), (size, seed, epoch) => {
      const order = epochOrder(size, seed, epoch);
      assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: size }, (_, index) => index));
      assert.deepEqual(epochOrder(size, seed, epoch), order);
      if (size > 50) assert.notDeepEqual(epochOrder(size, seed, epoch + 1), order);
    }));
  });

  it('holds out 5 %, at most 1,000 and at least 250 where that is a tenth, and no sample is in both parts', async () => {
    for (const [size, held] of [[1, 0], [2, 1], [100, 10], [4000, 250], [10_000, 500], [50_000, 1000]] as const) {
      const { train, validation } = heldOut(splitOf(size), 0);
      assert.deepEqual([train.size, validation.size], [size - held, held]);
      const members = [...(await train.read(0, train.size)).indices, ...(await validation.read(0, held)).indices];
      assert.equal(new Set(members).size, size);
    }
  });

  it('batches of a part name samples by their place in the whole', async () => {
    const { validation } = heldOut(splitOf(200), 3);
    const batch = await validation.gather([2, 0]);
    assert.deepEqual(batch.labels, batch.indices);
    assert.equal(batch.start, 2);
    assert.deepEqual((await heldOut(splitOf(200), 3).validation.gather([2, 0])).indices, batch.indices);
  });
});
