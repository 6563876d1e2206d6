import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type SortValue, filterRows, nextSorting, sortRows } from '../../webview/logic/sorting';

interface Row {
  readonly name: string;
  readonly size: SortValue;
}
const valueOf = (row: Row, column: string): SortValue => (column === 'size' ? row.size : row.name);

describe('order of table rows', () => {
  it('puts unknown values last in both directions', () => {
    const rows: readonly Row[] = [{ name: 'a', size: null }, { name: 'b', size: 1 }, { name: 'c', size: 5 }];
    assert.deepEqual(sortRows(rows, { column: 'size', direction: 'ascending' }, valueOf).map(({ name }) => name), ['b', 'c', 'a']);
    assert.deepEqual(sortRows(rows, { column: 'size', direction: 'descending' }, valueOf).map(({ name }) => name), ['c', 'b', 'a']);
  });

  it('sorts numbers within names by value', () => {
    const rows: readonly Row[] = ['conv10', 'conv2', 'Conv1'].map((name) => ({ name, size: 0 }));
    assert.deepEqual(sortRows(rows, { column: 'name', direction: 'ascending' }, valueOf).map(({ name }) => name), ['Conv1', 'conv2', 'conv10']);
  });

  it('keeps execution order among equals', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }) })), (values) => {
        const rows = values.map((value, index) => ({ ...value, name: String(index) }));
        const sorted = sortRows(rows, { column: 'size', direction: 'descending' }, valueOf);
        return sorted.length === rows.length && sorted.every((row, index) => {
          const next = sorted[index + 1];
          return next === undefined || next.size !== row.size || Number(row.name) < Number(next.name);
        });
      }),
    );
  });

  it('goes from sorted to turned round to execution order', () => {
    const first = nextSorting(null, 'size', true);
    assert.deepEqual(first, { column: 'size', direction: 'descending' });
    const second = nextSorting(first, 'size', true);
    assert.deepEqual(second, { column: 'size', direction: 'ascending' });
    assert.equal(nextSorting(second, 'size', true), null);
    assert.deepEqual(nextSorting(second, 'name', false), { column: 'name', direction: 'ascending' });
  });

  it('filters by every word, whatever the case', () => {
    const rows: readonly Row[] = [{ name: '/layer1/Conv', size: 0 }, { name: '/layer2/Conv', size: 0 }, { name: '/layer2/Gemm', size: 0 }];
    const names = (query: string): readonly string[] => filterRows(rows, query, ({ name }) => name).map(({ name }) => name);
    assert.deepEqual(names('LAYER2 conv'), ['/layer2/Conv']);
    assert.equal(names('  ').length, 3);
    assert.deepEqual(names('nothing'), []);
  });
});
