import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytes, columnMilliseconds, count, decibels, milliseconds, percent, shape, shortLayerName, signedBytes, signedColumnMilliseconds, signedPercent, signedPoints } from '../../webview/logic/format';

describe('numbers in tables', () => {
  it('keeps three digits and changes the unit before four are needed', () => {
    assert.equal(bytes(0), '0 B');
    assert.equal(bytes(999), '999 B');
    assert.equal(bytes(1000), '1.00 kB');
    assert.equal(bytes(1_096_488), '1.10 MB');
    assert.equal(bytes(999_600), '1.00 MB');
    assert.equal(count(269_722), '270k');
    assert.equal(count(40_813_184), '40.8M');
  });

  it('never shows an unknown number as zero', () => {
    assert.equal(count(null), '–');
    assert.equal(milliseconds(null), '–');
    assert.equal(shape(null), '–');
  });

  it('puts a sign on changes, and none on what rounds to nothing', () => {
    assert.equal(signedPercent(-0.74), '−74\u202f%');
    assert.equal(signedPercent(0.031), '+3\u202f%');
    assert.equal(signedPercent(-0.0076), '−0.8\u202f%');
    assert.equal(signedPercent(-0.0001), '±0.0\u202f%');
    assert.equal(signedPercent(0), '±0\u202f%');
    assert.equal(signedBytes(-778_274), '−778 kB');
    assert.equal(signedPoints(-0.0014), '−0.14 pp');
  });

  it('gives a latency column one number of decimals', () => {
    assert.equal(columnMilliseconds(0.0441, 0.05), '0.044');
    assert.equal(columnMilliseconds(0.0441, 12), '0.04');
    assert.equal(signedColumnMilliseconds(-0.0141, 0.05), '−0.014');
    assert.equal(signedColumnMilliseconds(-0.0001, 0.05), '±0.000');
  });

  it('says shapes with names of open dimensions', () => {
    assert.equal(shape(['N', 16, 32, 32]), 'N×16×32×32');
    assert.equal(shape([]), '()');
  });

  it('caps decibels where float32 ends', () => assert.equal(decibels(140), '>\u202f120'));

  it('shortens ids of PyTorch exports and leaves others alone', () => {
    assert.equal(shortLayerName('/layer1/0/conv1/Conv_output_0'), 'layer1/0/conv1/Conv');
    assert.equal(shortLayerName('Plus214_Output_0'), 'Plus214_Output_0');
    assert.equal(shortLayerName('/'), '/');
  });

  it('is never longer than a narrow column', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 14 }), (value) => bytes(value).length <= 7 && count(value).length <= 5));
    fc.assert(fc.property(fc.double({ min: 0, max: 1 }), (share) => percent(share).length <= 6));
  });
});
