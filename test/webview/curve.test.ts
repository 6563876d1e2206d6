import assert from 'node:assert/strict';
import fc from 'fast-check';
import { curvePoints } from '../../webview/logic/curve';

describe('points of a curve', () => {
  it('lie in the box, keep the order of the values, and leave gaps where there are none', () => {
    fc.assert(fc.property(fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })), { maxLength: 20 }), (values) => {
      const points = curvePoints(values, 100, 40);
      assert.deepEqual(points.map(({ index }) => index), values.flatMap((value, index) => (value === null ? [] : [index])));
      for (const { x, y } of points) assert.ok(x >= 0 && x <= 100 && y >= 0 && y <= 40, `${x}, ${y}`);
      for (const left of points) {
        for (const right of points) if ((values[left.index] ?? 0) > (values[right.index] ?? 0)) assert.ok(left.y <= right.y, 'larger values are higher');
      }
    }));
  });

  it('put the extremes at the edges, and a flat line in the middle', () => {
    assert.deepEqual(curvePoints([null, 2, 4], 10, 8), [{ index: 1, x: 5, y: 8 }, { index: 2, x: 10, y: 0 }]);
    assert.deepEqual(curvePoints([3, 3], 10, 8).map(({ y }) => y), [4, 4]);
    assert.deepEqual(curvePoints([3], 10, 8), [{ index: 0, x: 0, y: 4 }]);
    assert.deepEqual(curvePoints([null], 10, 8), []);
  });
});
