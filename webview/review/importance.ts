// What passes that remove units took from where: a line a step, which opens into the curve of one group of layers and the
// list to choose it from. The list is a table of virtual rows: networks have hundreds of groups.

import type { ImportanceCurve } from '../../src/protocol/report';
import { isTextCode } from '../../src/protocol/text/index';
import { element, fill } from '../dom/element';
import { icon } from '../dom/icons';
import { link } from '../dom/link';
import { t } from '../dom/language';
import { keptWords, largeCurve, smallCurve } from '../importance/drawing';
import { numbersBehind } from '../importance/numbers';
import { shortLayerName } from '../logic/format';
import { curveValue, keptByKind, makersOf, mostPruned, type PrunedStep } from '../logic/importance';
import { nextSorting, type Sorting, sortRows } from '../logic/sorting';
import { type Column, createGrid } from '../table/grid';

/** Name and number above the curve, which takes the width of the row (review.css lays it out). */
const ROW_HEIGHT = 44;
/** Rows in sight, header aside; the list scrolls beyond. */
const MOST_ROWS = 5;
const HEADER_HEIGHT = 27;

export function importanceSection({ pass, curves }: PrunedStep, onShowLayer: (layer: string) => void): HTMLElement {
  const code = `pass.${pass}`;
  const chosen = element('div', { class: 'chosen' });
  const list = groupList(curves, (curve) => fill(chosen, ...chosenGroup(curve, onShowLayer)));
  const section = element(
    'details',
    { class: 'pruned' },
    element('summary', {}, element('span', { class: 'first-line' }, t('view.importance.summary', { pass: isTextCode(code) ? t(code) : pass, result: resultOf(curves) })), icon('turn')),
    chosen,
    list.root,
  );
  // Folded, the list has no height to scroll in.
  section.addEventListener('toggle', () => {
    if (section.open) list.toChosen();
  });
  return section;
}

/** `960 of 1,440 channels`, by kind. */
function resultOf(curves: readonly ImportanceCurve[]): string {
  return keptByKind(curves).map(keptWords).join(', ');
}

interface GroupList {
  readonly root: HTMLElement;
  /** Scrolls to the group that is chosen. */
  toChosen(): void;
}

/** Chooses at once the group that lost most. */
function groupList(curves: readonly ImportanceCurve[], onChoose: (curve: ImportanceCurve) => void): GroupList {
  // By place: a layer can make several groups.
  const places = new Map(curves.map((curve, place) => [curve, String(place)]));
  const idOf = (curve: ImportanceCurve): string => places.get(curve) ?? '';
  let sorting: Sorting | null = null;
  let chosen = mostPruned(curves);
  const choose = (curve: ImportanceCurve): void => {
    chosen = curve;
    onChoose(curve);
  };
  const grid = createGrid<ImportanceCurve>({
    label: t('view.importance.groups'),
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
  const draw = (): void => grid.show(columns, sortRows(curves, sorting, curveValue), sorting);
  grid.root.style.height = `${HEADER_HEIGHT + ROW_HEIGHT * Math.min(MOST_ROWS, curves.length)}px`;
  draw();
  if (chosen !== undefined) choose(chosen);
  return { root: grid.root, toChosen: () => grid.select(chosen === undefined ? null : idOf(chosen)) };
}

const columns: readonly Column<ImportanceCurve>[] = [
  { id: 'name', title: t('view.column.layer'), numeric: false, width: 70, grow: 4, keepEnd: true, cell: (curve) => ({ text: shortLayerName(curve.layer), title: makersOf(curve).join('\n') }) },
  { id: 'curve', title: t('view.importance.column'), about: t('view.importance.column.about'), numeric: false, width: 90, grow: 0, cell: (curve) => ({ text: '', drawing: smallCurve(curve) }) },
  { id: 'kept', title: t('view.importance.keptColumn'), numeric: true, width: 90, grow: 0, cell: (curve) => ({ text: `${curve.kept} / ${curve.total}`, title: keptWords(curve) }) },
];

function chosenGroup(curve: ImportanceCurve, onShowLayer: (layer: string) => void): readonly HTMLElement[] {
  const others = makersOf(curve).length - 1;
  return [
    element('p', { class: 'chosen-name', title: makersOf(curve).join('\n') }, link(shortLayerName(curve.layer), () => onShowLayer(curve.layer)), others === 0 ? null : element('span', { class: 'quiet' }, ' ', t('view.importance.others', { count: others }))),
    largeCurve(curve),
    numbersBehind(curve),
  ];
}
