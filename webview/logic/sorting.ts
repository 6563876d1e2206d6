// Order and filter of table rows. Stable, so that rows alike stay in execution order; unknown values go last either way.

export type SortValue = number | string | null;

export interface Sorting {
  readonly column: string;
  readonly direction: 'ascending' | 'descending';
}

/** Sorted copy of `rows`; without a sorting, the rows as they are (execution order). */
export function sortRows<Row>(rows: readonly Row[], sorting: Sorting | null, valueOf: (row: Row, column: string) => SortValue): readonly Row[] {
  if (sorting === null) return rows;
  const sign = sorting.direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, key: valueOf(row, sorting.column) }))
    .sort((a, b) => compare(a.key, b.key, sign))
    .map(({ row }) => row);
}

/** A click on a header: numbers start with the largest, words with A; the second click turns round, the third goes back to execution order. */
export function nextSorting(current: Sorting | null, column: string, numeric: boolean): Sorting | null {
  const first = numeric ? 'descending' : 'ascending';
  if (current?.column !== column) return { column, direction: first };
  if (current.direction === first) return { column, direction: first === 'ascending' ? 'descending' : 'ascending' };
  return null;
}

/** Rows in which every word of `query` occurs somewhere, whatever the case. */
export function filterRows<Row>(rows: readonly Row[], query: string, textOf: (row: Row) => string): readonly Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = textOf(row).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function compare(a: SortValue, b: SortValue, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return sign * order;
}
