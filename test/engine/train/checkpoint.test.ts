// Checkpoints come back as they were written, and nothing else is taken for one.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EngineError } from '../../../src/engine/error';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/checkpoint';

const position: Checkpoint['position'] = {
  step: 12, taken: 11, epoch: 2, stepInEpoch: 3, learningRateFactor: 0.5, stepsBackInARow: 1, stepsBack: 1, seconds: 4.5, shrunkFrom: 32, lossSum: 0.1 + 0.2, lossCount: 3, microbatch: 16,
  history: [{ epoch: 1, loss: 1 / 3, metric: null, learningRate: 1e-3, seconds: 2.5 }], best: { epoch: 1, metric: 0.75 },
};

const vectors = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== '__proto__'), fc.float32Array({ maxLength: 20 }), { maxKeys: 4, noNullPrototype: true });

describe('a checkpoint of a training', () => {
  it('comes back bit by bit, from any place in memory', () => {
    fc.assert(fc.property(vectors, vectors, fc.integer({ min: 0, max: 3 }), (state, best, shift) => {
      const bytes = encodeCheckpoint({ position, layout: 'here', state, bestState: best }, 'same');
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      const found = decodeCheckpoint(moved.subarray(shift), 'same');
      assert.deepEqual(found.position, position);
      assert.equal(found.layout, 'here');
      assert.deepEqual(found.state, state);
      assert.deepEqual(found.bestState ?? {}, best);
    }));
  });

  const bytes = encodeCheckpoint({ position, layout: 'here', state: { decayed: Float32Array.of(1, NaN, -0) }, bestState: undefined }, 'same');
  const reasonOf = (given: Uint8Array, fingerprint = 'same'): unknown => {
    try {
      decodeCheckpoint(given, fingerprint);
    } catch (error) {
      if (error instanceof EngineError && error.code === 'trainingCheckpoint') return error.params['reason'];
      throw error;
    }
    return undefined;
  };

  it('is refused when it belongs to something else, to another version, or is cut off', () => {
    assert.equal(reasonOf(bytes), undefined);
    assert.equal(reasonOf(bytes, 'other'), 'reason.checkpointOther');
    for (const length of [0, 3, 11, 40, bytes.length - 1]) assert.equal(reasonOf(bytes.subarray(0, length)), 'reason.checkpointDamaged', String(length));
    assert.equal(reasonOf(Uint8Array.from(bytes, (value, at) => (at === 4 ? 1 : value))), 'reason.checkpointVersion');
    assert.equal(reasonOf(Uint8Array.from(bytes, (value, at) => (at === 13 ? 0 : value))), 'reason.checkpointDamaged');
  });
});
