import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rowAfterKey, rowWindow, scrollToRow } from '../../webview/logic/virtualRows';

const ROW = 24;

describe('virtual rows', () => {
  it('always covers what is seen, and little more, however long the table', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, viewport, place) => {
        const scrollTop = place * Math.max(0, count * ROW - viewport);
        const { first, end, height } = rowWindow(scrollTop, viewport, ROW, count);
        const firstSeen = Math.floor(scrollTop / ROW);
        const lastSeen = Math.min(count, Math.ceil((scrollTop + viewport) / ROW));
        return height === count * ROW && first >= 0 && first <= firstSeen && end >= lastSeen && end <= count && end - first <= viewport / ROW + 18;
      }),
    );
  });

  it('survives a scroll position beyond the end, as after a filter', () => {
    assert.deepEqual(rowWindow(100_000, 400, ROW, 3), { first: 3, end: 3, height: 72 });
  });

  it('scrolls a row into sight and no further', () => {
    assert.equal(scrollToRow(2, 0, 240, ROW), 0);
    assert.equal(scrollToRow(10, 0, 240, ROW), 24);
    assert.equal(scrollToRow(3, 240, 240, ROW), 72);
  });

  it('moves by arrows, pages, home and end, and stays inside', () => {
    const move = (key: string, from: number): number | undefined => rowAfterKey(key, from, 100, 240, ROW);
    assert.equal(move('ArrowDown', 99), 99);
    assert.equal(move('ArrowUp', 0), 0);
    assert.equal(move('PageDown', 5), 14);
    assert.equal(move('PageUp', 5), 0);
    assert.equal(move('Home', 50), 0);
    assert.equal(move('End', 50), 99);
    assert.equal(move('a', 50), undefined);
  });
});
