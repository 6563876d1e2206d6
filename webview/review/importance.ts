// What passes that remove units took from where: a section a step, a row for each group of layers.

import type { ImportanceCurve } from '../../src/protocol/report';
import { element } from '../dom/element';
import { link } from '../dom/link';
import { passTitle, t } from '../dom/language';
import { importanceNumbers, keptWords, largeCurve, smallCurve } from '../curves/importance';
import { shortLayerName } from '../logic/format';
import { curveValue, keptByKind, makersOf, mostPruned, type PrunedStep } from '../logic/importance';
import type { Column } from '../table/grid';
import { byLayerSection } from './byLayer';

export function importanceSection({ pass, curves }: PrunedStep, onShowLayer: (layer: string) => void): HTMLElement {
  return byLayerSection({
    name: 'pruned',
    summary: t('view.importance.summary', { pass: passTitle(pass), result: keptByKind(curves).map(keptWords).join(', ') }),
    label: t('view.importance.groups'),
    items: curves,
    columns,
    valueOf: curveValue,
    first: mostPruned(curves),
    chosen: (curve) => chosenGroup(curve, onShowLayer),
  });
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
    importanceNumbers(curve),
  ];
}
