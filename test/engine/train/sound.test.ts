// When a step may be taken.

import assert from 'node:assert/strict';
import { isSound } from '../../../src/engine/train/sound';

describe('sound steps', () => {
  it('are finite', () => {
    assert.ok(isSound({ loss: 2.3, gradientNorm: 5 }, undefined));
    assert.ok(!isSound({ loss: NaN, gradientNorm: 5 }, undefined));
    assert.ok(!isSound({ loss: 2.3, gradientNorm: Infinity }, 2.3));
  });

  it('do not leave the size of the first loss behind', () => {
    assert.ok(isSound({ loss: 2000, gradientNorm: 5 }, 2.3));
    assert.ok(!isSound({ loss: 2400, gradientNorm: 5 }, 2.3));
    assert.ok(isSound({ loss: 90, gradientNorm: 5 }, 1e-6));
  });
});
