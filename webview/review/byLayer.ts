// What a step did to layers, one by one: a line, which opens into the drawing of one layer and the list to choose it from. The list
// is a table of virtual rows: networks have hundreds of layers.

import { element, fill } from '../dom/element';
import { icon } from '../dom/icons';
import { t } from '../dom/language';
import { nextSorting, type Sorting, sortRows, type SortValue } from '../logic/sorting';
import { type Column, createGrid } from '../table/grid';

/** Name and number above the curve, which takes the width of the row (review.css lays it out). */
const ROW_HEIGHT = 44;
/** Rows in sight, header aside; the list scrolls beyond. */
const MOST_ROWS = 5;
const HEADER_HEIGHT = 27;

export interface ByLayer<Item> {
  /** Tells such sections apart in the page. */
  readonly name: string;
  readonly summary: string;
  readonly label: string;
  readonly items: readonly Item[];
  /** The name, then the curve, then a number. */
  readonly columns: readonly Column<Item>[];
  readonly valueOf: (item: Item, column: string) => SortValue;
  /** Chosen at once. */
  readonly first: Item | undefined;
  chosen(item: Item): readonly HTMLElement[];
}

export function byLayerSection<Item>(of: ByLayer<Item>): HTMLElement {
  const chosen = element('div', { class: 'chosen' });
  const list = layerList(of, (item) => fill(chosen, ...of.chosen(item)));
  const section = element(
    'details',
    { class: `by-layer ${of.name}` },
    element('summary', {}, element('span', { class: 'first-line' }, of.summary), icon('turn')),
    chosen,
    list.root,
  );
  // Folded, the list has no height to scroll in.
  section.addEventListener('toggle', () => {
    if (section.open) list.toChosen();
  });
  return section;
}

interface LayerList {
  readonly root: HTMLElement;
  /** Scrolls to the item that is chosen. */
  toChosen(): void;
}

function layerList<Item>({ label, items, columns, valueOf, first }: ByLayer<Item>, onChoose: (item: Item) => void): LayerList {
  // By place: a layer can have several.
  const places = new Map(items.map((item, place) => [item, String(place)]));
  const idOf = (item: Item): string => places.get(item) ?? '';
  let sorting: Sorting | null = null;
  let chosen = first;
  const choose = (item: Item): void => {
    chosen = item;
    onChoose(item);
  };
  const grid = createGrid<Item>({
    label,
    rowHeight: ROW_HEIGHT,
    sortHint: (column) => t('view.sort.about', { column }),
    idOf,
    selectionFollowsFocus: true,
    onSelect: choose,
    onSort(column) {
      sorting = nextSorting(sorting, column.id, column.numeric);
      draw();
    },
  });
  const draw = (): void => grid.show(columns, sortRows(items, sorting, valueOf), sorting);
  grid.root.style.height = `${HEADER_HEIGHT + ROW_HEIGHT * Math.min(MOST_ROWS, items.length)}px`;
  draw();
  if (chosen !== undefined) choose(chosen);
  return { root: grid.root, toChosen: () => grid.select(chosen === undefined ? null : idOf(chosen)) };
}
