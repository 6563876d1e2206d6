// Numbers as people read them.

import assert from 'node:assert/strict';
import { formatBytes, formatChange, formatCount, formatDb, formatMetric, formatMetricDelta, formatMs, formatShape, formatSigned } from '../../src/protocol/format';

describe('format', () => {
  it('scales sizes and counts by thousands', () => {
    assert.deepEqual([0, 999, 999.7, 1000, 1_084_000, 999_600, 2.5e9].map(formatBytes), ['0 B', '999 B', '1.00 kB', '1.00 kB', '1.08 MB', '1.00 MB', '2.50 GB']);
    assert.deepEqual([7, 40_813_184, -3021].map(formatCount), ['7', '40.8 M', '−3.02 k']);
  });

  it('keeps three significant digits of milliseconds', () => {
    assert.deepEqual([0, 0.0004, 0.4123, 3.214, 45.23, 1234.5].map(formatMs), ['0.00 ms', '0.000 ms', '0.412 ms', '3.21 ms', '45.2 ms', '1235 ms']);
  });

  it('signs changes with a true minus, and nothing without one', () => {
    assert.equal(formatChange(4321, 1123), '−74 %');
    assert.equal(formatChange(100, 100), '0 %');
    assert.equal(formatSigned(-0.001, 2), '0.00');
    assert.equal(formatSigned(0.41, 2, ' ms'), '+0.41 ms');
    assert.equal(formatDb(-3.25), '−3.3 dB');
  });

  it('shows shares in percent and other metrics as they are', () => {
    assert.deepEqual([formatMetric('top1', 0.8103), formatMetricDelta('top1', -0.01)], ['81.03 %', '−1.00']);
    assert.deepEqual([formatMetric('mse', 0.12345), formatMetricDelta('mse', 0.5)], ['0.1235', '+0.5']);
  });

  it('never shows the unknown as zero', () => {
    assert.deepEqual([formatBytes(null), formatCount(null), formatMs(null), formatChange(0, 3), formatChange(null, 3), formatDb(null), formatMetric('top1', null), formatShape(null)], Array(8).fill('–'));
  });
});
