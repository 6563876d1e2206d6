// How many steps go into one call follows from how long the first ones took.

import assert from 'node:assert/strict';
import { createPace } from '../../../src/engine/train/pace';

function paceAfter(milliseconds: readonly number[], stepsPerEpoch: number): ReturnType<typeof createPace> {
  const pace = createPace(stepsPerEpoch);
  for (const time of milliseconds) pace.note(time);
  return pace;
}

describe('steps a call', () => {
  it('is one until four steps were timed', () => {
    assert.equal(paceAfter([50, 1, 1], 100).next(100, 10_000), 1);
  });
  it('is as many as 100 ms hold, in calls that divide the epoch well', () => {
    assert.equal(paceAfter([50, 2, 3, 4], 1000).next(1000, 10_000), 31);
    assert.equal(paceAfter([50, 2, 3, 4], 33).next(33, 10_000), 16);
    assert.equal(paceAfter([50, 10, 10, 10], 100).next(100, 10_000), 10);
  });
  it('is one at the end of an epoch that has fewer left', () => {
    const pace = paceAfter([50, 2, 3, 4], 33);
    assert.equal(pace.next(33, 10_000), 16);
    assert.equal(pace.next(1, 9000), 1);
    assert.equal(pace.next(33, 9000), 16);
  });
  it('is one where steps are long, too few are left, or one call failed', () => {
    assert.equal(paceAfter([50, 40, 40, 40], 100).next(100, 10_000), 1);
    assert.equal(paceAfter([50, 1, 1, 1], 100).next(100, 200), 1);
    const pace = paceAfter([50, 1, 1, 1], 100);
    pace.slow();
    assert.equal(pace.next(100, 10_000), 1);
  });
});
