// A table of virtual rows as an ARIA treegrid: sorted by its header, one tab stop for rows and one for headers, arrow
// keys between them. It draws what it is given; order, filter and selection belong to the page.

import { element, fill, setAttributes } from '../dom/element';
import { icon } from '../dom/icons';
import type { Sorting } from '../logic/sorting';
import { rowAfterKey, rowWindow, scrollToRow } from '../logic/virtualRows';

export interface Cell {
  readonly text: string;
  /** Colour by meaning; the text carries a sign as well. */
  readonly tone?: 'good' | 'bad' | 'quiet';
  /** Length of the bar behind the text, 0 to 1. */
  readonly bar?: number;
  /** Tooltip; also read out. */
  readonly title?: string;
  /** A second, quieter line. */
  readonly below?: string;
  /** Stands beside the text; nothing that only it says. */
  readonly drawing?: SVGSVGElement;
}

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly about?: string;
  readonly numeric: boolean;
  /** Least width, px, and share of what is left over (0: fixed). */
  readonly width: number;
  readonly grow: number;
  /** Text too long for the column loses its beginning: layer names differ at the end. */
  readonly keepEnd?: boolean;
  /** Draws a line before the column: the start of a group. */
  readonly group?: boolean;
  cell(row: Row): Cell;
}

export interface GridOptions<Row> {
  readonly label: string;
  readonly rowHeight: number;
  readonly sortHint: (column: string) => string;
  readonly idOf: (row: Row) => string;
  /** True: moving the focus selects, as in a list with details beside it. False: Enter and a click do. */
  readonly selectionFollowsFocus: boolean;
  readonly onSelect: (row: Row) => void;
  readonly onSort: (column: Column<Row>) => void;
}

export interface Grid<Row> {
  readonly root: HTMLElement;
  show(columns: readonly Column<Row>[], rows: readonly Row[], sorting: Sorting | null): void;
  /** Marks the row and scrolls to it; `null` marks none. Does not move the focus. */
  select(id: string | null): void;
  label(text: string): void;
}

