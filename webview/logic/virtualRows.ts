// Which rows of a long table are in the page: a pure function of the scroll position. All rows have one height.

export interface RowWindow {
  /** First row in the page. */
  readonly first: number;
  /** One past the last row in the page. */
  readonly end: number;
  /** Height of all rows, px. */
  readonly height: number;
}

/** Rows above and below the visible ones, so that a short scroll shows no gap. */
const OVERSCAN = 8;

export function rowWindow(scrollTop: number, viewportHeight: number, rowHeight: number, rowCount: number): RowWindow {
  const top = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const bottom = Math.ceil((scrollTop + viewportHeight) / rowHeight) + OVERSCAN;
  const end = Math.min(rowCount, Math.max(0, bottom));
  return { first: Math.min(top, end), end, height: rowCount * rowHeight };
}

/** The scroll position that shows row `index` whole, as near to `scrollTop` as possible. `header` is the height that covers rows. */
export function scrollToRow(index: number, scrollTop: number, viewportHeight: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  const bottom = top + rowHeight;
  return bottom > scrollTop + viewportHeight ? bottom - viewportHeight : scrollTop;
}

/** Row the keyboard goes to; `undefined` for keys that do not move. A page is the rows that fit into the viewport, less one. */
export function rowAfterKey(key: string, current: number, rowCount: number, viewportHeight: number, rowHeight: number): number | undefined {
  const page = Math.max(1, Math.floor(viewportHeight / rowHeight) - 1);
  const target = moves[key]?.(current, page, rowCount);
  return target === undefined ? undefined : Math.min(rowCount - 1, Math.max(0, target));
}

const moves: Readonly<Record<string, (current: number, page: number, count: number) => number>> = {
  ArrowDown: (current) => current + 1,
  ArrowUp: (current) => current - 1,
  PageDown: (current, page) => current + page,
  PageUp: (current, page) => current - page,
  Home: () => 0,
  End: (_current, _page, count) => count - 1,
};
