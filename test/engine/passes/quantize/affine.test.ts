import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asymmetric, dequantize, int7Weights, int8, int8Weights, quantize, realRange, roundHalfEven, symmetric, uint8 } from '../../../../src/engine/passes/quantize/affine';

const real = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const range = fc.tuple(real, real).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
const codes = fc.constantFrom(uint8, int8);

describe('the affine map', () => {
  it('represents real 0 exactly, whatever the range', () => {
    fc.assert(fc.property(range, codes, ({ low, high }, type) => {
      const map = asymmetric(low, high, type);
      assert.ok(Number.isInteger(map.zeroPoint) && map.zeroPoint >= type.low && map.zeroPoint <= type.high);
      assert.equal(quantize(0, map), map.zeroPoint);
      assert.equal(dequantize(map.zeroPoint, map), 0);
    }));
  });

  it('errs by half a step at most inside the range it can represent', () => {
    fc.assert(fc.property(range, codes, fc.double({ min: 0, max: 1, noNaN: true }), ({ low, high }, type, share) => {
      const map = asymmetric(low, high, type);
      const ends = realRange(map);
      const value = ends.low + share * (ends.high - ends.low);
      // float32 rounding of scale and product comes on top of the half step.
      assert.ok(Math.abs(dequantize(quantize(value, map), map) - value) <= map.scale * (0.5 + 1e-4));
    }));
  });

  it('covers the range up to the rounding of the zero point', () => {
    fc.assert(fc.property(range, codes, ({ low, high }, type) => {
      const map = asymmetric(low, high, type);
      const ends = realRange(map);
      assert.ok(ends.low <= Math.min(low, 0) + map.scale * 0.51);
      assert.ok(ends.high >= Math.max(high, 0) - map.scale * 0.51);
    }));
  });

  it('is monotone and saturates', () => {
    fc.assert(fc.property(range, codes, real, real, ({ low, high }, type, a, b) => {
      const map = asymmetric(low, high, type);
      assert.ok(quantize(Math.min(a, b), map) <= quantize(Math.max(a, b), map));
      assert.equal(quantize(Infinity, map), type.high);
      assert.equal(quantize(-Infinity, map), type.low);
    }));
  });

  it('puts zero at the lowest code for values that are never negative, so that saturation is Relu', () => {
    assert.equal(asymmetric(0, 6, uint8).zeroPoint, 0);
    assert.equal(asymmetric(0, 6, int8).zeroPoint, -128);
    assert.equal(asymmetric(2, 6, uint8).zeroPoint, 0, 'the range is stretched to hold 0');
  });

  it('gives constant and zero tensors a scale', () => {
    for (const value of [0, -3, 5, 1e-30]) {
      const map = asymmetric(value, value, uint8);
      assert.ok(map.scale > 0 && Number.isFinite(map.scale));
      assert.ok(Math.abs(dequantize(quantize(value, map), map) - value) <= map.scale / 2);
    }
    assert.ok(symmetric(0, int8Weights).scale > 0);
  });

  it('is symmetric for weights, in 7 bits too', () => {
    fc.assert(fc.property(real, fc.constantFrom(int8Weights, int7Weights), real, (bound, type, value) => {
      const map = symmetric(bound, type);
      assert.equal(quantize(-value, map) + quantize(value, map), 0);
    }));
    assert.equal(quantize(3, symmetric(3, int7Weights)), 64);
    assert.equal(255 * 2 * quantize(3, symmetric(3, int7Weights)) < 2 ** 15, true, 'two products fit 16 bits');
  });

  it('rounds ties to even, as QuantizeLinear does', () => {
    assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6].map(roundHalfEven), [0, 2, 2, -0, -2, -2, 2, -3]);
  });
});