export function createGrid<Row>(options: GridOptions<Row>): Grid<Row> {
  const head = element('div', { role: 'row', class: 'grid-row grid-head', 'aria-rowindex': 1 });
  const body = element('div', { role: 'rowgroup', class: 'grid-body' });
  const root = element('div', { role: 'treegrid', class: 'grid', 'aria-label': options.label }, element('div', { role: 'rowgroup', class: 'grid-headgroup' }, head), body);
  const drawn = new Map<number, HTMLElement>();
  let columns: readonly Column<Row>[] = [];
  let rows: readonly Row[] = [];
  let selected: string | null = null;
  /** Row with the tab stop. */
  let active = 0;

  const viewport = (): number => Math.max(options.rowHeight, root.clientHeight - head.offsetHeight);

  function drawWindow(): void {
    const { first, end, height } = rowWindow(root.scrollTop, viewport(), options.rowHeight, rows.length);
    body.style.height = `${height}px`;
    for (const [index, row] of drawn) {
      if ((index < first || index >= end) && index !== active) {
        row.remove();
        drawn.delete(index);
      }
    }
    for (let index = first; index < end; index++) drawRow(index);
    if (rows.length > 0) drawRow(active);
  }

  function drawRow(index: number): HTMLElement | undefined {
    const known = drawn.get(index);
    const row = rows[index];
    if (known !== undefined || row === undefined) return known;
    const line = element('div', { role: 'row', class: 'grid-row', 'aria-rowindex': index + 2, 'aria-level': 1, tabindex: index === active ? 0 : -1, 'data-index': index });
    line.style.transform = `translateY(${index * options.rowHeight}px)`;
    columns.forEach((column, place) => line.append(drawCell(column, column.cell(row), place)));
    markSelected(line, options.idOf(row) === selected);
    drawn.set(index, line);
    insertInOrder(line, index);
    return line;
  }

  /** Rows stand in the page in their order, so that a screen reader's own movement follows it. */
  function insertInOrder(line: HTMLElement, index: number): void {
    let after: Element | null = body.lastElementChild;
    while (after instanceof HTMLElement && Number(after.dataset['index']) > index) after = after.previousElementSibling;
    if (after === null) body.prepend(line);
    else after.after(line);
  }

  function activate(index: number, focus: boolean): void {
    const before = drawn.get(active);
    if (before !== undefined) before.tabIndex = -1;
    active = index;
    root.scrollTop = scrollToRow(index, root.scrollTop, viewport(), options.rowHeight);
    drawWindow();
    const line = drawRow(index);
    if (line === undefined) return;
    line.tabIndex = 0;
    if (focus) line.focus({ preventScroll: true });
  }

  function choose(index: number): void {
    const row = rows[index];
    if (row === undefined) return;
    mark(options.idOf(row));
    options.onSelect(row);
  }

  function mark(id: string | null): void {
    selected = id;
    for (const [index, line] of drawn) {
      const row = rows[index];
      markSelected(line, row !== undefined && options.idOf(row) === id);
    }
  }

  function onRowKey(event: KeyboardEvent, index: number): void {
    if (event.altKey || event.metaKey) return;
    if (event.key === 'ArrowUp' && index === 0) {
      focusHeader(0);
    } else if (event.key === 'Enter' || event.key === ' ') {
      choose(index);
    } else {
      const target = rowAfterKey(event.key, index, rows.length, viewport(), options.rowHeight);
      if (target === undefined) return;
      activate(target, true);
      if (options.selectionFollowsFocus) choose(target);
    }
    event.preventDefault();
  }

  function onHeaderKey(event: KeyboardEvent, place: number): void {
    if (event.key === 'ArrowRight') focusHeader(Math.min(columns.length - 1, place + 1));
    else if (event.key === 'ArrowLeft') focusHeader(Math.max(0, place - 1));
    else if (event.key === 'ArrowDown') activate(active, true);
    else return;
    event.preventDefault();
  }

  function headerButtons(): HTMLButtonElement[] {
    return [...head.querySelectorAll('button')];
  }

  function focusHeader(place: number): void {
    headerButtons().forEach((button, index) => (button.tabIndex = index === place ? 0 : -1));
    headerButtons()[place]?.focus();
  }

  function drawHead(sorting: Sorting | null): void {
    const focused = headerButtons().findIndex((button) => button === document.activeElement);
    const stop = Math.max(0, headerButtons().findIndex((button) => button.tabIndex === 0));
    fill(head, ...columns.map((column, place) => drawHeader(column, place, place === stop, sorting)));
    if (focused >= 0) headerButtons()[focused]?.focus();
  }

  function drawHeader(column: Column<Row>, place: number, stop: boolean, sorting: Sorting | null): HTMLElement {
    const direction = sorting?.column === column.id ? sorting.direction : undefined;
    const hint = options.sortHint(column.title);
    const button = element('button', { type: 'button', tabindex: stop ? 0 : -1, title: column.about === undefined ? hint : `${column.about}\n${hint}` }, element('span', {}, column.title), direction === undefined ? null : icon(direction));
    button.addEventListener('click', () => options.onSort(column));
    button.addEventListener('keydown', (event) => onHeaderKey(event, place));
    return element('div', { role: 'columnheader', class: cellClass(column), 'aria-colindex': place + 1, 'aria-sort': direction ?? 'none' }, button);
  }

  function rowIndexOf(target: EventTarget | null): number | undefined {
    const line = target instanceof Element ? target.closest<HTMLElement>('.grid-body > .grid-row') : null;
    return line === null ? undefined : Number(line.dataset['index']);
  }

  body.addEventListener('click', (event) => {
    const index = rowIndexOf(event.target);
    if (index === undefined) return;
    activate(index, true);
    choose(index);
  });
  body.addEventListener('keydown', (event) => {
    const index = rowIndexOf(event.target);
    if (index !== undefined) onRowKey(event, index);
  });
  root.addEventListener('scroll', drawWindow, { passive: true });
  new ResizeObserver(drawWindow).observe(root);

  return {
    root,
    show(nextColumns, nextRows, sorting) {
      const hadFocus = body.contains(document.activeElement);
      columns = nextColumns;
      rows = nextRows;
      root.style.setProperty('--tracks', columns.map(({ width, grow }) => (grow === 0 ? `${width}px` : `minmax(${width}px, ${grow}fr)`)).join(' '));
      root.style.setProperty('--least-width', `${columns.reduce((sum, { width }) => sum + width, 0)}px`);
      root.style.setProperty('--row-height', `${options.rowHeight}px`);
      setAttributes(root, { 'aria-rowcount': rows.length + 1, 'aria-colcount': columns.length });
      drawHead(sorting);
      for (const line of drawn.values()) line.remove();
      drawn.clear();
      active = Math.max(0, rows.findIndex((row) => options.idOf(row) === selected));
      drawWindow();
      if (hadFocus) drawn.get(active)?.focus({ preventScroll: true });
    },
    select(id) {
      mark(id);
      const index = rows.findIndex((row) => options.idOf(row) === id);
      if (index >= 0) activate(index, false);
    },
    label: (text) => root.setAttribute('aria-label', text),
  };
}

function markSelected(line: HTMLElement, isSelected: boolean): void {
  line.setAttribute('aria-selected', String(isSelected));
}

function drawCell<Row>(column: Column<Row>, cell: Cell, place: number): HTMLElement {
  const text = column.keepEnd === true ? element('span', { class: 'cell-text cell-keep-end' }, element('bdi', {}, cell.text)) : element('span', { class: 'cell-text' }, cell.text);
  return element(
    'div',
    { role: place === 0 ? 'rowheader' : 'gridcell', class: `${cellClass(column)}${cell.tone === undefined ? '' : ` tone-${cell.tone}`}`, 'aria-colindex': place + 1, title: cell.title },
    cell.bar === undefined ? null : drawBar(cell.bar),
    cell.drawing,
    text,
    cell.below === undefined ? null : element('span', { class: 'cell-below' }, cell.below),
  );
}

function drawBar(share: number): HTMLElement {
  const bar = element('span', { class: 'cell-bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', String(Math.min(1, Math.max(0, share))));
  return bar;
}

function cellClass<Row>(column: Column<Row>): string {
  return `cell${column.numeric ? ' cell-number' : ''}${column.group === true ? ' cell-group' : ''}`;
}
