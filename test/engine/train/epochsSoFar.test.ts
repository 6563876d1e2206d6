import assert from 'node:assert/strict';
import { hasStalled, improvement, isBest } from '../../../src/engine/train/epochsSoFar';

describe('the epochs of a training so far', () => {
  const best = { epoch: 3, metric: 0.5 };

  it('know a better metric, whichever way is better; the same again, none and NaN are not', () => {
    assert.deepEqual([0.6, 0.5, 0.4, NaN, null].map((metric) => isBest({ best }, metric)), [true, false, false, false, false]);
    assert.deepEqual([0.6, 0.5, 0.4, NaN].map((metric) => isBest({ best }, metric, 'lower')), [false, false, true, false]);
    assert.deepEqual([0, NaN].map((metric) => isBest({ best: undefined }, metric)), [true, false]);
  });

  it('stall after as many epochs without a better one as asked, and never with 0 or without a metric', () => {
    assert.deepEqual([3, 4, 5, 6].map((done) => hasStalled({ best }, done, { earlyStop: 2 })), [false, false, true, true]);
    assert.equal(hasStalled({ best }, 99, { earlyStop: 0 }), false);
    assert.equal(hasStalled({ best: undefined }, 99, { earlyStop: 2 }), false);
  });

  it('are an improvement where the best is not the start', () => {
    assert.deepEqual([best, { epoch: 0, metric: 1 }, undefined].map((one) => improvement({ best: one })), [best, undefined, undefined]);
  });
});
