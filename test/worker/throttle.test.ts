// Progress is thinned out by time, and what waits is never lost.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createThrottle } from '../../src/worker/throttle';

describe('throttle', () => {
  it('passes at most one in an interval, in order, and the last one always', () => {
    fc.assert(fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 50 }), (gaps) => {
      let time = 0;
      const passed: { readonly value: number; readonly at: number }[] = [];
      const throttle = createThrottle((body) => passed.push({ value: body.progress.fraction ?? NaN, at: time }), 100, () => time);
      gaps.forEach((gap, index) => {
        time += gap;
        throttle.offer({ type: 'progress', progress: { activity: 'progress.saving', fraction: index } });
      });
      const offered = passed.length;
      throttle.flush();
      const values = passed.map(({ value }) => value);
      assert.equal(values.at(-1), gaps.length - 1);
      assert.deepEqual(values, [...new Set(values)].sort((a, b) => a - b));
      for (let index = 1; index < offered; index++) assert.ok((passed[index]?.at ?? 0) - (passed[index - 1]?.at ?? 0) >= 100);
    }));
  });
});
