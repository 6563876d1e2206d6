import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Affine, dequantize, int8, quantize, realRange, uint8 } from '../../../../src/engine/passes/quantize/affine';
import { type Histogram, addValues, emptyHistogram, extremesOf, histogramBins, histogramOf, mergeHistograms } from '../../../../src/engine/passes/quantize/histogram';
import { affineFor, squaredError } from '../../../../src/engine/passes/quantize/ranges';

const asymmetricCodes = { range: uint8, symmetric: false };

function histogram(...batches: readonly (readonly number[])[]): Histogram {
  const state = emptyHistogram();
  for (const batch of batches) {
    const values = Float32Array.from(batch);
    addValues(state, values, extremesOf(values));
  }
  return histogramOf(state);
}

const values = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('the streaming histogram', () => {
  it('counts every value in the bin it lies in', () => {
    fc.assert(fc.property(values, (batch) => {
      const { counts, first, width, zeros, low, high } = histogram(batch);
      const floats = [...Float32Array.from(batch)];
      const expected = new Float64Array(counts.length);
      for (const value of floats) if (value !== 0) (expected[Math.floor(value / width) - first] as number)++;
      assert.deepEqual(counts, expected);
      assert.equal(zeros, floats.filter((value) => value === 0).length);
      assert.ok(counts.length <= histogramBins);
      assert.equal(low + 0, Math.min(...floats) + 0);
      assert.equal(high + 0, Math.max(...floats) + 0);
    }));
  });

  it('does not depend on how values are cut into batches, nor on which observer saw them', () => {
    fc.assert(fc.property(values, values, (a, b) => {
      const together = histogram([...a, ...b]);
      assert.deepEqual(histogram(a, b), together);
      const states = [a, b].map((batch) => {
        const state = emptyHistogram();
        const floats = Float32Array.from(batch);
        addValues(state, floats, extremesOf(floats));
        return state;
      });
      assert.deepEqual(histogramOf(mergeHistograms(states)), together);
    }));
  });

  it('keeps at least half of its resolution when the range grows a million times', () => {
    const { counts, width } = histogram([1e-3, -1e-3], [1000]);
    assert.ok(counts.length > histogramBins / 4 && counts.length <= histogramBins);
    assert.ok(width < 1);
  });

  it('tells NaN and infinity by the extremes', () => {
    assert.ok(Number.isNaN(extremesOf(Float32Array.of(1, NaN, 2)).low));
    assert.equal(extremesOf(Float32Array.of(1, Infinity)).high, Infinity);
    assert.equal(extremesOf(Float32Array.of(1, -Infinity)).low, -Infinity);
  });
});

/** Sum over the values themselves, not over bins. */
function bruteForceError(batch: readonly number[], map: Affine): number {
  return batch.reduce((sum, value) => sum + (value - dequantize(quantize(value, map), map)) ** 2, 0);
}

describe('the choice of a range', () => {
  it('mse is never worse than min-max in squared error on the histogram', () => {
    fc.assert(fc.property(values, fc.constantFrom(asymmetricCodes, { range: int8, symmetric: true }), (batch, codes) => {
      const seen = histogram(batch);
      assert.ok(squaredError(seen, affineFor(seen, { kind: 'mse' }, codes)) <= squaredError(seen, affineFor(seen, { kind: 'minmax' }, codes)));
    }));
  });

  it('mse cuts an outlier off when many values gain by it, min-max does not', () => {
    const batch = [...Array.from({ length: 20_000 }, (_, index) => Math.sin(index) * 1), 8];
    const seen = histogram(batch);
    const cut = affineFor(seen, { kind: 'mse' }, asymmetricCodes);
    const full = affineFor(seen, { kind: 'minmax' }, asymmetricCodes);
    assert.ok(realRange(cut).high < 8);
    assert.ok(bruteForceError(batch, cut) < bruteForceError(batch, full));
  });

  it('the error on the histogram is that of the values, up to the width of its bins', () => {
    const batch = Array.from({ length: 5000 }, (_, index) => Math.sin(index * 1.7) * 4 + Math.cos(index * 0.3));
    const seen = histogram(batch);
    const map = affineFor(seen, { kind: 'minmax' }, asymmetricCodes);
    const ratio = squaredError(seen, map) / bruteForceError(batch, map);
    assert.ok(ratio > 0.95 && ratio < 1.05, String(ratio));
  });

  it('a percentile keeps that share of the values', () => {
    const batch = Array.from({ length: 10_000 }, (_, index) => (index - 3000) / 1000);
    const { low, high } = realRange(affineFor(histogram(batch), { kind: 'percentile', percentile: 98 }, asymmetricCodes));
    assert.ok(Math.abs(low + 2.9) < 0.05 && Math.abs(high - 6.9) < 0.05, `${low} ${high}`);
    const all = realRange(affineFor(histogram(batch), { kind: 'percentile', percentile: 100 }, asymmetricCodes));
    assert.ok(Math.abs(all.low + 3) < 0.05 && Math.abs(all.high - 7) < 0.05);
  });

  it('every method includes 0 and gives zeros alone a range', () => {
    for (const kind of ['minmax', 'mse'] as const) {
      for (const batch of [[0, 0], [3, 4], [-3, -4]]) {
        const map = affineFor(histogram(batch), { kind }, asymmetricCodes);
        assert.ok(map.scale > 0);
        assert.equal(dequantize(quantize(0, map), map), 0);
      }
    }
  });
});
